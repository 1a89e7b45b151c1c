"""`load`: reads a pool from files, directories and Hub datasets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from curate.errors import CurateError, explain
from curate.outcome import Outcome
from curate.records.files import plain
from curate.records.identity import digest
from curate.records.pool import from_rows
from curate.records.reading import READABLE, Row, Sources, rows_of
from curate.records.schema import columns_of
from curate.stage import stage

PEEKED = 100  # records that are read to learn a file's columns before a run
QUESTIONS = ("prompt", "question", "query")
ANSWERS = ("response", "completion", "answer")


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


@stage(sees="nothing", makes=lambda config: peek(config["path"]))
def load(
    *,
    path: Annotated[
        Sources,
        Field(description=f"files ({READABLE}), directories of them, or hub:owner/name/config:split@revision"),
    ],
) -> Outcome:
    """Reads records from files, directories and Hub datasets.

    Each row is recognised by its keys, and the counters say which shapes were seen: `messages` (OpenAI's shape and
    curate's own), `conversations` (ShareGPT), `instruction`, `input` and `output` (Alpaca), or `prompt`, `question` or
    `query` with `response`, `completion` or `answer`; other keys stay as columns. A record without an `id` gets the
    hash of its messages. What cannot be read becomes a row of `dropped` with its file, line and reason, and a run
    writes those to quarantine.jsonl.

    A directory gives all its readable files in the order of their names. Of a Hub dataset, `config` is the default one,
    `split` is `train` and `revision` the newest where they are not named; name the revision to make a run repeatable.
    Raises CurateError when a source is missing, is of another kind, or when no record at all can be read.
    """
    unreadable: list[dict[str, Any]] = []
    stats: Counter[str] = Counter()
    seen: dict[str, str] = {}

    def readable() -> Iterator[dict[str, Any]]:
        for row in rows_of(path, "load: path"):
            try:
                record, shape = read_record(row)
                _name(record, seen, f"{row.source}:{row.line}")
            except CurateError as error:
                unreadable.append({"file": row.source, "line": row.line, "reason": str(error), "text": _excerpt(row)})
                continue
            record.setdefault("source", {"file": row.source, "line": row.line})
            stats[f"shape {shape}"] += 1
            yield record

    records = from_rows(readable())
    if not len(records):
        raise _nothing(path, unreadable)
    return Outcome(records, from_rows(unreadable), dict(stats))


def peek(path: Sources) -> list[str]:
    """The columns that a pool will have, from its first records; raises CurateError as `load` does."""
    rows, unreadable = [], []
    for row in islice(rows_of(path, "load: path"), PEEKED):
        try:
            rows.append(read_record(row)[0])
        except CurateError as error:
            unreadable.append({"line": row.line, "reason": str(error)})  # load quarantines it
    if not rows and len(unreadable) < PEEKED:
        raise _nothing(path, unreadable)
    return sorted({"id", "messages", "source"} | (columns_of(from_rows(rows)) if rows else set()))


def _nothing(path: Sources, unreadable: Sequence[Mapping[str, Any]]) -> CurateError:
    files = ", ".join(map(str, path if isinstance(path, list) else [path]))
    first = f"; the first: line {unreadable[0]['line']}: {unreadable[0]['reason']}" if unreadable else ""
    return CurateError(f"load: path: {files} holds no records: {len(unreadable)} unreadable lines{first}")


def read_record(row: Row) -> tuple[dict[str, Any], str]:
    """A row as a record and the name of its shape; raises CurateError with the reason."""
    if row.fault:
        raise CurateError(row.fault)
    record, shape = _recognise(plain(dict(row.content)))
    try:
        checked = RecordIn.model_validate(record)
    except ValidationError as error:
        raise explain(error, "record", RecordIn.model_fields) from None
    try:
        json.dumps(record, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise CurateError("a text holds half of a surrogate pair, which is not valid Unicode") from None
    return checked.model_dump(exclude_none=True), shape


def _recognise(row: dict[str, Any]) -> tuple[dict[str, Any], str]:
    if "messages" in row:
        return row, "messages"
    if "conversations" in row:
        return _from_sharegpt(row), "sharegpt"
    if "instruction" in row:
        question = "\n\n".join(text for text in (row.pop("instruction"), row.pop("input", "")) if text)
        return _from_pair(row, question, row.pop("output", None)), "alpaca"
    question_key = next((key for key in QUESTIONS if key in row), None)
    if question_key is None:
        raise CurateError(
            "no shape is recognised: one of the keys 'messages', 'conversations', 'instruction', "
            f"{', '.join(map(repr, QUESTIONS))} is needed, found {', '.join(map(repr, row)) or 'no keys'}"
        )
    answer_key = next((key for key in ANSWERS if key in row), "")
    shape = f"{question_key}/{answer_key}" if answer_key else question_key
    return _from_pair(row, row.pop(question_key), row.pop(answer_key, None)), shape


def _from_pair(rest: dict[str, Any], question: Any, answer: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": question}]
    if answer:
        messages.append({"role": "assistant", "content": answer})
    return {**rest, "messages": messages}


def _from_sharegpt(row: dict[str, Any]) -> dict[str, Any]:
    roles = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
    turns = row.pop("conversations")
    try:
        messages = [{"role": roles[turn["from"]], "content": turn["value"]} for turn in turns]
    except (KeyError, TypeError) as error:
        raise CurateError(
            f"conversations must be a list of {{from: human|gpt|system, value: text}}, found {error}"
        ) from None
    return {**row, "messages": messages}


def _name(record: dict[str, Any], seen: dict[str, str], place: str) -> None:
    """Gives the record its id; an id that the user gave twice is an error, equal conversations get a number."""
    if "id" in record:
        record["id"] = str(record["id"])
        if record["id"] in seen:
            raise CurateError(f"the id {record['id']!r} is already used at {seen[record['id']]}")
    else:
        name = digest(record["messages"])[:16]
        copies = 1
        while (unique := name if copies == 1 else f"{name}-{copies}") in seen:
            copies += 1
        record["id"] = unique
    seen[record["id"]] = place


def _excerpt(row: Row) -> str:
    """The unreadable row, whole, so that it can be mended and loaded again."""
    text = row.text or json.dumps(dict(row.content), ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode()
