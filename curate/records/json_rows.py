"""Rows of JSON: an object a line, an array of objects, or objects one after another, pretty-printed or not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

import msgspec

from curate.errors import CurateError
from curate.records.rows import Row, as_row, not_utf8

BOM = b"\xef\xbb\xbf"

_REFUSED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_BETWEEN = re.compile(r"[\s,\[\]]*")  # what may stand between the objects of a document
_HEAD = re.compile(r'\{\s*("[^"]*")')  # an object up to its first key
_decode = msgspec.json.Decoder().decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode


def json_lines(source: str, lines: Iterable[bytes], start: int = 1) -> Iterator[Row]:
    """The rows of JSONL, numbered from `start`; blank lines are none."""
    for number, line in enumerate(lines, start):
        if number == 1:
            line = line.removeprefix(BOM)
        try:
            content = _decode(line)
        except _REFUSED:
            if line.strip():
                yield _slowly(source, number, line)
            continue
        yield Row(source, number, content, "", line) if type(content) is dict else as_row(source, number, content, line)


def json_document(source: str, file: BinaryIO) -> Iterator[Row]:
    """The rows of a .json file: the objects of an array, of lines, or of any text that holds one after another.

    Where the first line is an object, each line is one. The rows of anything else are numbered as they come.
    """
    blank = 0
    first = file.readline()
    while first and not first.strip():
        blank, first = blank + 1, file.readline()
    first = first.removeprefix(BOM)
    if not first.lstrip().startswith(b"["):
        try:
            _decode(first)
        except _REFUSED:
            pass
        else:
            yield from json_lines(source, chain([first], file), blank + 1)
            return
    content = first + file.read()
    try:
        elements = _elements(content)
    except _REFUSED:
        yield from _best_reading(source, content, blank + 1)
    else:
        yield from json_lines(source, map(bytes, elements))


def _best_reading(source: str, content: bytes, start: int) -> list[Row]:
    """The rows of a document that is neither lines nor an array without a fault, as the fewest of them are at fault."""
    readings = [] if content.lstrip().startswith(b"[") else [list(json_lines(source, content.split(b"\n"), start))]
    readings.append(list(_objects(source, content)))

    def faults(rows: list[Row]) -> tuple[int, int]:
        count = sum(bool(row.fault) for row in rows)
        return count, count - len(rows)

    return min(readings, key=faults)


def _objects(source: str, content: bytes) -> Iterator[Row]:
    """The objects in a text, in an array or not, and as a fault whatever stands between them."""
    text = content.decode("utf-8", "surrogateescape")
    number = 0
    for number, part in enumerate(_parts(text), 1):
        yield from json_lines(source, [part.encode("utf-8", "surrogateescape")], number)
    if text.lstrip().startswith("[") and not text.rstrip().endswith("]"):
        yield Row(source, number + 1, {}, "the array that begins the file does not end in it", text[-1:])


def _parts(text: str) -> Iterator[str]:
    """The objects of a text; one that is broken reaches to where another begins like one before it."""
    keys: dict[str, None] = {}  # the first ones of objects
    begin = _BETWEEN.match(text).end()  # type: ignore[union-attr]
    before = text[:begin].rpartition("\n")[2]
    indent = "" if before.strip() else before
    while begin < len(text):
        head = _HEAD.match(text, begin)
        try:
            _, end = _decoder.raw_decode(text, begin)
        except (ValueError, RecursionError, CurateError):
            end = _next_object(text, begin, keys or [head[1]] if head else keys, indent)
        else:
            if head:
                keys[head[1]] = None
        yield text[begin:end].rstrip().removesuffix(",")
        begin = _BETWEEN.match(text, end).end()  # type: ignore[union-attr]


def _next_object(text: str, begin: int, keys: Iterable[str], indent: str) -> int:
    """Where the next object begins: with one of `keys`, or on a line of its own with this indent; else the end of the
    text."""
    following = []
    if (line := text.find(f"\n{indent}{{", begin)) > 0:
        following.append(line + 1 + len(indent))
    if alternatives := "|".join(map(re.escape, keys)):
        match = re.compile(rf"\{{\s*(?:{alternatives})").search(text, begin + 1)
        following += [match.start()] if match else []
    return min(following, default=len(text))


def _slowly(source: str, number: int, line: bytes) -> Row:
    """A line that the fast parser refuses: what is wrong with it, in words, or its value all the same."""
    fault = not_utf8(line)
    if not fault:
        try:
            return as_row(source, number, _decoder.decode(line.decode()), line)
        except json.JSONDecodeError as error:
            fault = f"not JSON: {error.msg} at character {error.pos + 1}"
        except RecursionError:
            fault = "nested too deeply"
        except (ValueError, CurateError) as error:  # the former for integers of more than 4,300 digits
            fault = str(error).partition("; use sys.")[0]
    return Row(source, number, {}, fault, line)


def _no_constant(name: str) -> None:
    raise CurateError(f"{name} is no JSON number; leave it out, or write null")


_decoder = json.JSONDecoder(parse_constant=_no_constant)
