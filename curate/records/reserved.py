"""Rows as a trainer can take them: columns whose names trainers reserve stand under one key of their own.

TRL 1.16 trains on `input_ids`, takes a `labels` column for token ids, a `prompt` for half of a pair and `images` for a
sign of a vision model, whatever stands beside `messages`; the Trainer of transformers passes `label` and `label_ids` on
to the model. Reading a file puts the columns back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
from datasets import Dataset, Json

from curate.records.files import plain

RESERVED = "reserved"
NAMES = frozenset(
    {
        *("assistant_masks", "attention_mask", "completion_mask", "input_ids", "label", "label_ids", "labels"),
        *("audio", "audios", "image", "images", "pixel_values", "videos"),
        *("chosen", "completion", "conversations", "prompt", "rejected", "text"),
        *("position_ids", "seq_lengths", "token_type_ids"),
    }
)


def trainable_rows(records: Dataset) -> Iterator[dict[str, Any]]:
    """The records as JSONL holds them: null values left out, reserved columns under `reserved`, and of a column whose
    values no one Arrow type can hold, all but texts as JSON text, so that any JSON reader loads the file."""
    mixed = {name for name, feature in records.features.items() if isinstance(feature, Json) and _mixed(records[name])}
    for row in records:
        yield set_aside(plain({**row, **{name: _as_text(row[name]) for name in mixed}}))


def reserved_columns(records: Dataset) -> list[str]:
    """The columns that stand under `reserved` in what `trainable_rows` makes."""
    aside = records[RESERVED] if RESERVED in records.column_names else []
    return sorted(NAMES.intersection(records.column_names).union(*(row for row in aside if row)))


def set_aside(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with its reserved columns under `reserved`."""
    aside = {name: value for name, value in row.items() if name in NAMES}
    rest = {name: value for name, value in row.items() if name not in NAMES}
    return {**rest, RESERVED: {**rest.get(RESERVED, {}), **aside}} if aside else rest


def put_back(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with the columns under `reserved` in their places again, but for those that it has already."""
    aside = row.get(RESERVED)
    if not isinstance(aside, Mapping):
        return dict(row)
    return {**aside, **{name: value for name, value in row.items() if name != RESERVED}}


def _as_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _mixed(values: Any) -> bool:
    """Whether no Arrow type holds all of these JSON values."""
    try:
        pa.array(list(values))
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        return True
    return False
