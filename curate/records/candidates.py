"""Several responses to one instruction, as people write them, made into `candidates`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from curate.errors import CurateError
from curate.records.reserved import OURS
from curate.records.schema import has_response
from curate.records.turns import (
    REASONING,
    Notes,
    from_json,
    read_transcript,
    read_turn,
    read_turns,
    split_reasoning,
    turns_in,
)

CANDIDATES = ("candidates", "responses", "outputs", "generations", "completions")
TEXTS = ("content", "text", "response", "output", "generation", "completion", "answer")
GENERATORS = ("generator", "model", "model_name")
PARALLEL = ("generation_models", "model_names", "generators", "models")  # columns that name each candidate's model
PREFERENCE = "preference"  # the score of what people chose, 1, and of what they rejected, 0


def candidates_in(row: Mapping[str, Any]) -> str:
    """The column of `row` that holds candidates: a list of texts or structs; empty where there is none."""
    for key in CANDIDATES:
        items = from_json(row.get(key))
        if isinstance(items, list) and items and all(isinstance(item, str | Mapping) for item in items):
            return key
    return ""


def read_candidates(row: dict[str, Any], key: str, notes: Notes) -> list[dict[str, Any]]:
    """Takes the candidates under `key` out of the row, and the names of their generators that stand beside them, as
    in distilabel's sets.

    Raises CurateError for a candidate without a text.
    """
    items = from_json(row.pop(key))
    made = []
    for number, item in enumerate(items, 1):
        try:
            made.append(_candidate({"content": item} if isinstance(item, str) else dict(item), notes))
        except CurateError as error:
            raise CurateError(f"{key}: item {number}: {error}") from None
    for name in PARALLEL if key != "candidates" else ():
        named = from_json(row.get(name))
        if isinstance(named, list) and len(named) == len(made) and all(isinstance(model, str) for model in named):
            row.pop(name)
            return [{"generator": model, **candidate} for model, candidate in zip(named, made, strict=True)]
    return made


def preferred(
    row: dict[str, Any], before: Sequence[dict[str, Any]], notes: Notes
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Takes `chosen` and `rejected` out of the row: the conversation before them, and the two as candidates.

    Each is a text, a turn, or a whole conversation, which then says what came before; `before` is what the row has of
    that elsewhere. Raises CurateError where the two do not differ in one assistant turn, the last.
    """
    chosen, rejected = (_as_turns(row.pop(name), name, notes) for name in ("chosen", "rejected"))
    pairs = zip(chosen[:-1], rejected[:-1], strict=False)
    shared = [turn for turn, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
    answers = [turns[len(shared) :] for turns in (chosen, rejected)]
    if any(len(turns) != 1 or turns[0]["role"] != "assistant" or "tool_calls" in turns[0] for turns in answers):
        raise CurateError("chosen and rejected must differ in one assistant turn, the last, and hold no tool calls")
    candidates = [
        {**_of_turn(turn), "scores": {PREFERENCE: score}} for (turn,), score in zip(answers, (1.0, 0.0), strict=True)
    ]
    if any(turn["role"] == "user" for turn in shared):
        system = [turn for turn in before if turn["role"] == "system" and turn not in shared]
        return [*system, *shared], candidates
    return [*before, *shared], candidates


def grouped(records: Iterable[dict[str, Any]], notes: Notes) -> Iterator[dict[str, Any]]:
    """One record for all records of one conversation up to the response, whose responses are its `candidates`.

    A candidate's `generator` and scores are those of its record. A column in which the records of a group differ
    becomes the list of their values; of a column of curate's own only what they share stays. The first id stays. A
    record that ends with a tool call is not gathered.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault(json.dumps([_before(record["messages"]), record.get("tools")]), []).append(record)
    for members in groups.values():
        yield _group(members, notes)


def _before(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The conversation before its response."""
    return messages[:-1] if has_response(messages) and "tool_calls" not in messages[-1] else messages


def _group(members: Sequence[dict[str, Any]], notes: Notes) -> dict[str, Any]:
    before = _before(members[0]["messages"])
    candidates: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for member in members:
        columns = {name: value for name, value in member.items() if name not in ("messages", "candidates")}
        candidates += member.get("candidates", [])
        own: dict[str, Any] = {name: columns.pop(name) for name in ("generator", "scores") if name in columns}
        if len(member["messages"]) > len(before):
            candidates.append({**_of_turn(member["messages"][-1]), **own})
        elif "candidates" not in member:
            notes["rows without a response"] += 1
        rows.append(columns)
    record = {**rows[0], "messages": before, "candidates": candidates}
    for name in dict.fromkeys(name for row in rows for name in row if name not in ("id", "source")):
        values = [row.get(name) for row in rows]
        given = [value for value in values if value is not None]
        if all(value == given[0] for value in given):
            record[name] = given[0]
        else:
            if name in OURS:
                record.pop(name, None)
                notes[f"column {name} dropped, for its rows differ"] += 1
            else:
                record[name] = values
                notes[f"column {name} as the list of its rows' values"] += 1
    notes["rows gathered"] += len(members)
    return record


def _of_turn(turn: Mapping[str, Any]) -> dict[str, Any]:
    """The candidate that an assistant turn becomes."""
    return {key: turn[key] for key in ("content", "reasoning_content") if key in turn}


def _candidate(item: dict[str, Any], notes: Notes) -> dict[str, Any]:
    key = next((key for key in TEXTS if isinstance(item.get(key), str)), "")
    reasoning = next((item.pop(key) for key in REASONING if isinstance(item.get(key), str)), "")
    if not key and not reasoning:
        raise CurateError(f"a candidate is a text or has one under {', '.join(TEXTS)}; found {item!r:.80}")
    text = item.pop(key) if key else ""
    content, thought = (text, "") if reasoning.strip() else split_reasoning(text)
    candidate: dict[str, Any] = {"content": content}
    if reasoning.strip() or thought:
        candidate["reasoning_content"] = reasoning if reasoning.strip() else thought
    generator = next((item.pop(key) for key in GENERATORS if isinstance(item.get(key), str)), None)
    candidate |= {"generator": generator} if generator is not None else {}
    if isinstance(item.get("finish_reason"), str):
        candidate["finish_reason"] = item.pop("finish_reason")
    scores = {key: value for key, value in item.items() if _is_number(value)}
    own = item.get("scores")
    if isinstance(own, Mapping):
        scores |= {key: value for key, value in own.items() if _is_number(value) or value is None}
    if scores:
        candidate["scores"] = scores
    ignored = Counter(f"candidate key {key} ignored" for key in item if key not in scores and item[key] is not None)
    del ignored["candidate key role ignored"]
    if isinstance(own, Mapping) and own.keys() <= scores.keys():
        del ignored["candidate key scores ignored"]
    notes.update(ignored)
    return candidate


def _as_turns(value: Any, key: str, notes: Notes) -> list[dict[str, Any]]:
    if isinstance(value, str) and (said := read_transcript(value)):
        return said
    if isinstance(value, str) and not turns_in(value):
        return [read_turn({"role": "assistant", "content": value}, notes)]
    if isinstance(value, Mapping):
        return [read_turn({"role": "assistant", **value}, notes)]
    return read_turns(value, notes, key)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
