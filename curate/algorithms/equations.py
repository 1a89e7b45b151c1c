"""Equations in a text, checked by exact arithmetic; where there is any doubt what is meant, none is seen.

An equation holds if some reading of it does: a percentage as a number or as a fraction, a rounded number, a dash that
is no minus, a running total (`2 + 3 = 5 + 1 = 6`). It is false where both sides can be read whole and no reading holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from curate.algorithms import arithmetic, math_text, math_words
from curate.algorithms.arithmetic import Number, evaluate
from curate.algorithms.math_text import Token
from curate.algorithms.readings import fraction, holds, readings

MOST_UNIT_WORDS = 4

_DOUBT = re.compile(
    r"\b(?:not|isn't|doesn't|wrong|wrongly|incorrect(?:ly)?|false|mistakes?|mistaken(?:ly)?|errors?|instead of|claims?"
    r"|claim(?:ed|ing)|suppose|assum\w+|contradict\w*|absurd|impossible|inconsistent|invalid|joke|orwell\w*|fallacy"
    r"|paradox|nonsense|wait|actually|never|cannot|can't|typo)\b|错|不等于|≠|不对|假设|如果|悖论",
    re.IGNORECASE,
)
_OTHER_ARITHMETIC = re.compile(
    r"\b(?:mod|modulo|modular|modulus|binary|hexadecimal|hex|octal|base[- ](?:\d+|two|eight|ten)|boolean|xor"
    r"|roman numerals?|puzzle|riddle|vectors?|matri(?:x|ces)|significant figures)\b|≡|\\pmod|\\bmod|模|二进制",
    re.IGNORECASE,
)
_SHORTHAND = [(100, re.compile("cent|%|¢", re.IGNORECASE))] + [
    (10**power, re.compile("thousand|million|billion|trillion|[0-9][kKmMbB]\\b|万|亿")) for power in (3, 4, 6, 8, 9)
]
_RANGE = re.compile(r"(?<![\d.,])(\d+(?:,\d{3})*(?:\.\d+)?)(\s?)-\s?\$?(\d+(?:,\d{3})*(?:\.\d+)?)")
_CURRENCIES = ("$", "€", "£", "¥", "₹")
_REACH = 100  # characters before and after an equation in which doubt is looked for


class Equation(NamedTuple):
    """An equation as it was read: the value of its left side, what it says that this is, and whether that holds."""

    text: str
    value: Fraction
    stated: Fraction
    holds: bool


class _Side(NamedTuple):
    """One side of an equation, without its units, and the words and signs that were units."""

    tokens: list[Number | str]
    units: set[str]
    start: int
    end: int
    bare: bool

    @property
    def operators(self) -> int:
        return sum(token in ("+", "-", "*", "/", "^", "(") for token in self.tokens[1:])


def equations(text: str) -> Iterator[Equation]:
    """The equations between numbers in a text, in their order, those of GSM8K's marks first."""
    other = None
    for line in math_text.lines(text):
        other = bool(_OTHER_ARITHMETIC.search(text)) if other is None else other
        if other:
            return
        tokens = math_text.tokens(line)
        for position, token in enumerate(tokens):
            if token.kind in ("equals", "about") and (equation := _equation(line, tokens, position)):
                yield equation


def amount(text: str) -> tuple[Fraction, ...]:
    """What a text that begins with a number or an expression may be worth, a percentage also as a fraction; else ()."""
    line = math_text.plain(text.strip()).split("\n")[0].strip()
    side = _right(math_text.tokens(line), 0)
    if side is None or math_text.tokens(line)[0].kind == "break":
        return ()
    values = (evaluate(tokens) for tokens in (side.tokens, [fraction(token) for token in side.tokens]))
    return tuple(dict.fromkeys(value for value in values if value is not None))


def _equation(line: str, tokens: Sequence[Token], position: int) -> Equation | None:
    """The equation around the equals sign at `position`, or None where it cannot be told."""
    left, right = _left(tokens, position), _right(tokens, position + 1)
    if left is None or right is None or not (left.operators or (right.operators and left.bare)):
        return None
    value, stated = evaluate(left.tokens), evaluate(right.tokens)
    if value is None or stated is None:
        return None
    start = left.start - (line[: left.start][-1:] in _CURRENCIES)
    text = line[start : right.end].strip()
    if value == stated:
        return Equation(text, value, stated, True)
    about = tokens[position].kind == "about" or tokens[position + 1].text.strip(".") in math_words.VAGUE
    if holds(left.tokens, right.tokens, about):
        return Equation(text, value, stated, True)
    if _unsure(left, right, line) or _DOUBT.search(_around(line, left.start, right.end)):
        return None
    values = (evaluate(reading) for reading in readings(left.tokens, -1))
    nearest = min((value for value in values if value is not None), key=lambda value: abs(value - stated))
    return Equation(text, nearest, stated, False)


def _left(tokens: Sequence[Token], end: int) -> _Side | None:
    """The expression before the token at `end`."""
    kept: list[Token] = []
    words: list[str] = []
    units: set[str] = set()
    for position in range(end - 1, -1, -1):
        token = tokens[position]
        if token.kind == "word":
            words.append(token.text)
            continue
        if words and kept and _starts_operand(kept[-1]) and not _open(kept):
            if token.kind == "operator" or (token.kind == "number" and _belong(words)):
                return None
            break  # the words stand before the expression
        if token.kind in ("equals", "about", "break"):
            if words or (position and tokens[position - 1].kind == "operator"):
                return None
            break
        ends = token.kind == "number" or token.text == ")"
        if token.kind == "unknown" or (words and not (ends and _are_units(words))):
            return None
        if kept and ends and not words and _starts_operand(kept[-1]) and kept[-1].kind == "number":
            return None
        units.update(words, _signs(token))
        words = []
        kept.append(token)
    if (
        words
        and (_doubtful(words[0]) or words[0] in math_words.LABELS)
        and not (
            words[0] == "of" and words[1:2] and words[1] in math_words.AMOUNTS and not any(map(_doubtful, words[2:]))
        )
    ):
        return None
    kept.reverse()
    while kept and kept[0].text == "(" and _depth(kept) > 0:
        del kept[0]
    return _side(kept, units, bare=not words and not units - {"$", "%"})


def _right(tokens: Sequence[Token], start: int) -> _Side | None:
    """The expression from the token at `start` on."""
    kept: list[Token] = []
    words: list[str] = []
    units: set[str] = set()
    rest = list(tokens[start : start + 2 * arithmetic.MOST_TOKENS])
    while rest and rest[0].kind == "word" and rest[0].text.strip(".") in math_words.LEADING:
        del rest[0]
    for position, token in enumerate(rest):
        ended = bool(kept) and (kept[-1].kind == "number" or kept[-1].text == ")")
        if token.kind == "word":
            if not ended and not (kept and kept[-1].text == "-" and len(kept) > 1):
                return None
            words.append(token.text)
            if not ended:
                break
            continue
        if token.kind in ("equals", "about", "break") or (token.text == ")" and _depth(kept) <= 0):
            break
        if token.kind == "operator" and ended:
            if words and not _are_units(words[::-1]):
                break
        elif ended and (words or (token.text == "(" and token.start > kept[-1].end)):
            break
        elif token.kind == "unknown" or (ended and token.kind == "number"):
            return None
        if token.kind == "operator" and position + 1 < len(rest) and rest[position + 1].kind == "unknown":
            return None
        units.update(words, _signs(token))
        words = []
        kept.append(token)
    if any(word.strip(".") in math_words.REMAINDERS for word in words):
        return None
    while kept and kept[-1].kind == "operator":
        kept.pop()
    return _side(kept, units | set(words[:1]), bare=True)


def _side(kept: Sequence[Token], units: set[str], bare: bool) -> _Side | None:
    if not kept:
        return None
    tokens = [token.number or token.text for token in kept]
    return _Side(tokens, {unit.strip(".-") for unit in units}, kept[0].start, kept[-1].end, bare)


def _signs(token: Token) -> set[str]:
    number = token.number
    return (
        {sign for sign, is_there in zip("$%", (number.money, number.percent), strict=True) if is_there}
        if number
        else set()
    )


def _starts_operand(token: Token) -> bool:
    return token.kind == "number" or token.text == "("


def _depth(tokens: Sequence[Token]) -> int:
    """How many brackets are open after the tokens."""
    return sum((token.text == "(") - (token.text == ")") for token in tokens)


def _open(reversed_tokens: Sequence[Token]) -> bool:
    return _depth(reversed_tokens) < 0


def _belong(words: Sequence[str]) -> bool:
    """Whether words between two numbers may join them: `5 hours 30`, `5 apples and 3`."""
    joined = (
        any(words[0] in measure for measure in math_words.MEASURES) if len(words) == 1 else any(map(_doubtful, words))
    )
    return joined and len(words) <= MOST_UNIT_WORDS


def _are_units(words: Sequence[str]) -> bool:
    return len(words) <= MOST_UNIT_WORDS and not any(_doubtful(word) or word in math_words.NO_UNITS for word in words)


def _doubtful(word: str) -> bool:
    return word.strip(".") in math_words.UNCERTAIN or word[-1] in math_words.UNCERTAIN_ENDS


def _unsure(left: _Side, right: _Side, line: str) -> bool:
    """Whether what looks like a false equation may be none: a conversion of units, a range, a quotation."""
    units = {"$" if unit in ("dollar", "dollars") else unit.rstrip("s") for unit in left.units | right.units}
    if any(len(units & {word.rstrip("s") for word in measure}) > 1 for measure in math_words.MEASURES):
        return True
    if any(pattern.search(line) for ratio, pattern in _SHORTHAND if _is_scaled(left, right, ratio)):
        return True
    if re.search(r"\d,\s?$", line[: left.start]) and re.match(r"\d{3}(?!\d)", line[left.start :]):
        return True  # 14, 400
    if line[: left.start].rstrip()[-1:] in ('"', "“", "'", "‘"):
        return True
    text = line[left.start : right.end]
    ranges = [spaced for low, spaced, high in _RANGE.findall(text) if _amount(low) < _amount(high)]
    if len(ranges) > 1 or "" in ranges:
        return True
    match left.tokens:
        case [Number() as first, "/", Number() as second] if first.value < second.value:
            return " " not in line[left.start : left.end] and (evaluate(right.tokens) or 0) >= 1
    return False


def _amount(digits: str) -> float:
    return float(digits.replace(",", ""))


def _is_scaled(left: _Side, right: _Side, ratio: int) -> bool:
    """Whether the sides differ by the ratio and little else."""
    value, stated = (abs(evaluate(side.tokens) or Fraction(0)) for side in (left, right))
    return any(abs(scaled - stated) * 100 < scaled for scaled in (value * ratio, value / ratio))


def _around(line: str, start: int, end: int) -> str:
    return line[max(0, start - _REACH) : end + _REACH]
