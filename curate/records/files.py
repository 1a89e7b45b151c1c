"""Files that appear whole or not at all: JSONL, JSON and Arrow."""

from __future__ import annotations

import json
import math
import os
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from datasets import Dataset

from curate.records.texts import tables

LEFTOVER = re.compile(r"\..+\.\d+\.tmp")  # what `written_whole` writes to


def plain(value: Any) -> Any:
    """`value` without null entries, as it is written to JSONL; NaN and infinities, which JSON lacks, are null."""
    if isinstance(value, Mapping):
        cleaned = {key: plain(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in cleaned.items() if item is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def written_whole(path: Path, *, private: bool = False) -> Iterator[IO[bytes]]:
    """A binary file that appears under `path` only when everything in it is on disk; one that is `private` is for its
    owner alone. An error of the operating system names the path.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)  # of a process that was killed, or another's link
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno and error.filename in (None, temporary, str(temporary)):
            error.filename, error.filename2 = str(path), None
        raise


def remove_leftovers(directory: Path) -> list[Path]:
    """Removes the unfinished files that processes which were killed left in `directory` and below, and names them."""
    left = [path for path in sorted(directory.rglob(".*.tmp")) if LEFTOVER.fullmatch(path.name)]
    for path in left:
        path.unlink(missing_ok=True)
    return left


def write_jsonl(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Writes one JSON object a line, whole or not at all; returns how many."""
    with written_whole(path) as file:
        return write_lines(rows, file)


def write_lines(rows: Iterable[Mapping[str, Any]], file: IO[bytes]) -> int:
    """Writes one JSON object a line to an open file; returns how many."""
    count = 0
    for row in rows:
        file.write(json_line(row))
        count += 1
    return count


def json_line(row: Mapping[str, Any]) -> bytes:
    """The row as a line of JSONL."""
    text = json.dumps(plain(row), ensure_ascii=False, allow_nan=False, default=_as_text)
    return text.encode("utf-8", "surrogatepass") + b"\n"


def _as_text(value: Any) -> str:
    """What a Dataset of one's own may hold beside the types of JSON: bytes as base64, dates and others as texts."""
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)


def write_json(value: Any, path: Path, *, private: bool = False) -> None:
    """Writes one JSON document, whole or not at all."""
    with written_whole(path, private=private) as file:
        file.write(json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n")


def write_arrow(records: Dataset, path: Path) -> None:
    """Writes an Arrow stream that `read_arrow` maps into memory, whole or not at all."""
    schema = records.features.arrow_schema
    with written_whole(path) as file, pa.ipc.new_stream(file, schema) as writer:
        for table in tables(records):
            writer.write_table(table.cast(schema).combine_chunks())


def read_arrow(path: Path) -> Dataset:
    """A memory-mapped pool that `write_arrow` wrote."""
    return Dataset.from_file(str(path))
