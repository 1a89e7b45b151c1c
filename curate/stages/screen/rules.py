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

from curate.algorithms import gibberish as disorder
from curate.algorithms import markup, template_debris, truncation
from curate.algorithms.language import UNDETERMINED, Detection
from curate.algorithms.mojibake import mojibake
from curate.algorithms.personal_data import redact
from curate.algorithms.special_tokens import special_token

Detail = dict[str, Any]
Bounds = tuple[int, int]
RESPONSE = ("response",)
BROKEN = ("instruction", "response", "call")  # the kinds that are looked at for broken text


@dataclass(frozen=True)
class Text:
    """A text to judge: an `instruction`, a `response`, a `system` prompt, what a tool returned (`result`), or a turn of
    tool calls (`call`), whose words are judged for what is broken in them, and not for how they end.

    Prompts and results are judged for personal data alone.

    `asked` is what the user had said before it; `language` is that of the conversation, on its last turn only.
    """

    kind: str
    content: str
    reasoning: str | None = None
    finish_reason: str | None = None
    asked: str = ""
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
        values = measure([text.content if text.kind in BROKEN else "" for text in texts]).tolist()
        return [{"share": value, "threshold": most} if value > most else None for value in values]

    return Rule(reason, judge)


def without_phrase(reason: str, find: Callable[[str], str | None]) -> Rule:
    """A rule that a response fails when something is found in it."""

    def judge(text: Text) -> Detail | None:
        return _found(find(text.content))

    return per_text(reason, judge, RESPONSE)


def unfinished_reasoning(text: Text) -> Detail | None:
    """There is reasoning, and no content."""
    if not text.reasoning or text.content.strip():
        return None
    return {"finish_reason": text.finish_reason, "reasoning": len(text.reasoning)}


def stopped(text: Text) -> Detail | None:
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


def wrongly_decoded(text: Text) -> Detail | None:
    """There are characters that another encoding made of the written ones."""
    return _found(mojibake(text.content))


def user_turn(text: Text) -> Detail | None:
    """The response goes on as the user, after `characters` of its own."""
    dialogue = template_debris.dialogue_asked_for(text.asked)
    end = template_debris.user_turn(text.content, dialogue)
    return {"found": text.content[end:].strip()[:60], "characters": end} if end is not None else None


def debris(text: Text) -> Detail | None:
    """There is a mark of a prompt's template, or that of a speaker where nobody asked for a dialogue."""
    mark = template_debris.template_debris(text.content)
    if mark is None:
        mark = template_debris.role_mark(text.content, template_debris.dialogue_asked_for(text.asked))
    return _found(mark)


def markup_residue(text: Text) -> Detail | None:
    """There are tags or entities in a text that is not markup, in answer to a request that is not about markup."""
    residue = markup.markup_residue(text.content)
    if residue is None or markup.asked_for(text.asked) or markup.is_markup(text.content):
        return None
    return _found(residue)


def gibberish(text: Text) -> Detail | None:
    """Too many words are none, or stand in an order that grammar forbids, and nobody asked for such a text."""
    prose = disorder.readable(text.content)
    measures = (
        ("odd words", disorder.odd_words(prose), disorder.MOST_ODD),
        ("broken order", disorder.broken_order(prose), disorder.MOST_BROKEN),
    )
    for name, share, most in measures:
        if share > most:
            return None if disorder.disorder_asked_for(text.asked) else {"of": name, "share": share, "threshold": most}
    return None


def without_end(least: int) -> Callable[[Text], Detail | None]:
    """The signs that the text was cut off have this weight together."""

    def judge(text: Text) -> Detail | None:
        signs = truncation.truncation(text.content, text.asked)
        score = sum(signs.values())
        if score < least:
            return None
        return {"signs": sorted(signs), "score": score, "threshold": least, "end": text.content.rstrip()[-40:]}

    return judge


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


def _found(piece: str | None) -> Detail | None:
    return {"found": piece} if piece is not None else None


def _length(text: Text) -> int:
    return len(text.content.strip())


def _says_something(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character) in ("So", "Sm")
