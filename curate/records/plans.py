"""Rows of plain texts, read after the example of the first of their kind: what is made of one is made of all.

Most files hold rows of few kinds: the same keys, a text under each, turns of the same roles. What a reader makes of
such a row does not depend on its texts, so one row of a kind is read with marks for texts, and the others are filled
in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from curate.errors import CurateError
from curate.records.rows import Row
from curate.records.turns import Notes
from curate.records.values import LARGEST

MOST = 1000  # kinds of rows that are remembered
SPEAKERS = ("role", "from")  # the first key of a turn, before its text

Read = Callable[[Row, Notes], tuple[dict[str, Any], str]]  # a row as a record, and the name of its shape

_NOT_PLAIN = ("", "[", "{")  # how a text of spaces begins, and JSON
_MARK = re.compile(r"plainText(\d+)mark")


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of a kind become records: `turns` and `columns` say which of a row's values go where.

    A turn is its role and the number of a value, or a format of several.
    """

    shape: str
    turns: list[tuple[str, int | str]]
    columns: list[tuple[str, int]]

    def record(self, values: list[Any]) -> dict[str, Any]:
        """The record of a row with these values."""
        messages = []
        for role, text in self.turns:
            content = values[text] if type(text) is int else str(text).format(*values)
            messages.append({"role": role, "content": content})
        record = {"messages": messages}
        for name, number in self.columns:
            record[name] = values[number]
        return record


class Plans:
    """Reads rows as `read` does, those of plain texts faster."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._plans: dict[tuple[Any, ...], Plan | None] = {}

    def read(self, row: Row, notes: Notes) -> tuple[dict[str, Any], str]:
        """A row as a record, and the name of its shape; raises CurateError and counts `notes` as `read` does."""
        values: list[Any] = []
        kind = None if row.fault else _kind(row.content, values)
        if kind is None:
            return self._read(row, notes)
        plan = self._plans.get(kind)
        if plan is None:
            if kind not in self._plans and len(self._plans) < MOST:
                self._plans[kind] = self._plan(row)
            return self._read(row, notes)
        return plan.record(values), plan.shape

    def _plan(self, row: Row) -> Plan | None:
        """The plan of a row's kind; None where the row cannot be read, or where more is made or said of it."""
        values: list[Any] = []
        notes: Notes = Counter()
        try:
            record, shape = self._read(row._replace(content=_marked(row.content, values)), notes)
        except CurateError:
            return None
        if notes:
            return None
        turns: list[tuple[str, int | str]] = []
        for turn in record.pop("messages"):
            if set(turn) != {"role", "content"}:
                return None
            turns.append((turn["role"], _filled(turn["content"])))
        columns = []
        for name, value in record.items():
            number = next((number for number, given in enumerate(values) if value is given or value == given), None)
            if number is None:
                return None
            columns.append((name, number))
        return Plan(shape, turns, columns)


def _kind(content: Mapping[str, Any], values: list[Any]) -> tuple[Any, ...] | None:
    """What tells a row's kind, and its values in order; None for a row that is not of plain texts and numbers."""
    kind: list[Any] = []
    for key, value in content.items():
        if type(value) is str:
            if not value:
                kind.append((key,))
                continue
            if not _is_plain(value):
                return None
            kind.append(key)
            values.append(value)
        elif type(value) is list:
            kind.append(key)
            for turn in value:
                if type(turn) is not dict or len(turn) != 2:
                    return None
                (by, speaker), (key_of_text, text) = turn.items()
                if by not in SPEAKERS or type(speaker) is not str or type(text) is not str or not _is_plain(text):
                    return None
                kind += (by, speaker, key_of_text)
                values.append(text)
        elif type(value) is float or (type(value) is int and -LARGEST < 2 * value < LARGEST):
            kind.append((key, type(value)))
            values.append(value)
        else:
            return None
    return tuple(kind)


def _is_plain(text: str) -> bool:
    """Whether a text could be nothing else: no JSON, no reasoning block, not spaces alone."""
    begin = text.lstrip()[:1]
    return begin not in _NOT_PLAIN and "think>" not in text and (text.isascii() or _is_unicode(text))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _marked(content: Mapping[str, Any], values: list[Any]) -> dict[str, Any]:
    """The row with marks for its texts, and unlikely numbers for its numbers, all of which come into `values`."""

    def mark(value: Any) -> Any:
        values.append(f"plainText{len(values)}mark" if isinstance(value, str) else type(value)(7_654_321 + len(values)))
        return values[-1]

    marked: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, list):
            marked[key] = [
                dict(zip(turn, (speaker, mark(text)), strict=True))
                for turn in value
                for speaker, text in [turn.values()]
            ]
        else:
            marked[key] = mark(value) if value != "" else value
    return marked


def _filled(text: str) -> int | str:
    """The number of the value that a marked text is, or the format that it is of several."""
    if match := _MARK.fullmatch(text):
        return int(match[1])
    return _MARK.sub(r"{\1}", text.replace("{", "{{").replace("}", "}}"))
