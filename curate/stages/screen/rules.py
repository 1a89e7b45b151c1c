"""The rules of `screen`: each has a reason, and finds in a text what speaks against it.

A rule gets the texts that passed the rules before it, all at once, and answers for each with the numbers behind its
verdict, or None.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from curate.algorithms.language import UNDETERMINED, Detection
from curate.algorithms.personal_data import redact
from curate.algorithms.special_tokens import special_token

Detail = dict[str, Any]
Bounds = tuple[int, int]


@dataclass(frozen=True)
class Text:
    """A text to judge: an `instruction`, a `response`, or a `system` prompt, which is judged for personal data alone.

    `language` is that of the conversation, on its last turn only.
    """

    kind: str
    content: str
    reasoning: str | None = None
    finish_reason: str | None = None
    language: Detection | None = None


class Rule(NamedTuple):
    """A reason, and what finds it."""

    reason: str
    judge: Callable[[Sequence[Text]], Sequence[Detail | None]]


def verdicts(texts: Sequence[Text], rules: Sequence[Rule]) -> list[tuple[str, Detail] | None]:
    """The reason and detail of the first rule that each text fails, None where it passes all."""
    failed: list[tuple[str, Detail] | None] = [None] * len(texts)
    rows = list(range(len(texts)))
    for rule in rules:
        details = rule.judge([texts[row] for row in rows])
        for row, detail in zip(rows, details, strict=True):
            if detail is not None:
                failed[row] = (rule.reason, {"text": texts[row].kind, **detail})
        rows = [row for row in rows if failed[row] is None]
    return failed


def per_text(
    reason: str, judge: Callable[[Text], Detail | None], kinds: Sequence[str] = ("instruction", "response")
) -> Rule:
    """A rule that looks at texts of these kinds one by one."""
    return Rule(reason, lambda texts: [judge(text) if text.kind in kinds else None for text in texts])


def within_share(reason: str, measure: Callable[[Sequence[str]], np.ndarray], most: float) -> Rule:
    """A rule that a text fails when its measure is above `most`."""

    def judge(texts: Sequence[Text]) -> list[Detail | None]:
        values = measure([text.content if text.kind != "system" else "" for text in texts]).tolist()
        return [{"share": value, "threshold": most} if value > most else None for value in values]

    return Rule(reason, judge)


def without_phrase(reason: str, find: Callable[[str], str | None]) -> Rule:
    """A rule that a response fails when something is found in it."""

    def judge(text: Text) -> Detail | None:
        match = find(text.content)
        return {"found": match} if match is not None else None

    return per_text(reason, judge, kinds=("response",))


def unfinished_reasoning(text: Text) -> Detail | None:
    """There is reasoning, and no content."""
    if not text.reasoning or text.content.strip():
        return None
    return {"finish_reason": text.finish_reason, "reasoning": len(text.reasoning)}


def cut_off(text: Text) -> Detail | None:
    """The length limit stopped the model."""
    return {"finish_reason": "length", "characters": _length(text)} if text.finish_reason == "length" else None


def empty(text: Text) -> Detail | None:
    """There is no letter, digit, pictograph or sign of mathematics."""
    return None if any(map(_says_something, text.content)) else {"characters": _length(text)}


def too_short(bounds: dict[str, Bounds]) -> Callable[[Text], Detail | None]:
    """There are fewer characters than the bounds of the kind of text allow."""

    def judge(text: Text) -> Detail | None:
        least = bounds[text.kind][0]
        return {"characters": _length(text), "threshold": least} if _length(text) < least else None

    return judge


def too_long(bounds: dict[str, Bounds]) -> Callable[[Text], Detail | None]:
    """There are more characters than the bounds of the kind of text allow."""

    def judge(text: Text) -> Detail | None:
        most = bounds[text.kind][1]
        return {"characters": _length(text), "threshold": most} if _length(text) > most else None

    return judge


def special_tokens(text: Text) -> Detail | None:
    """There is what looks like a control token."""
    token = special_token(text.content)
    return {"token": token} if token else None


def other_language(wanted: Sequence[str]) -> Callable[[Text], Detail | None]:
    """The language of the conversation can be told, and is none of these."""

    def judge(text: Text) -> Detail | None:
        if text.language is None or text.language.language in (UNDETERMINED, *wanted):
            return None
        return {"language": text.language.language, "confidence": text.language.confidence, "wanted": list(wanted)}

    return judge


def personal_data(text: Text) -> Detail | None:
    """There is personal data in the content or in the reasoning; the detail counts it, and does not repeat it."""
    counts = redact(text.content)[1] + redact(text.reasoning or "")[1]
    return {"found": dict(counts)} if counts else None


def _length(text: Text) -> int:
    return len(text.content.strip())


def _says_something(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character) in ("So", "Sm")
