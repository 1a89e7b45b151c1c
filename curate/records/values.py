"""The values of a row, as a column can hold them and as JSON can be written from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from curate.errors import CurateError

DEEPEST = 100  # lists and objects inside each other
MOST_COLUMNS = 1000  # of a pool; fields of scores and labels count as columns
_WITH_FIELDS = frozenset({"scores", "labels", "candidates"})
SMALLEST, LARGEST = -(1 << 63), (1 << 64) - 1  # integers that `datasets` reads back from JSON text


def clean_row(row: Mapping[str, Any], nulls: bool = False) -> dict[str, Any]:
    """The row in the types that JSON has, without its null entries, and inside its values only with `nulls`: dates,
    times and decimals become their texts, and bytes that are UTF-8 theirs; other bytes stay, for no text may be made
    of them.

    Raises CurateError, with the key, for what neither JSON nor a column can hold: NaN and infinities, integers of more
    than 64 bits, half a surrogate pair, more than 100 levels of nesting, a key with a NUL.
    """
    cleaned = {}
    for key, value in row.items():
        if value is None:
            continue
        try:
            if not isinstance(key, str) or "\0" in key:
                raise CurateError("a key is a text without NUL")
            _check_text(key)
            if type(value) is str:
                _check_text(value)
                cleaned[key] = value
            else:
                cleaned[key] = _clean(value, 1, nulls)
        except CurateError as error:
            raise CurateError(f"{key!r:.80}: {error}") from None
    return cleaned


def _clean(value: Any, depth: int, nulls: bool) -> Any:
    if type(value) is dict or type(value) is list:  # quicker than to ask whether it is a Mapping
        return _clean_nested(value, depth, nulls)
    match value:
        case str():
            _check_text(value)
            return value
        case bool() | None:
            return value
        case int():
            if not SMALLEST <= value <= LARGEST:
                raise CurateError("an integer of more than 64 bits; write it as a text")
            return value
        case float():
            if not math.isfinite(value):
                raise CurateError(f"{float(value)} is no JSON number; leave it out, or write null")
            return value
        case Mapping() | list() | tuple():
            return _clean_nested(value, depth, nulls)
        case bytes():
            return _text_of(value)
        case _:
            return _clean_other(value, depth, nulls)


def _clean_nested(value: Mapping[str, Any] | list[Any] | tuple[Any, ...], depth: int, nulls: bool) -> Any:
    if depth > DEEPEST:
        raise CurateError(f"nested more than {DEEPEST} levels deep")
    if not isinstance(value, Mapping):
        return [_clean(item, depth + 1, nulls) for item in value]
    for key in value:
        _check_text(key)
    return {key: _clean(item, depth + 1, nulls) for key, item in value.items() if nulls or item is not None}


def _clean_other(value: Any, depth: int, nulls: bool) -> Any:
    """What Parquet, Arrow and DataFrames hold beside the types of JSON."""
    match value:
        case date() | time():
            return value.isoformat()
        case Decimal() | timedelta() | UUID():
            return str(value)
        case np.ndarray() | np.generic():
            return _clean(value.tolist(), depth, nulls)
        case _:
            raise CurateError(f"{type(value).__name__} has no place in JSON")


def _check_text(text: Any) -> None:
    if not isinstance(text, str):
        raise CurateError(f"a key is a text, found {type(text).__name__}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise CurateError("a text holds half of a surrogate pair, which is not valid Unicode") from None


def _text_of(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


class Columns:
    """The columns of a pool that grows record by record."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def add(self, record: Mapping[str, Any]) -> None:
        """Takes in the columns of `record`; raises CurateError where they would be too many, for each costs every
        record."""
        if self._names.issuperset(record) and _WITH_FIELDS.isdisjoint(record):
            return
        new = record.keys() - self._names
        for column in ("scores", "labels"):
            new |= {f"{column}.{name}" for name in record.get(column) or ()} - self._names
        for candidate in record.get("candidates") or ():
            new |= {f"candidates.scores.{name}" for name in candidate.get("scores") or ()} - self._names
        if len(new) + len(self._names) > MOST_COLUMNS:
            raise CurateError(
                f"{len(record)} keys, {len(new)} of them new, where all records together may have {MOST_COLUMNS}; put "
                "them into one, as an object"
            )
        self._names |= new
