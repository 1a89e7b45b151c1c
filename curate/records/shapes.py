"""The shapes in which people have conversations, recognised by their keys, and made into records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import pandas as pd
from datasets import Dataset, Json, Value

from curate.errors import CurateError
from curate.records.candidates import CANDIDATES, candidates_in, preferred, read_candidates
from curate.records.files import plain
from curate.records.names import Names
from curate.records.pairs import ANSWERS, CONTEXTS, QUESTIONS, SYSTEMS, question_in, read_pair, read_system
from curate.records.pool import from_rows
from curate.records.reserved import OURS, RESERVED, make_room, put_aside, put_back
from curate.records.rows import Row
from curate.records.schema import broken_columns, has_response
from curate.records.tools import TOOLS, read_tools
from curate.records.turns import REASONING, Notes, check_order, from_json, read_turns
from curate.records.values import clean_row

Rows: TypeAlias = Dataset | pd.DataFrame | list[dict[str, Any]]

CONVERSATIONS = ("conversations", "conversation")
COLUMNAR = (".parquet", ".arrow", ".feather")  # files whose structs have a null wherever another row has a value
MAPPED = frozenset(  # the names that load's `columns` may map the file's to
    {"messages", *CONVERSATIONS, "turns", *QUESTIONS, *CONTEXTS, *ANSWERS, *SYSTEMS, *CANDIDATES, *REASONING, *TOOLS}
    | {"chosen", "generator", "history", "id", "rejected", "source"}
)
TURNLIKE = frozenset(
    {*QUESTIONS, *CONTEXTS, *ANSWERS, *SYSTEMS, *CONVERSATIONS, *CANDIDATES, *REASONING}
    | {"answers", "chosen", "history", "rejected", "turns"}
)


class Read(NamedTuple):
    """What a reader makes of a row: its messages, the name of its shape, and candidates."""

    messages: list[dict[str, Any]]
    shape: str
    candidates: Sequence[dict[str, Any]] = ()


class Shape(NamedTuple):
    """A shape: its name, its keys and what becomes of them, for people to read; whether a row has it; its reader."""

    name: str
    keys: str
    becomes: str
    fits: Callable[[Mapping[str, Any]], bool]
    read: Callable[[dict[str, Any], Notes], Read]


def _messages(row: dict[str, Any], notes: Notes) -> Read:
    return Read(read_turns(row.pop("messages"), notes), "messages")


def _sharegpt(row: dict[str, Any], notes: Notes) -> Read:
    key = next(key for key in CONVERSATIONS if key in row)
    return Read(read_turns(row.pop(key), notes, key), "sharegpt")


def _turns(row: dict[str, Any], notes: Notes) -> Read:
    turns = from_json(row["turns"])
    if isinstance(turns, list) and turns and all(isinstance(turn, str) for turn in turns):
        if len(turns) == 1:
            row.pop("turns")
        else:
            notes["column turns: the first question taken, the others have no answers between"] += 1
        return Read([{"role": "user", "content": turns[0]}], "turns")
    return Read(read_turns(row.pop("turns"), notes, "turns"), "turns")


def _preference(row: dict[str, Any], notes: Notes) -> Read:
    given = dict(row)
    before = read_pair(row, notes, answered=False)[0] if question_in(row) else []
    messages, candidates = preferred(row, before, notes)
    if any(turn not in messages for turn in before):
        row.update({name: value for name, value in given.items() if name not in (*row, "chosen", "rejected")})
    return Read(messages, "preference", candidates)


SHAPES = (
    Shape(
        "messages",
        "messages: [{role, content, reasoning_content, tool_calls, tool_call_id, name, weight}]",
        "the conversation (OpenAI, and curate's own)",
        lambda row: "messages" in row,
        _messages,
    ),
    Shape(
        "sharegpt",
        "conversations: [{from, value}] or [{role, content}]",
        "the conversation; function_call becomes tool_calls, observation a tool turn",
        lambda row: any(key in row for key in CONVERSATIONS),
        _sharegpt,
    ),
    Shape(
        "preference",
        "chosen, rejected: texts, turns or conversations; the question as below, or in them",
        "both become candidates, with scores.preference 1 and 0",
        lambda row: "chosen" in row and "rejected" in row and not _is_ours("rejected", row["rejected"]),
        _preference,
    ),
    Shape(
        "turns",
        "turns: [{role, content}], or the user's questions",
        "the conversation; of questions alone, the first",
        lambda row: isinstance(from_json(row.get("turns")), list),
        _turns,
    ),
    Shape(
        "QUESTION/ANSWER, by their keys",
        f"{' | '.join(QUESTIONS)}; {' | '.join(ANSWERS)}",
        f"a user turn and its answer; {' and '.join(CONTEXTS)} join the question, `history` comes before it",
        lambda row: bool(question_in(row)),
        lambda row, notes: Read(*read_pair(row, notes)),
    ),
)
PAIRS = (  # sets of the last shape that have a name, for people to read
    ("alpaca", "instruction, input, output, system, history", "the same"),
    ("dolly", "instruction, context, response", "the same"),
    ("openorca", "system_prompt, question, response", "the same"),
    ("distilabel", "instruction, generation or generations, generation_models", "the same, or candidates"),
    ("prompt/completion", "prompt, completion: texts, or lists of turns (TRL)", "the same, or the conversation"),
    ("QUESTION/answers", "query, tools, answers: [{name, arguments}]", "a user turn, and a turn of tool calls"),
)
BESIDE = {  # what may stand beside any shape
    " or ".join(SYSTEMS): "the system turn, where the turns have none",
    ", ".join(CANDIDATES): "candidates: a list of texts, or of structs with a text, a generator, scores",
    ", ".join(REASONING): "the response's reasoning_content, as is a leading <think> block in a content",
    " or ".join(TOOLS): "tools: JSON Schemas of what the assistant may call, as a list or as JSON text",
    ", ".join(OURS): f"stay where they are what curate makes, else stand under `{RESERVED}`",
}


def as_pool(rows: Any) -> Dataset:
    """A pool of records from a pool, or from a Dataset, DataFrame or list of dicts in any shape that is recognised.

    Raises CurateError with the number of the first row, from 1, that cannot be read.
    """
    if isinstance(rows, Dataset) and "id" in rows.column_names and not broken_columns(rows) and not _clashes(rows):
        return rows
    names = Names()
    records = []
    for row in numbered(rows):
        try:
            record, _ = read_record(row)
            names.give(record, row.source, row.line)
        except CurateError as error:
            raise CurateError(f"row {row.line}: {error}; curate.load puts what it cannot read aside") from None
        records.append(record)
    return from_rows(records)


def _clashes(pool: Dataset) -> bool:
    """Whether a column of the pool has the name of one of ours and may be another."""
    kinds: dict[str, Any] = {**dict.fromkeys(("redactions", "rejected", "source", "tools"), Json())}
    kinds |= {"generator": Value("string"), "detail": None, "reason": None, "stage": None}
    return any(name in pool.column_names and pool.features[name] != kind for name, kind in kinds.items())


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
        yield Row("rows", number, plain(dict(row)) if isinstance(rows, Dataset) else row)


def read_record(row: Row, notes: Notes | None = None) -> tuple[dict[str, Any], str]:
    """A row as a record and the name of its shape; raises CurateError with the reason.

    `notes` counts what found no place in the messages: keys of turns that are ignored, columns that look like a turn
    and are none, and columns that have the name of one of ours.
    """
    if row.fault:
        raise CurateError(row.fault)
    notes = Counter() if notes is None else notes
    own: Notes = Counter()
    record, shape = _recognise(put_back(clean_row(row.content, nulls=not _is_columnar(row.source))), own)
    own.update(f"column {name} not used as a turn" for name in _unused(record))
    record = make_room(record)
    own.update(f"column {name} under {RESERVED}" for name in record.get(RESERVED, ()))
    if not isinstance(record.get("id", ""), str | int):
        raise CurateError(f"id must be a text or a whole number, found {record['id']!r:.80}")
    if record.get("embedding") == []:
        raise CurateError("embedding must hold numbers, found none")
    check_order(record["messages"])
    notes.update(own)
    return record, shape


def renamed(row: Row, columns: Mapping[str, str], notes: Notes) -> Row:
    """The row with the columns under our names that `columns` maps to the user's; one that had our name stands aside.

    `notes` counts how often each was there.
    """
    given = {ours: row.content[theirs] for ours, theirs in columns.items() if theirs in row.content}
    rest = {name: value for name, value in row.content.items() if name not in columns.values()}
    aside = [name for name in given if name in rest]
    rest = put_aside(rest, aside)
    notes.update(f"column {name} of the file under {RESERVED}" for name in aside)
    notes.update(f"column {columns[name]} as {name}" for name in given)
    return row._replace(content={**rest, **given})


def _recognise(row: dict[str, Any], notes: Notes) -> tuple[dict[str, Any], str]:
    shape = next((shape for shape in SHAPES if shape.fits(row)), None)
    if shape is None:
        raise CurateError(
            f"no shape is recognised: one of the keys {', '.join(map(repr, ('messages', *CONVERSATIONS, *QUESTIONS)))} "
            f"is needed, found {', '.join(map(repr, row)) or 'no keys'}; load's `columns` maps others"
        )
    messages, name, candidates = shape.read(row, notes)
    if not messages:
        raise CurateError(f"{name} holds no turns")
    messages = [*read_system(row, messages), *messages]
    read_tools(row, notes)
    if key := candidates_in(row):
        candidates = [*candidates, *read_candidates(row, key, notes)]
    elif {"chosen", "rejected"} <= row.keys():
        candidates = _preferred_in(row, messages, notes)
    if candidates:
        row = {**put_aside(row, [name for name in ("candidates",) if name in row]), "candidates": candidates}
    return {**row, "messages": messages}, name


def _preferred_in(row: dict[str, Any], messages: Sequence[Mapping[str, Any]], notes: Notes) -> list[dict[str, Any]]:
    """Takes `chosen` and `rejected` out of the row as candidates where they answer what the conversation asks last."""
    own: Notes = Counter()
    try:
        before, candidates = preferred(dict(row), [], own)
    except CurateError:
        return []
    asked = messages[:-1] if has_response(messages) else messages
    if before and _without_system(before) != _without_system(asked):
        return []
    del row["chosen"], row["rejected"]
    notes.update(own)
    return candidates


def _without_system(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [turn for turn in messages if turn["role"] != "system"]


def _unused(record: Mapping[str, Any]) -> list[str]:
    """The columns that look like turns, and whose text is in none."""
    texts = {turn["content"] for turn in record["messages"]}
    return sorted(
        name
        for name in TURNLIKE.intersection(record)
        if record[name] not in ("", [], {})
        and not _is_ours(name, record[name])
        and not (isinstance(record[name], str) and record[name] in texts)
    )


def _is_ours(name: str, value: Any) -> bool:
    return name in OURS and OURS[name](value)


def _is_columnar(source: str) -> bool:
    return source.startswith("hub:") or source.endswith(COLUMNAR)
