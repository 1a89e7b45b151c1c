"""The record schema.

A record is one conversation. In Python a pool of records is a `datasets.Dataset` with these columns:

    id          string, unique in the pool
    messages    list of {role, content, reasoning_content}; roles `system`, `user`, `assistant`, `tool`; in pools that
                have them also `tool_calls` (list of {id, type, function: {name, arguments}}, arguments as JSON text,
                for Arrow puts a null wherever another call has an argument), `tool_call_id`, `name`, `weight`
    tools       what the assistant may call: a list of {type, function: {name, description, parameters}}
    candidates  list of {content, reasoning_content, generator, finish_reason, scores}
    scores      struct of float64, each named by what it measures
    labels      struct of strings
    embedding   list of float32, unit length
    source      where the record comes from

and whatever other columns the input had. On disk a pool is JSONL, one record a line, null values left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, Json, List, Value

from curate.records.texts import iter_column


class Message(TypedDict, total=False):
    """One turn of a conversation."""

    role: str
    content: str
    reasoning_content: str | None
    tool_calls: list[dict[str, Any]] | None
    tool_call_id: str | None
    name: str | None
    weight: float | None


_STRING = Value("string")
_FIELDS = {"role": _STRING, "content": _STRING, "reasoning_content": _STRING}
_MORE_FIELDS = {  # of messages, in pools that have them
    "tool_calls": List({"id": _STRING, "type": _STRING, "function": {"name": _STRING, "arguments": _STRING}}),
    "tool_call_id": _STRING,
    "name": _STRING,
    "weight": Value("float64"),
}
MESSAGES = List(_FIELDS)


def messages_feature(fields: Iterable[str] = ()) -> List:
    """The Arrow type of a `messages` column in which these fields occur."""
    named = set(fields)
    return List({**_FIELDS, **{name: feature for name, feature in _MORE_FIELDS.items() if name in named}})


def scores_feature(names: Iterable[str]) -> dict[str, Value]:
    """The Arrow type of a `scores` struct with these fields."""
    return {name: Value("float64") for name in sorted(names)}


def labels_feature(names: Iterable[str]) -> dict[str, Value]:
    """The Arrow type of a `labels` struct with these fields."""
    return {name: Value("string") for name in sorted(names)}


def candidates_feature(scores: Iterable[str] = ()) -> List:
    """The Arrow type of a `candidates` column whose candidates carry these scores."""
    fields: dict[str, Any] = {
        name: Value("string") for name in ("content", "reasoning_content", "generator", "finish_reason")
    }
    named = scores_feature(scores)
    return List({**fields, "scores": named} if named else fields)


def columns_of(records: Dataset) -> set[str]:
    """What stages may ask for: columns, `scores.NAME`, `labels.NAME`, `candidates.scores.NAME`, and `response` when
    records end in one."""
    present = set(records.column_names) - {"response"}
    for column in present & {"scores", "labels"}:
        present |= {f"{column}.{name}" for name in records.features[column]}
    present |= {f"candidates.scores.{name}" for name in candidate_scores(records)}
    if "messages" in present and any(_responded(messages) for messages in iter_column(records, "messages")):
        present.add("response")
    return present


def broken_columns(records: Dataset) -> str:
    """What keeps the columns of `records` from being those of the schema, in words; empty where nothing does."""
    for name in ("id", "messages"):
        if name not in records.column_names:
            return f"there is no column {name!r}"
    if records.features["id"] != _STRING:
        return f"the column 'id' holds {records.features['id']}, not {_STRING}"
    for name in ("messages", "scores", "labels", "candidates", "embedding"):
        if name in records.column_names and not _fits(name, records.features[name]):
            return f"the column {name!r} holds {records.features[name]}"
    return ""


def _fits(name: str, feature: Any) -> bool:
    """Whether a column of the schema that not every pool has is of its type."""
    match name:
        case "embedding":
            return isinstance(feature, List) and feature.feature == Value("float32")
        case "messages":
            given = getattr(feature, "feature", None)
            return isinstance(given, dict) and feature == messages_feature(given)
        case "candidates":
            given = getattr(feature, "feature", None)
            return isinstance(given, dict) and feature == candidates_feature(given.get("scores", ()))
        case _:
            kind = Value("float64" if name == "scores" else "string")
            return isinstance(feature, dict) and all(field == kind for field in feature.values())


def _responded(messages: pa.ListArray) -> bool:
    """Whether one of these conversations, at least, ends with an assistant turn."""
    ends = messages.offsets.to_numpy()[1:][messages.value_lengths().fill_null(0).to_numpy() > 0] - 1
    last = messages.values.field("role").take(pa.array(ends))
    return bool(pc.any(pc.equal(last, "assistant")).as_py())


def candidate_scores(records: Dataset) -> list[str]:
    """The names of the scores that the candidates carry."""
    if "candidates" not in records.column_names:
        return []
    return list(records.features["candidates"].feature.get("scores", {}))


def has_response(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the conversation ends with an assistant turn."""
    return bool(messages) and messages[-1]["role"] == "assistant"


def feature_of(name: str, values: Sequence[Any]) -> Any:
    """The Arrow type of a column: fixed for the columns that the schema names, else found from its values."""
    if name == "messages":
        given = (turn for turns in values for turn in turns or () if len(turn) > 2)
        return messages_feature({name for turn in given for name in turn if turn[name] not in (None, [])})
    if name == "candidates":
        return candidates_feature({s for row in values for c in row or () for s in c.get("scores") or ()})
    if name == "scores":
        return scores_feature({score for row in values for score in row or ()})
    if name == "labels":
        return labels_feature({label for row in values for label in row or ()})
    if name == "embedding":
        lengths = {len(value) for value in values if value is not None}
        return List(Value("float32"), length=lengths.pop() if len(lengths) == 1 else -1)
    kinds = {type(value) for value in values if value is not None}
    scalars = {str: "string", int: "int64", float: "float64", bool: "bool"}
    if name != "source" and len(kinds) == 1 and kinds <= scalars.keys():
        numbers = [value for value in values if value is not None] if kinds == {int} else []
        if not numbers or -(1 << 63) <= min(numbers) <= max(numbers) < 1 << 63:
            return Value(scalars[kinds.pop()])
    return Json()


def fitted(values: Sequence[Any], feature: Any) -> Sequence[Any]:
    """`values` with every field of a struct present, as Arrow wants them."""
    if isinstance(feature, dict):
        return [_fit_struct(value or {}, feature) for value in values]
    if isinstance(feature, List) and isinstance(feature.feature, dict):
        return [[_fit_struct(item, feature.feature) for item in value or ()] for value in values]
    return values


def _fit_struct(value: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _fit_field(value.get(name), feature) for name, feature in fields.items()}


def _fit_field(value: Any, feature: Any) -> Any:
    if isinstance(feature, dict):
        return _fit_struct(value or {}, feature)
    if isinstance(feature, List):  # an empty list of calls is none
        return fitted([value], feature)[0] if value else None
    return value
