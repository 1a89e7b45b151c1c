"""Rows as a trainer can take them: columns whose names trainers reserve stand under one key of their own.

TRL 1.16 trains on `input_ids`, takes a `labels` column for token ids, a `prompt` for half of a pair and `images` for a
sign of a vision model, whatever stands beside `messages`; the Trainer of transformers passes `label` and `label_ids` on
to the model. Reading a file puts the columns back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
from datasets import Dataset, Json

from curate.records.files import plain
from curate.records.texts import iter_column, tables

RESERVED = "reserved"
NAMES = frozenset(
    {
        *("assistant_masks", "attention_mask", "completion_mask", "input_ids", "label", "label_ids", "labels"),
        *("audio", "audios", "image", "images", "pixel_values", "videos"),
        *("chosen", "completion", "conversations", "prompt", "rejected", "text"),
        *("position_ids", "seq_lengths", "token_type_ids"),
    }
)


def _mapping_of(value: Any, *kinds: type) -> bool:
    return isinstance(value, Mapping) and all(item is None or type(item) in kinds for item in value.values())


def _list_of_structs(value: Any, key: str) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) and key in item for item in value)


OURS: dict[str, Callable[[Any], bool]] = {  # the columns that stages make, and whether a value is one that they would
    "candidates": lambda value: _list_of_structs(value, "content"),
    "detail": lambda value: False,
    "embedding": lambda value: isinstance(value, list) and all(type(item) in (int, float) for item in value),
    "generator": lambda value: isinstance(value, str),
    "labels": lambda value: _mapping_of(value, str),
    "reason": lambda value: False,
    "redactions": lambda value: _mapping_of(value, int),
    "rejected": lambda value: _list_of_structs(value, "reason"),
    "scores": lambda value: _mapping_of(value, int, float),
    "source": lambda value: isinstance(value, str | Mapping),
    "stage": lambda value: False,
    "tools": lambda value: _list_of_structs(value, "function"),
}


def make_room(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with the columns under `reserved` that have the name of one of ours and are another."""
    theirs = [name for name in record if name in OURS and not OURS[name](record[name])]
    return put_aside(record, theirs)


def put_aside(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The row with the columns of these `names` under `reserved`, and a `reserved` of the user's own as well."""
    before = row.get(RESERVED, {})
    if not isinstance(before, Mapping):
        before = {RESERVED: before}
    elif not names:
        return dict(row)
    rest = {name: value for name, value in row.items() if name not in (*names, RESERVED)}
    return {**rest, RESERVED: {**before, **{name: row[name] for name in names}}}


def trainable_rows(records: Dataset) -> Iterator[dict[str, Any]]:
    """The records as JSONL holds them: null values left out, reserved columns under `reserved`, and of a column whose
    values no one Arrow type can hold, all but texts as JSON text, so that any JSON reader loads the file. So are
    `tools`, for a reader that makes structs of them puts a null wherever another tool has a parameter."""
    in_json = [name for name, feature in records.features.items() if isinstance(feature, Json)]
    mixed = {name for name in in_json if name == "tools" or _mixed(records, name)}
    for table in tables(records):
        for row in table.to_pylist():
            for name in in_json:
                row[name] = _value_of(row[name])
            yield set_aside(plain({**row, **{name: _as_text(row[name]) for name in mixed}}))


def reserved_columns(records: Dataset) -> list[str]:
    """The columns that stand under `reserved` in what `trainable_rows` makes."""
    aside = records[RESERVED] if RESERVED in records.column_names else []
    return sorted(NAMES.intersection(records.column_names).union(*(row for row in aside if row)))


def set_aside(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its reserved columns under `reserved`."""
    return put_aside(row, [name for name in row if name in NAMES])


def put_back(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the columns under `reserved` in their places again; one that the row has too stays under it."""
    aside = row.get(RESERVED)
    if not isinstance(aside, Mapping):
        return dict(row)
    twice = {name: value for name, value in aside.items() if name in row}
    rest = {name: value for name, value in row.items() if name != RESERVED}
    return {**aside, **rest, **({RESERVED: twice} if twice else {})}


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _value_of(text: str | None) -> Any:
    """The value of JSON text; `datasets` would read numbers less exactly."""
    return None if text is None else msgspec.json.decode(text)


def _mixed(records: Dataset, name: str) -> bool:
    """Whether no Arrow type holds all of the JSON values in this column."""
    kinds: set[pa.DataType] = set()
    try:
        for column in iter_column(records, name):
            kinds.add(pa.array([_value_of(text) for text in column.to_pylist()]).type)
            if "uint64" in str(kinds):  # which readers of JSON make an inexact float
                return True
        pa.unify_schemas([pa.schema([(name, kind)]) for kind in kinds], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return True
    return False
