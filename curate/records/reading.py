"""Rows as they stand in files, directories and Hub datasets, before anyone asks what they mean."""

from __future__ import annotations

import atexit
import io
import lzma
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from glob import glob, has_magic
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeAlias

import pyarrow as pa
from pydantic import BeforeValidator, Field

from curate.errors import CurateError
from curate.records.arrow_rows import MAGIC, arrow_rows, parquet_rows
from curate.records.csv_rows import csv_rows
from curate.records.json_rows import json_document, json_lines
from curate.records.rows import Row, not_utf8, numbered

KINDS = (".jsonl", ".json", ".csv", ".tsv", ".parquet", ".arrow")
TEXTS = (".txt", ".md")  # each file one text
BINARY = (".parquet", ".arrow")  # compressed inside
COMPRESSED = (".gz", ".zst", ".xz")
NOT_DATA = ("dataset_info.json", "state.json", "dataset_dict.json")  # beside the files of Dataset.save_to_disk
TEXT = "text"  # the key of a text file's only row
STANDARD_INPUT = Path("-")
HUB = (
    r"^hub:(?P<path>[\w.-]+/[\w.-]+)(?:/(?P<name>[\w.-]+))?(?::(?P<split>[\w\[\]:%.+-]+))?(?:@(?P<revision>[\w./-]+))?$"
)
_BUFFER = 1 << 20  # bytes


def named(value: Any) -> Any:
    """The path as it is given; ValueError for an empty one, which would be the whole current directory."""
    if value == "":
        raise ValueError("an empty path names no file; write . for the current directory")
    return value


HubName = Annotated[str, Field(pattern=HUB.replace("?P<path>", "").replace("?P<name>", ""))]
Source: TypeAlias = Annotated[Path, BeforeValidator(named)] | HubName
Sources: TypeAlias = Source | list[Source]


def readable(kinds: Sequence[str]) -> str:
    """Which files can be read, in words."""
    return f"{', '.join(kinds)}, all but Parquet and Arrow also with {', '.join(COMPRESSED)} after it"


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
                    yield from _file(file, "-" if source == STANDARD_INPUT else str(file))
    except CurateError as error:
        raise CurateError(f"{where}: {error}") from None


def files_of(path: Path, kinds: Sequence[str] = KINDS) -> list[Path]:
    """The file itself, or the readable files of a directory and its subdirectories, or of a pattern such as
    data/*.jsonl, in the order of their names; of a run's directory its dataset. `-` is the standard input."""
    if path == STANDARD_INPUT:
        return [_standard_input()]
    if (path / "manifest.json").is_file() and (path / "dataset.jsonl").is_file():
        return [path / "dataset.jsonl"]
    if path.is_dir() or is_pattern(path):
        matches = path.rglob("*") if path.is_dir() else _matches(path)
        files = sorted(
            file
            for file in matches
            if file.is_file() and kind_of(file) in kinds and file.name[0] != "." and file.name not in NOT_DATA
        )
        if not files:
            what = "a directory without a file" if path.is_dir() else "a pattern that matches no file"
            raise CurateError(f"{path} is {what} that can be read: {readable(kinds)}")
        return files
    if not path.is_file():
        hint = "; a Hub dataset is named hub:owner/name/config:split@revision" if str(path).startswith("hub:") else ""
        raise CurateError(f"there is no file {path} (looked for {path.absolute()}){hint}")
    if kind_of(path) not in kinds:
        raise CurateError(f"{path} ends in {path.suffix!r}; these can be read: {readable(kinds)}")
    return [path]


def is_pattern(path: Path) -> bool:
    """Whether the path is no file, and stands for those that match it."""
    return has_magic(str(path)) and not path.exists()


def _matches(pattern: Path) -> list[Path]:
    """The files that match, and those of directories that do."""
    paths = map(Path, glob(str(pattern), recursive=True))
    return [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]


@cache
def _standard_input() -> Path:
    """What comes by the standard input, kept in a file, for it is read more than once.

    The file is named by what it holds: Parquet and Arrow by their first bytes, else JSON.
    """
    folder = Path(tempfile.mkdtemp(prefix="curate-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    beginning = sys.stdin.buffer.read(len(MAGIC))
    kind = ".parquet" if beginning.startswith(b"PAR1") else ".arrow" if beginning == MAGIC else ".json"
    path = folder / f"standard-input{kind}"
    with path.open("wb") as file:
        file.write(beginning)
        shutil.copyfileobj(sys.stdin.buffer, file)
    return path


def short_name(source: str) -> str:
    """What a source is called: its file's name up to the first dot, or the Hub's name of it."""
    return source.removeprefix("hub:") if source.startswith("hub:") else Path(source).name.partition(".")[0]


def kind_of(path: Path) -> str:
    """Which of `KINDS` and `TEXTS` a file is, by its name; empty for another one."""
    compressed = path.suffix in COMPRESSED
    kind = Path(path.stem).suffix if compressed else path.suffix
    return kind if kind in KINDS + TEXTS and not (compressed and kind in BINARY) else ""


def _file(path: Path, source: str) -> Iterator[Row]:
    kind = kind_of(path)
    try:
        if kind == ".parquet":
            yield from parquet_rows(source, path)
            return
        if kind == ".arrow":
            yield from arrow_rows(source, path)
            return
        with _opened(path) as file:
            match kind:
                case ".csv" | ".tsv":
                    yield from csv_rows(source, file, "\t" if kind == ".tsv" else ",")
                case ".json":
                    yield from json_document(source, file)
                case ".txt" | ".md":
                    yield _text(source, file)
                case _:
                    yield from json_lines(source, file)
    except (OSError, EOFError, lzma.LZMAError, pa.ArrowException) as error:
        raise CurateError(f"{source} cannot be read: {error}") from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The content of a file, decompressed."""
    if path.suffix == ".xz":
        with lzma.open(path) as file:
            yield io.BufferedReader(file, _BUFFER)
    elif path.suffix in COMPRESSED:
        with pa.input_stream(path, compression="detect") as stream:
            yield io.BufferedReader(stream, _BUFFER)
    else:
        with path.open("rb", buffering=_BUFFER) as file:
            yield file


def _text(source: str, file: BinaryIO) -> Row:
    """A whole file as one row; where it is not UTF-8, the line and the byte that are not."""
    content = file.read()
    try:
        return Row(source, 1, {TEXT: content.decode("utf-8-sig")})
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Row(source, line, {}, not_utf8(content, "file"), content.split(b"\n")[line - 1])


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
    yield from numbered(source, rows)
