"""Rows of CSV and TSV: cells under a header."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from curate.errors import CurateError
from curate.records.json_rows import BOM
from curate.records.rows import Row, not_utf8

MOST_CHARACTERS = 1 << 30  # of one cell
MOST_LINES = 10_000  # of one row; a quote that is never closed ends there


class _Lines:
    """The lines of a file, which remembers those of the row that is read, so that they can be read once more."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
        self._again: deque[str] = deque()
        self.row: list[str] = []
        self.begin = 1  # the number of the row's first line

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.row) >= MOST_LINES:
            raise csv.Error("a quote that opens here is not closed")
        line = self._again.popleft() if self._again else next(self._file)
        self.row.append(line)
        return line

    @property
    def text(self) -> str:
        """The row that was read, as it stands in the file; bytes that are not UTF-8 as half surrogate pairs."""
        return "".join(self.row)

    def next_row(self) -> None:
        """Begins a row after the one that was read."""
        self.begin += len(self.row)
        self.row = []

    def keep_first(self) -> None:
        """Ends the row after its first line; the others will be read again."""
        self._again.extendleft(reversed(self.row[1:]))
        del self.row[1:]


def csv_rows(source: str, file: BinaryIO, delimiter: str) -> Iterator[Row]:
    """Rows under a header; a cell that is empty is a value that is not there.

    Of a row that cannot be read, the first line is at fault, and reading goes on with the next. Raises CurateError for
    a header that is not UTF-8, or that names a column twice.
    """
    csv.field_size_limit(MOST_CHARACTERS)  # of the process; the default of 128 KiB is less than a long conversation
    lines = _Lines(file)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header = _header(source, reader, lines)
    while True:
        lines.next_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = str(error)
        else:
            fault = _fault(header, cells, lines.text)
        if fault:
            lines.keep_first()
            yield Row(source, lines.begin, {}, fault, _bytes(lines.text))
        elif cells:
            content = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
            yield Row(source, lines.begin, content, "", lines.text)


def _header(source: str, reader: Iterator[list[str]], lines: _Lines) -> list[str]:
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise CurateError(f"{source} cannot be read as CSV from line 1 on: {error}") from None
    if fault := not_utf8(_bytes(lines.text)):
        raise CurateError(f"{source} cannot be read as CSV: its header is {fault}")
    header = [header[0].removeprefix(BOM.decode()), *header[1:]] if header else []
    if twice := [name for number, name in enumerate(header) if name in header[:number]]:
        raise CurateError(f"{source}: the header names the column {twice[0]!r} twice; rename one")
    return header


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _fault(header: list[str], cells: list[str], text: str) -> str:
    """What is wrong with a row; empty where nothing is."""
    if cells and len(cells) != len(header):
        return f"the header has {len(header)} columns and the row {len(cells)}"
    if cells == header:
        return "the header stands here again"
    return "" if text.isascii() and "\0" not in text else not_utf8(_bytes(text))
