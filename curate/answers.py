"""The turns of a record that can be judged, and scores and verdicts back to where they belong.

What a stage judges is stated here, once. A record that ends with an assistant turn has a response, and that is what is
judged: its scores are the record's, and a bad one drops the record. Candidates that it still has beside it were judged
before one of them was chosen, and stay as they are. A record without a response has candidates, and each is judged as
the turn that would follow: its scores are the candidate's, and a bad one moves to `rejected`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datasets import Dataset

from curate.outcome import Drop, Outcome, partition, sift
from curate.records.pool import set_candidates, set_scores
from curate.records.schema import has_response
from curate.records.texts import spoken

Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Turn:
    """A turn to judge: the last one of `messages`, after those before it.

    It stands in the record at `row`, or it is what the record's candidate number `candidate` would be. `tools` are what
    the assistant may call.
    """

    row: int
    messages: Messages
    candidate: int | None = None
    tools: Messages | None = None

    @property
    def before(self) -> Messages:
        """The turns before it."""
        return self.messages[:-1]

    @property
    def last(self) -> Mapping[str, Any]:
        """The turn itself: a message, or a candidate as one, with the candidate's other keys."""
        return self.messages[-1]


def response_turns(records: Dataset) -> list[Turn]:
    """The response of each record that has one, and all candidates of each that has none."""
    return _turns(records, lambda messages: [len(messages)] if has_response(messages) else [])


def last_turns(records: Dataset) -> list[Turn]:
    """The last turn of each record, and after it the candidates of one that has no response."""
    return _turns(records, lambda messages: [len(messages)])


def every_turn(records: Dataset) -> list[Turn]:
    """Every turn of each record, and after them the candidates of one that has no response."""
    return _turns(records, lambda messages: range(1, len(messages) + 1))


def without_choice(record: Mapping[str, Any]) -> Messages:
    """The conversation of `record` without a response that was chosen among its candidates."""
    messages: Messages = record["messages"]
    chosen = map(as_turn, record.get("candidates") or ())
    if has_response(messages) and any({**messages[-1], **turn} == messages[-1] for turn in chosen):
        return messages[:-1]
    return messages


def tools_of(records: Dataset) -> Sequence[Messages | None]:
    """What the assistant of each record may call, None where that is nothing."""
    if "tools" not in records.column_names:
        return [None] * len(records)
    tools: Sequence[Messages | None] = records["tools"]
    return tools


def told(messages: Messages) -> list[dict[str, Any]]:
    """The conversation for a model that judges it, whose template may know no tools: calls are text in their turn, and
    what tools returned stands in user turns."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "user" if message["role"] == "tool" else message["role"]
        reasoning = message.get("reasoning_content")
        turn = {"role": role, "content": spoken(message), **({"reasoning_content": reasoning} if reasoning else {})}
        if role == "user" and turns and turns[-1]["role"] == role:
            turns[-1] = {**turn, "content": f"{turns[-1]['content']}\n\n{turn['content']}"}
        else:
            turns.append(turn)
    return turns


def as_turn(candidate: Mapping[str, Any]) -> dict[str, Any]:
    """The assistant turn that a candidate becomes."""
    return {"role": "assistant", **{key: candidate.get(key) for key in ("content", "reasoning_content")}}


def as_candidate(turn: Mapping[str, Any], generator: str) -> dict[str, Any]:
    """The candidate that an assistant turn becomes."""
    return {**{key: turn.get(key) for key in ("content", "reasoning_content")}, "generator": generator}


def judged(
    records: Dataset,
    turns: Sequence[Turn],
    verdicts: Iterable[Drop | None],
    scores: Mapping[str, Sequence[float | None]] | None = None,
    *,
    drops: Sequence[Drop | None] | None = None,
    without: Drop | None = None,
    stats: Mapping[str, float] | None = None,
) -> Outcome:
    """Divides `records` by one verdict on each of their `turns`, None for a good one, and keeps the `scores`.

    `scores` has a value for each turn under each name. `drops` are verdicts on the records themselves, which come
    first; `without` is that on a record none of whose turns was judged. A record goes for the first of its verdicts,
    or for the commonest reason of its candidates where all of them go.
    """
    fates = list(drops or [None] * len(records))
    if without:
        answered = {turn.row for turn in turns}
        fates = [fate or (None if row in answered else without) for row, fate in enumerate(fates)]
    scores = scores or {}
    candidates = [list(row or ()) for row in _candidates(records)]
    rejections: list[list[Drop | None]] = [[None] * len(row) for row in candidates]
    columns: dict[str, list[float | None]] = {name: [None] * len(records) for name in scores}
    for number, (turn, verdict) in enumerate(zip(turns, verdicts, strict=True)):
        values = {name: column[number] for name, column in scores.items()}
        if turn.candidate is None:
            fates[turn.row] = fates[turn.row] or verdict
            for name, value in values.items():
                columns[name][turn.row] = value
        else:
            rejections[turn.row][turn.candidate] = verdict
            candidate = dict(candidates[turn.row][turn.candidate])
            candidate["scores"] = {**(candidate.get("scores") or {}), **values}
            candidates[turn.row][turn.candidate] = candidate
    if "candidates" not in records.column_names:
        return partition(set_scores(records, columns) if scores else records, fates, dict(stats or {}))
    if scores and any(turn.candidate is None for turn in turns):
        records = set_scores(records, columns)
    if scores and any(turn.candidate is not None for turn in turns):
        records = set_candidates(records, candidates, scores)
    return sift(records, rejections, stats, fates)


def _turns(records: Dataset, ends: Callable[[Messages], Iterable[int]]) -> list[Turn]:
    """The turns that `ends` names by the number of messages up to them, and those that candidates would be."""
    turns: list[Turn] = []
    columns = zip(records["messages"], _candidates(records), tools_of(records), strict=True)
    for row, (messages, candidates, tools) in enumerate(columns):
        turns += [Turn(row, messages[:end], tools=tools) for end in ends(messages)]
        if not has_response(messages):
            answered = ([*messages, {"role": "assistant", **candidate}] for candidate in candidates or ())
            turns += [Turn(row, conversation, number, tools) for number, conversation in enumerate(answered)]
    return turns


def _candidates(records: Dataset) -> Sequence[Sequence[Mapping[str, Any]] | None]:
    """The candidates of each record, None where there can be none."""
    if "candidates" in records.column_names:
        candidates: Sequence[Sequence[Mapping[str, Any]] | None] = records["candidates"]
        return candidates
    return [None] * len(records)
