"""A row of a source, as it stands there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One row of a source: a file or a Hub dataset, and the line or row number, from 1.

    Either `content` holds its keys and values, or `fault` says why it cannot be read. `raw` is the row itself, where
    it is text.
    """

    source: str
    line: int
    content: Mapping[str, Any]
    fault: str = ""
    raw: str | bytes = ""

    @property
    def text(self) -> str:
        """The whole row, so that it can be mended and read again."""
        raw = self.raw or json.dumps(dict(self.content), ensure_ascii=False, default=str)
        text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
        return text.rstrip("\r\n").encode("utf-8", "backslashreplace").decode()


def numbered(source: str, values: Iterable[Any]) -> Iterator[Row]:
    """The values as rows; a fault where one is no object."""
    for number, value in enumerate(values, 1):
        yield as_row(source, number, value)


def as_row(source: str, number: int, value: Any, raw: str | bytes = "") -> Row:
    """A JSON value as a row."""
    if isinstance(value, Mapping):
        return Row(source, number, value, "", raw)
    fault = f"a JSON object is expected, found {type(value).__name__}"
    return Row(source, number, {}, fault, raw or json.dumps(value, ensure_ascii=False, default=str))


def not_utf8(line: bytes, what: str = "line") -> str:
    """Why these bytes are not UTF-8 text; empty where they are."""
    if b"\0" in line or line[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return f"not UTF-8: the {what} holds bytes of zero, as UTF-16 does; write the file as UTF-8"
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8: byte {error.start} of the {what} is 0x{line[error.start]:02x}"
    return ""
