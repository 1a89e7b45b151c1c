"""`load`: reads a pool from files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from curate.errors import CurateError, explain
from curate.records import columns_of, digest, from_rows, plain
from curate.stage import Outcome, stage

PEEKED = 100  # records that are read to learn a file's columns before a run


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
        Path | list[Path], Field(description="JSONL or Parquet files: messages, ShareGPT, Alpaca or prompt/response")
    ],
) -> Outcome:
    """Reads records from JSONL and Parquet files.

    Each row is recognised by its keys: `messages` (OpenAI's shape and curate's own), `conversations` (ShareGPT),
    `instruction`, `input` and `output` (Alpaca), or `prompt` and `response`; other keys stay as columns. A record
    without an `id` gets the hash of its messages. What cannot be read becomes a row of `dropped` with its file, line
    and reason, and a run writes those to quarantine.jsonl.

    Raises CurateError when a file is missing, is of another kind, or when no record at all can be read.
    """
    rows: list[dict[str, Any]] = []
    unreadable: list[dict[str, Any]] = []
    stats: Counter[str] = Counter()
    seen: dict[str, str] = {}
    for file, line, row in _rows(path):
        try:
            record, shape = read_record(row)
            _name(record, seen, f"{file}:{line}")
        except CurateError as error:
            unreadable.append({"file": str(file), "line": line, "reason": str(error), "text": _excerpt(row)})
            continue
        record.setdefault("source", {"file": str(file), "line": line})
        rows.append(record)
        stats[f"shape {shape}"] += 1
    if not rows:
        raise _nothing(path, unreadable)
    return Outcome(from_rows(rows), from_rows(unreadable), dict(stats))


def peek(path: Path | list[Path]) -> list[str]:
    """The columns that a pool will have, from its first records; raises CurateError as `load` does."""
    rows, unreadable = [], []
    for _, line, row in islice(_rows(path), PEEKED):
        try:
            rows.append(read_record(row)[0])
        except CurateError as error:
            unreadable.append({"line": line, "reason": str(error)})  # load quarantines it
    if not rows and len(unreadable) < PEEKED:
        raise _nothing(path, unreadable)
    return sorted({"id", "messages", "source"} | (columns_of(from_rows(rows)) if rows else set()))


def _nothing(path: Path | list[Path], unreadable: Sequence[Mapping[str, Any]]) -> CurateError:
    files = ", ".join(map(str, path if isinstance(path, list) else [path]))
    first = f"; the first: line {unreadable[0]['line']}: {unreadable[0]['reason']}" if unreadable else ""
    return CurateError(f"load: path: {files} holds no records: {len(unreadable)} unreadable lines{first}")


def read_record(row: Mapping[str, Any] | bytes) -> tuple[dict[str, Any], str]:
    """A row, JSON text or parsed, as a record and the name of its shape; raises CurateError with the reason."""
    if isinstance(row, bytes):
        row = _parse(row)
    if not isinstance(row, Mapping):
        raise CurateError(f"a JSON object is expected, found {type(row).__name__}")
    record, shape = _recognise(plain(dict(row)))
    try:
        checked = RecordIn.model_validate(record)
    except ValidationError as error:
        raise explain(error, "record", RecordIn.model_fields) from None
    text = json.dumps(record, ensure_ascii=False, default=str)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise CurateError("a text holds half of a surrogate pair, which is not valid Unicode")
    return checked.model_dump(exclude_none=True), shape


def _recognise(row: dict[str, Any]) -> tuple[dict[str, Any], str]:
    if "messages" in row:
        return row, "messages"
    if "conversations" in row:
        return _from_sharegpt(row), "sharegpt"
    if "instruction" in row:
        question = "\n\n".join(text for text in (row.pop("instruction"), row.pop("input", "")) if text)
        return _from_pair(row, question, row.pop("output", None)), "alpaca"
    if "prompt" in row:
        return _from_pair(row, row.pop("prompt"), row.pop("response", None)), "prompt/response"
    raise CurateError(
        "no shape is recognised: one of the keys 'messages', 'conversations', 'instruction' or 'prompt' is needed, "
        f"found {', '.join(map(repr, row)) or 'no keys'}"
    )


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


def _rows(path: Path | list[Path]) -> Iterator[tuple[Path, int, Mapping[str, Any] | bytes]]:
    """File, line or row number from 1, and the row: JSON text still unparsed."""
    for file in path if isinstance(path, list) else [path]:
        if not file.is_file():
            raise CurateError(f"load: path: there is no file {file} (looked for {file.absolute()})")
        match file.suffix:
            case ".jsonl":
                with file.open("rb") as lines:
                    yield from ((file, number, line) for number, line in enumerate(lines, 1) if line.strip())
            case ".parquet":
                batches = pq.ParquetFile(file).iter_batches()
                yield from ((file, n, row) for n, row in enumerate((r for b in batches for r in b.to_pylist()), 1))
            case other:
                raise CurateError(f"load: path: {file} ends in {other!r}; .jsonl and .parquet can be read")


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line)
    except UnicodeDecodeError as error:
        raise CurateError(f"not UTF-8: byte {error.start} of the line is 0x{line[error.start]:02x}") from None
    except json.JSONDecodeError as error:
        raise CurateError(f"not JSON: {error.msg} at character {error.pos + 1}") from None


def _excerpt(row: Mapping[str, Any] | bytes) -> str:
    """The unreadable line, whole, so that it can be mended and loaded again."""
    if isinstance(row, bytes):
        return row.decode("utf-8", "backslashreplace").rstrip("\r\n")
    return json.dumps(row, ensure_ascii=False, default=str).encode("utf-8", "backslashreplace").decode()
