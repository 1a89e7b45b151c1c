"""The shapes in which people have conversations, recognised by their keys, and made into records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import pandas as pd
from datasets import Dataset
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from curate.errors import CurateError, explain
from curate.records.files import plain
from curate.records.names import Names
from curate.records.pool import from_rows
from curate.records.reading import Row
from curate.records.reserved import RESERVED, put_back
from curate.records.schema import broken_columns

QUESTIONS = ("instruction", "prompt", "question", "query")
CONTEXTS = ("input", "context")  # that belong to an instruction
ANSWERS = ("output", "response", "completion", "answer", "generation")
SYSTEMS = ("system", "system_prompt")
SPEAKERS = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}

Rows: TypeAlias = Dataset | pd.DataFrame | list[dict[str, Any]]


class MessageIn(BaseModel):
    """One turn as a file gives it."""

    model_config = ConfigDict(extra="forbid", strict=True)
    role: Literal["system", "user", "assistant"]
    content: str
    reasoning_content: str | None = None


class CandidateIn(BaseModel):
    """One candidate as a file gives it."""

    model_config = ConfigDict(extra="forbid")
    content: str
    reasoning_content: str | None = None
    generator: str | None = None
    finish_reason: str | None = None
    scores: dict[str, float | None] = {}


class RecordIn(BaseModel):
    """One record as a file gives it; keys of the user's own stay with the record."""

    model_config = ConfigDict(extra="allow")
    id: str | int | None = None
    messages: Annotated[list[MessageIn], Field(min_length=1)]
    candidates: list[CandidateIn] | None = None
    scores: dict[str, float | None] | None = None
    labels: dict[str, str | None] | None = None
    embedding: list[float] | None = None

    @model_validator(mode="after")
    def _turns_in_order(self) -> RecordIn:
        roles = [message.role for message in self.messages]
        turns = roles[1:] if roles[0] == "system" else roles
        expected = [("user", "assistant")[turn % 2] for turn in range(len(turns))]
        if not turns or turns != expected:
            raise ValueError("turns must be user, assistant, user ... after at most one system turn")
        return self


def as_pool(rows: Any) -> Dataset:
    """A pool of records from a pool, or from a Dataset, DataFrame or list of dicts in any shape that is recognised.

    Raises CurateError with the number of the first row, from 1, that cannot be read.
    """
    if isinstance(rows, Dataset) and "id" in rows.column_names and not broken_columns(rows):
        return rows
    names = Names()
    records = []
    for row in numbered(rows):
        try:
            record, _ = read_record(row)
            names.give(record, f"row {row.line}")
        except CurateError as error:
            raise CurateError(f"row {row.line}: {error}; curate.load puts what it cannot read aside") from None
        records.append(record)
    return from_rows(records)


def numbered(rows: Any) -> Iterator[Row]:
    """The rows of a Dataset, a DataFrame or a list of dicts, numbered from 1; CurateError for anything else."""
    if isinstance(rows, pd.DataFrame):
        rows = rows.astype(object).where(rows.notna(), None).to_dict("records")
    if not isinstance(rows, Dataset | list):
        raise CurateError(
            "records are a datasets.Dataset, a pandas.DataFrame, a list of dicts or an Outcome, found "
            f"{type(rows).__name__}"
        )
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise CurateError(f"row {number}: a dict is expected, found {type(row).__name__}")
        yield Row("rows", number, row)


def read_record(row: Row) -> tuple[dict[str, Any], str]:
    """A row as a record and the name of its shape; raises CurateError with the reason."""
    if row.fault:
        raise CurateError(row.fault)
    record, shape = _recognise(put_back(plain(dict(row.content))))
    for name in ("labels", "rejected"):
        if name in record and not _ours(name, record[name]):
            record[RESERVED] = {**record.get(RESERVED, {}), name: record.pop(name)}
    try:
        checked = RecordIn.model_validate(record)
    except ValidationError as error:
        raise explain(error, "record", RecordIn) from None
    try:
        json.dumps(record, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise CurateError("a text holds half of a surrogate pair, which is not valid Unicode") from None
    return checked.model_dump(exclude_none=True), shape


def _ours(name: str, value: Any) -> bool:
    """Whether a column of this name is the one that our stages make."""
    if name == "labels":
        return isinstance(value, Mapping)
    return isinstance(value, list) and all(isinstance(item, Mapping) and "reason" in item for item in value)


def _recognise(row: dict[str, Any]) -> tuple[dict[str, Any], str]:
    if "messages" in row:
        return row, "messages"
    if "conversations" in row:
        turns = _speakers(row.pop("conversations"))
        messages = [*_system(row, turns), *turns]
        return {**row, "messages": messages}, "sharegpt"
    question_key = next((key for key in QUESTIONS if key in row), None)
    if question_key is None:
        raise CurateError(
            "no shape is recognised: one of the keys 'messages', 'conversations', "
            f"{', '.join(map(repr, QUESTIONS))} is needed, found {', '.join(map(repr, row)) or 'no keys'}"
        )
    answer_key = next((key for key in ANSWERS if key in row), "")
    shape = f"{question_key}/{answer_key}" if answer_key else question_key
    if question_key == "instruction" and answer_key in ("output", ""):
        shape = "alpaca"
    return _from_pair(row, question_key, answer_key), shape


def _from_pair(row: dict[str, Any], question_key: str, answer_key: str) -> dict[str, Any]:
    """One question and its answer, after the system prompt and the earlier turns that stand beside them."""
    question = [_text(row, question_key)]
    if question_key == "instruction":
        question += [_text(row, key) for key in CONTEXTS]
    turns = [{"role": "user", "content": "\n\n".join(filter(None, question))}]
    if answer := _text(row, answer_key):
        turns.append({"role": "assistant", "content": answer})
    messages = [*_system(row, turns), *_history(row.pop("history", None)), *turns]
    return {**row, "messages": messages}


def _text(row: dict[str, Any], key: str) -> str:
    """Takes the text under this key out of the row; empty where there is none."""
    value = row.pop(key, None)
    if value is None or isinstance(value, str):
        return value or ""
    raise CurateError(f"{key} must be a text, found {value!r:.80}")


def _system(row: dict[str, Any], turns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The system turn that the row has beside its `turns`, taken out of it."""
    key = next((key for key in SYSTEMS if key in row), "")
    if turns and turns[0]["role"] == "system":
        return []
    text = _text(row, key)
    return [{"role": "system", "content": text}] if text else []


def _history(pairs: Any) -> list[dict[str, Any]]:
    """The earlier turns of an Alpaca record: pairs of a question and its answer."""
    turns = []
    for pair in pairs or ():
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise CurateError(f"history must be a list of pairs [question, answer], found {pair!r:.80}")
        turns += [{"role": role, "content": text} for role, text in zip(("user", "assistant"), pair, strict=True)]
    return turns


def _speakers(turns: Iterable[Any]) -> list[dict[str, Any]]:
    """The turns of a ShareGPT record."""
    try:
        return [{"role": SPEAKERS[turn["from"]], "content": turn["value"]} for turn in turns]
    except (KeyError, TypeError) as error:
        raise CurateError(
            f"conversations must be a list of {{from: human|gpt|system, value: text}}, found {error}"
        ) from None
