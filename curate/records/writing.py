"""Records to the file that a user names: its suffix says the format, and nothing of the user's own is overwritten."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset

from curate.errors import CurateError
from curate.records.files import write_lines, written_whole
from curate.records.reading import STANDARD_INPUT, rows_of
from curate.records.reserved import trainable_rows
from curate.records.texts import BATCH

STANDARD_OUTPUT = STANDARD_INPUT  # both are `-`
SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")
_OURS = ({"id", "messages", "source"}, {"file", "line", "reason"})  # keys of a record that was written, or of a fault


def suffix_of(path: Path) -> str:
    """Which of `SUFFIXES` the file's name ends in; empty for another one."""
    return next((suffix for suffix in SUFFIXES if path.name.endswith(suffix)), "")


def beside(path: Path, part: str) -> Path:
    """The file of another `part` of what `path` gets: out.dropped.jsonl of out.jsonl, and of out.parquet too."""
    suffix = suffix_of(path)
    return path.with_name(f"{path.name.removesuffix(suffix)}.{part}{'.jsonl' if suffix == '.parquet' else suffix}")


def check_output(path: Path, inputs: Iterable[Path]) -> None:
    """Raises CurateError when `path` is of no format that is written, is an input or another file that curate did not
    make, or lies where nothing can be written."""
    if path == STANDARD_OUTPUT:
        return
    if not suffix_of(path):
        raise CurateError(
            f"{path} ends in {path.suffix!r}; these can be written: {', '.join(SUFFIXES)}, and - for the "
            "standard output"
        )
    if path.is_dir():
        raise CurateError(f"{path} is a directory; name a file in it, such as {path / 'out.jsonl'}")
    check_writable(path.parent)
    if path.exists():
        if any(file.exists() and path.samefile(file) for file in inputs):
            raise CurateError(f"{path} is an input; name another file for the output")
        if not _made_by_us(path):
            raise CurateError(f"{path} exists, and is not of curate's making; remove it, or name another file")


def check_writable(directory: Path) -> None:
    """Raises CurateError where `directory` is not there and cannot be made, or nothing can be written in it."""
    nearest = next(parent for parent in (directory, *directory.absolute().parents) if parent.exists())
    if not nearest.is_dir():
        raise CurateError(f"{nearest} is a file; nothing can be written under it")
    if not os.access(nearest, os.W_OK | os.X_OK):
        read_only = os.statvfs(nearest).f_flag & os.ST_RDONLY
        why = "read-only file system" if read_only else "permission denied"
        raise CurateError(f"nothing can be written in {nearest}: {why}; name another directory")


def write_records(records: Dataset, path: Path) -> int:
    """Writes records as trainers take them, whole or not at all, in the format of the suffix; returns how many."""
    if suffix_of(path) == ".parquet":
        return _write_parquet(records, path)
    return write_rows(trainable_rows(records), path)


def write_rows(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Writes one JSON object a line, compressed if the suffix says so, whole or not at all; returns how many."""
    with _opened(path) as file:
        return write_lines(rows, file)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    if path == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with written_whole(path) as file:
        match path.suffix:
            case ".gz":
                with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as stream:  # the same bytes at any time
                    yield cast(IO[bytes], stream)
            case ".zst":
                # It closes what it writes to, which is synced to the disk after that.
                target = SimpleNamespace(write=file.write, flush=file.flush, close=lambda: None, closed=False)
                with pa.CompressedOutputStream(pa.PythonFile(target, "w"), "zstd") as stream:
                    yield stream
            case _:
                yield file


def _write_parquet(records: Dataset, path: Path) -> int:
    """Columns as Arrow finds them in the rows; one that Parquet cannot hold (structs without a field) is JSON text."""
    try:
        schema = pa.unify_schemas([table.schema for table in _tables(records)], promote_options="permissive")
        nested: set[str] = {field.name for field in schema if _without_fields(field.type)}
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        nested = {name for name in records.column_names if name != "messages"}
    if nested:
        schema = pa.unify_schemas([table.schema for table in _tables(records, nested)], promote_options="permissive")
    with written_whole(path) as file, pq.ParquetWriter(file, schema) as writer:
        for table in _tables(records, nested, schema):
            writer.write_table(table)
    return len(records)


def _tables(
    records: Dataset, in_json: Sequence[str] | set[str] = (), schema: pa.Schema | None = None
) -> Iterator[pa.Table]:
    """The rows as tables; lists and objects in the columns `in_json` as JSON text."""
    rows = trainable_rows(records)
    while batch := list(islice(rows, BATCH)):
        for row in batch if in_json else ():
            row.update(
                {name: json.dumps(row[name]) for name in in_json & row.keys() if isinstance(row[name], list | dict)}
            )
        names = schema.names if schema else list(dict.fromkeys(chain.from_iterable(batch)))
        yield pa.Table.from_pydict({name: [row.get(name) for row in batch] for name in names}, schema)


def _without_fields(kind: pa.DataType) -> bool:
    """Whether there is a struct without a field in the type."""
    if pa.types.is_struct(kind) and not kind.num_fields:
        return True
    return pa.types.is_nested(kind) and any(_without_fields(kind.field(n).type) for n in range(kind.num_fields))


def _made_by_us(path: Path) -> bool:
    """Whether a file holds nothing, or begins with a record or a fault as we write them."""
    if not path.stat().st_size:
        return True
    try:
        row = next(rows_of(path, "-"), None)
    except CurateError:
        return False
    return row is None or any(keys <= row.content.keys() for keys in _OURS)
