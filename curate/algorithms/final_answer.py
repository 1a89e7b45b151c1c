r"""The final answer of a solution, where it is plainly told: `#### 42` (GSM8K), `\boxed{42}`, "The answer is 42"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from curate.algorithms import math_text
from curate.algorithms.arithmetic import number
from curate.algorithms.equations import Equation, amount

_HASHES = re.compile(r"^####\s*(.+?)\s*$", re.MULTILINE)
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
_TOLD = re.compile(
    r"(?:\b(?:the|my|our)\s(?:final\s|correct\s)?answer\s(?:is|was)|\b(?:final\s)?answer\s?:|答案(?:是|为|：|:))"
    r"(?![\s*:：]*(?:not|that|the)\b)[\s*:：]*([^\n]+)",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"\(?([A-J])\)?(?:[.:,)]|$)")
_DIGITS = re.compile(r"(?<![\w.])(?:\d[\d,]*\.?\d*|\.\d+)")
_CENT = Fraction(1, 100)


class Answer(NamedTuple):
    """An answer as it is written, and what it may be worth: numbers, or the letter of a choice."""

    text: str
    values: tuple[Fraction | str, ...]
    start: int


def final_answer(text: str) -> Answer | None:
    """The last answer that the text tells plainly, by the surest of the forms that it has; None without one."""
    for pattern in (_HASHES, _BOXED, _TOLD):
        matches = list(pattern.finditer(text))
        if matches:
            told = matches[-1][1].strip()
            return Answer(told, values(told), matches[-1].start())
    return None


def reference_answer(text: str) -> Answer:
    """The final answer of a reference: what it tells plainly, or all of it."""
    return final_answer(text) or Answer(text.strip(), values(text), 0)


def contradiction(text: str, equations: Sequence[Equation]) -> tuple[Answer, Equation] | None:
    """The final answer and the last of the text's equations, which must be the last thing said to be equal to anything
    before the answer; None where the answer is no number, or stands somewhere before.

    An amount of cents may be told of an equation in dollars, and a percentage of one in fractions.
    """
    answer = final_answer(text) if equations and equations[-1].holds else None
    if answer is None or not answer.values or isinstance(answer.values[0], str):
        return None
    body, last = math_text.plain(text[: answer.start]), equations[-1]
    result = last.text.rpartition("=")[2].strip(" $")
    if not result or not body.rpartition("=")[2].lstrip(" $").startswith(result):
        return None
    known = {value for digits in _DIGITS.findall(body) if (value := number(digits.replace(",", "").rstrip(".")))}
    if _stands(answer, {value.value for value in known} | {last.stated}):
        return None
    spaced = re.sub(r"(?<=\d) (?=\d{3})", "", body)
    digits = re.sub(r"\D", "", answer.text)
    return None if len(digits) > 3 and digits in spaced else (answer, last)


def _stands(answer: Answer, known: set[Fraction]) -> bool:
    worths = [value for value in answer.values if isinstance(value, Fraction)]
    return any(abs(worth) * factor in known for worth in worths for factor in (1, 100, _CENT))


def values(text: str) -> tuple[Fraction | str, ...]:
    """What an answer may be worth; none where it is neither a number nor the letter of a choice."""
    if choice := _CHOICE.match(text.strip().removeprefix(r"\text{").rstrip("}*")):
        return (choice[1],)
    return amount(text.strip("$*` "))


def same(answer: Answer, reference: Answer) -> bool | None:
    """Whether two answers agree, numbers to what is written of them; None where they cannot be compared."""
    if answer.text == reference.text:
        return True
    pairs = [(given, wanted) for given in answer.values for wanted in reference.values]
    if not pairs or any(isinstance(given, str) != isinstance(wanted, str) for given, wanted in pairs):
        return None
    return any(given == wanted or _close(given, wanted) for given, wanted in pairs)


def _close(given: Fraction | str, wanted: Fraction | str) -> bool:
    """Whether numbers agree that were rounded to at least two decimals."""
    if isinstance(given, str) or isinstance(wanted, str) or 1 in (given.denominator, wanted.denominator):
        return False
    return abs(given - wanted) < _CENT and abs(given - wanted) * 100 < abs(wanted)
