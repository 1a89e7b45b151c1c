"""A few of the records that a stage dropped, by reason: what was asked and answered, and the numbers behind it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from datasets import Dataset

from curate.outcome import reasons_of
from curate.records.texts import shortened, texts_of

EACH = 2  # examples of each reason
MOST = 20  # reasons of a stage
ASKED, ANSWERED, WHY = 50, 60, 120  # characters that are shown


def example_lines(stage: str, dropped: Dataset) -> list[str]:
    """The reasons of a stage, the commonest first, each with its number and the first of its records, a line each."""
    reasons = reasons_of(dropped)
    counts = Counter(reasons).most_common()
    lines = []
    for reason, count in counts[:MOST]:
        lines.append(f"{stage}, {count} {reason}:")
        rows = [row for row, other in enumerate(reasons) if other == reason][:EACH]
        lines += [f"  {line}" for line in _lines(dropped.select(rows))]
    if len(counts) > MOST:
        lines.append(f"{stage}, {sum(count for _, count in counts[MOST:])} for other reasons")
    return lines


def _lines(records: Dataset) -> list[str]:
    if "messages" not in records.column_names:  # what could not be read
        return [shortened(plainly(row), ASKED + ANSWERED + WHY) for row in records.to_list()]
    asked, answered = ([*texts_of(records, part)] for part in ("instruction", "response"))
    return [
        f"{shortened(name, ASKED)}: {shortened(question, ASKED)} → {shortened(answer, ANSWERED)} "
        f"({shortened(plainly(detail), WHY)})"
        for name, question, answer, detail in zip(records["id"], asked, answered, records["detail"], strict=True)
    ]


def plainly(values: Mapping[str, Any]) -> str:
    """Names and values, as a person writes them."""
    pairs = {name: value for name, value in values.items() if value is not None}
    return ", ".join(f"{name} {_value(value)}" for name, value in pairs.items())


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
