"""What `screen` puts right in the texts of a pool before it judges them, where it is asked to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from datasets import Dataset, Json

from curate.algorithms import mojibake, template_debris
from curate.algorithms.personal_data import redact
from curate.records.pool import set_column

Turn = Mapping[str, Any]
Mend = Callable[[Turn, str], tuple[dict[str, Any], Counter[str]]]
_TEXTS = ("content", "reasoning_content")


def asked(turns: Iterable[Turn]) -> str:
    """What the user said in these turns."""
    return "\n".join(turn["content"] for turn in turns if turn["role"] == "user")


def mended(records: Dataset, mend: Mend) -> tuple[Dataset, list[Counter[str]]]:
    """`records` with every message, candidate and rejected candidate mended, and what was done to each record.

    `mend` gets a turn and what the user had said before it.
    """
    counts: list[Counter[str]] = [Counter() for _ in range(len(records))]
    before = [[asked(messages[:end]) for end in range(len(messages) + 1)] for messages in records["messages"]]
    for name in ("messages", "candidates", "rejected"):
        if name not in records.column_names:
            continue
        column = []
        for row, turns in enumerate(records[name]):
            requests = before[row] if name == "messages" else [before[row][-1]] * len(turns or ())
            pairs = [mend(turn, request) for turn, request in zip(turns or (), requests, strict=False)]
            column.append([turn for turn, _ in pairs])
            counts[row].update(sum((done for _, done in pairs), Counter()))
        if any(counts):
            records = set_column(records, name, column, records.features[name])
    return records, counts


def without_personal_data(records: Dataset) -> tuple[Dataset, Counter[str]]:
    """`records` with placeholders for personal data, counted in `redactions` and, in all of them, beside."""
    before = records["redactions"] if "redactions" in records.column_names else [None] * len(records)
    records, counts = mended(records, _redact)
    total: Counter[str] = sum(counts, Counter())
    redactions = [dict(Counter(row or {}) + count) or None for row, count in zip(before, counts, strict=True)]
    records = set_column(records, "redactions", redactions, Json())
    return records, Counter({f"redacted {kind}": number for kind, number in total.items()})


def without_mojibake(records: Dataset) -> tuple[Dataset, Counter[str]]:
    """`records` with what was decoded wrongly decoded as it was written, where nothing was lost, and how many texts."""
    records, counts = mended(records, _decode)
    return records, sum(counts, Counter())


def without_user_turns(records: Dataset) -> tuple[Dataset, Counter[str]]:
    """`records` whose responses end where they went on as the user, and how many did."""
    records, counts = mended(records, _end_before_user)
    return records, sum(counts, Counter())


def _redact(turn: Turn, _: str) -> tuple[dict[str, Any], Counter[str]]:
    counts: Counter[str] = Counter()
    cleaned = dict(turn)
    for name in _TEXTS:
        if turn.get(name):
            cleaned[name], found = redact(turn[name])
            counts += found
    if turn.get("tool_calls"):
        cleaned["tool_calls"] = [_redact_call(call, counts) for call in turn["tool_calls"]]
    return cleaned, counts


def _redact_call(call: Turn, counts: Counter[str]) -> dict[str, Any]:
    """The call with placeholders in the texts of its arguments, which stay JSON; adds to `counts`."""

    def cleaned(value: Any) -> Any:
        if isinstance(value, str):
            text, found = redact(value)
            counts.update(found)
            return text
        if isinstance(value, list):
            return [cleaned(item) for item in value]
        return {key: cleaned(item) for key, item in value.items()} if isinstance(value, dict) else value

    before, given = sum(counts.values()), call["function"]["arguments"]
    try:
        arguments = json.dumps(cleaned(json.loads(given)), ensure_ascii=False)
    except ValueError:
        arguments = cleaned(given)
    changed = sum(counts.values()) > before
    return {**call, "function": {**call["function"], "arguments": arguments if changed else given}}


def _decode(turn: Turn, _: str) -> tuple[dict[str, Any], Counter[str]]:
    decoded = {name: mojibake.repaired(turn[name]) for name in _TEXTS if turn.get(name)}
    changed = sum(decoded[name] != turn[name] for name in decoded)
    return {**turn, **decoded}, Counter({"repaired mojibake": changed} if changed else {})


def _end_before_user(turn: Turn, request: str) -> tuple[dict[str, Any], Counter[str]]:
    if turn.get("role", "assistant") != "assistant":
        return dict(turn), Counter()
    end = template_debris.user_turn(turn["content"], template_debris.dialogue_asked_for(request))
    if end is None:
        return dict(turn), Counter()
    return {**turn, "content": turn["content"][:end]}, Counter({"repaired user turn": 1})
