"""Rows as they stand in files, directories and Hub datasets, before anyone asks what they mean."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from curate.errors import CurateError

KINDS = (".jsonl", ".json", ".csv", ".parquet")
TEXTS = (".txt", ".md")  # each file one text
COMPRESSED = (".gz", ".zst")
TEXT = "text"  # the key of a text file's only row
HUB = (
    r"^hub:(?P<path>[\w.-]+/[\w.-]+)(?:/(?P<name>[\w.-]+))?(?::(?P<split>[\w\[\]:%.+-]+))?(?:@(?P<revision>[\w./-]+))?$"
)
_MOST = 1 << 30  # characters of one CSV field

HubName = Annotated[str, Field(pattern=HUB.replace("?P<path>", "").replace("?P<name>", ""))]
Source = Path | HubName
Sources = Source | list[Source]


@dataclass(frozen=True)
class Row:
    """One row of a source: a file or a Hub dataset, and the line or row number, from 1.

    Either `content` holds its keys and values, or `fault` says why it cannot be read; `text` is then the row itself.
    """

    source: str
    line: int
    content: Mapping[str, Any]
    fault: str = ""
    text: str = ""


def readable(kinds: Sequence[str]) -> str:
    """Which files can be read, in words."""
    return f"{', '.join(kinds)}, all but Parquet also with {' or '.join(COMPRESSED)} after it"


READABLE = readable(KINDS)


def rows_of(sources: Sources, where: str, kinds: Sequence[str] = KINDS) -> Iterator[Row]:
    """The rows of files, of all readable files of directories in the order of their names, and of Hub datasets.

    `kinds` are the ends of the names of readable files; a text file is one row with the key `text`. Raises CurateError,
    which begins with `where`, when a whole source cannot be read.
    """
    try:
        for source in sources if isinstance(sources, list) else [sources]:
            if isinstance(source, str):
                yield from _hub(source)
            else:
                for file in files_of(source, kinds):
                    yield from _file(file)
    except CurateError as error:
        raise CurateError(f"{where}: {error}") from None


def files_of(path: Path, kinds: Sequence[str] = KINDS) -> list[Path]:
    """The file itself, or the readable files of a directory and its subdirectories, in the order of their names."""
    if path.is_dir():
        files = sorted(
            file for file in path.rglob("*") if file.is_file() and kind_of(file) in kinds and file.name[0] != "."
        )
        if not files:
            raise CurateError(f"{path} is a directory without a file that can be read: {readable(kinds)}")
        return files
    if not path.is_file():
        hint = "; a Hub dataset is named hub:owner/name/config:split@revision" if str(path).startswith("hub:") else ""
        raise CurateError(f"there is no file {path} (looked for {path.absolute()}){hint}")
    if kind_of(path) not in kinds:
        raise CurateError(f"{path} ends in {path.suffix!r}; these can be read: {readable(kinds)}")
    return [path]


def short_name(source: str) -> str:
    """What a source is called: its file's name up to the first dot, or the Hub's name of it."""
    return source.removeprefix("hub:") if source.startswith("hub:") else Path(source).name.partition(".")[0]


def kind_of(path: Path) -> str:
    """Which of `KINDS` and `TEXTS` a file is, by its name; empty for another one."""
    compressed = path.suffix in COMPRESSED
    kind = Path(path.stem).suffix if compressed else path.suffix
    return kind if kind in KINDS + TEXTS and not (compressed and kind == ".parquet") else ""


def _file(path: Path) -> Iterator[Row]:
    kind = kind_of(path)
    try:
        if kind == ".parquet":
            batches = pq.ParquetFile(path).iter_batches(batch_size=1000)
            yield from _numbered(str(path), (row for batch in batches for row in batch.to_pylist()))
            return
        with pa.input_stream(path, compression="detect") as stream:
            file = io.BufferedReader(stream)
            match kind:
                case ".csv":
                    yield from _csv(str(path), file)
                case ".json":
                    yield from _json(str(path), file)
                case ".txt" | ".md":
                    yield _text(str(path), file)
                case _:
                    yield from _lines(str(path), file)
    except (OSError, pa.ArrowException) as error:
        raise CurateError(f"{path} cannot be read: {error}") from None


def _numbered(source: str, rows: Iterable[Any]) -> Iterator[Row]:
    for number, row in enumerate(rows, 1):
        if isinstance(row, Mapping):
            yield Row(source, number, row)
        else:
            text = json.dumps(row, ensure_ascii=False, default=str)
            yield Row(source, number, {}, f"a JSON object is expected, found {type(row).__name__}", text)


def _lines(source: str, lines: Iterable[bytes]) -> Iterator[Row]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        fault = ""
        try:
            value = json.loads(line)
        except UnicodeDecodeError as error:
            fault = f"not UTF-8: byte {error.start} of the line is 0x{line[error.start]:02x}"
        except json.JSONDecodeError as error:
            fault = f"not JSON: {error.msg} at character {error.pos + 1}"
        else:
            if isinstance(value, Mapping):
                yield Row(source, number, value)
                continue
            fault = f"a JSON object is expected, found {type(value).__name__}"
        yield Row(source, number, {}, fault, line.decode("utf-8", "backslashreplace").rstrip("\r\n"))


def _json(source: str, file: BinaryIO) -> Iterator[Row]:
    """A JSON array of objects; a file that does not begin with `[` has one object a line."""
    content = file.read()
    if not content.lstrip().startswith(b"["):
        yield from _lines(source, io.BytesIO(content))
        return
    try:
        rows = json.loads(content)
    except ValueError as error:
        raise CurateError(f"{source} begins as a JSON array and is not one: {error}") from None
    yield from _numbered(source, rows)


def _text(source: str, file: BinaryIO) -> Row:
    """A whole file as one row; where it is not UTF-8, the line and the byte that are not."""
    content = file.read()
    try:
        return Row(source, 1, {TEXT: content.decode("utf-8-sig")})
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fault = f"not UTF-8: byte {error.start} of the file is 0x{error.object[error.start]:02x}"
        wrong = content.split(b"\n")[line - 1]
        return Row(source, line, {}, fault, wrong.decode("utf-8", "backslashreplace").rstrip("\r"))


def _csv(source: str, file: BinaryIO) -> Iterator[Row]:
    """Rows under a header; a cell that is empty is a value that is not there."""
    csv.field_size_limit(_MOST)  # of the process; the default of 128 KiB is less than a long conversation
    reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8-sig", errors="strict", newline=""), strict=True)
    try:
        header = next(reader, [])
        begin = reader.line_num + 1
        for cells in reader:
            if len(cells) == len(header):
                content = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
                yield Row(source, begin, content)
            elif cells:
                fault = f"the header has {len(header)} columns and the row {len(cells)}"
                yield Row(source, begin, {}, fault, json.dumps(cells, ensure_ascii=False))
            begin = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        raise CurateError(f"{source} cannot be read as CSV from line {reader.line_num + 1} on: {error}") from None


def _hub(source: str) -> Iterator[Row]:
    import datasets

    parts = re.fullmatch(HUB, source)
    wanted = parts.groupdict() if parts else {}
    try:
        rows = datasets.load_dataset(**{**wanted, "split": wanted["split"] or "train"})
    except (OSError, ValueError, RuntimeError) as error:
        message = " ".join(str(error).split())
        raise CurateError(
            f"{source} cannot be loaded: {message} (config and split are named as in hub:owner/name/config:split; "
            "offline, only what was downloaded before can be loaded)"
        ) from None
    yield from _numbered(source, rows)
