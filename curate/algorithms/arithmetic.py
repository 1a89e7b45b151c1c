"""Exact arithmetic on a list of tokens: numbers, `+ - * / ^` and brackets. Nothing is evaluated as code.

A product may be written by brackets alone, as in `2(3 + 4)`. What is too large to be meant (a power above 64, a value
of more than 4,096 bits, more than 100 tokens) has no value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

MOST_TOKENS = 100
MOST_BITS = 4096
MOST_POWER = 64

_GROUPED = r"\d{1,3}(?:,\d{2,3})*,\d{3}"  # 1,200,000 and, in India, 12,00,000
_NUMBER = re.compile(rf"((?:{_GROUPED}|0|[1-9]\d*)(?:\.\d+)?|\.\d+)(?:[eE]([-+]?\d{{1,3}}))?")


class Number(NamedTuple):
    """A number as it is written: its value, and what one unit of its last digit is worth."""

    value: Fraction
    unit: Fraction = Fraction(1)
    percent: bool = False
    money: bool = False

    @property
    def may_be_rounded(self) -> bool:
        """Whether more digits may have stood there: 0.33 may be 1/3, 0.25 and $0.33 are what they say."""
        return self.unit <= Fraction(1, 100) and not self.money and (self.value / self.unit) % 5 != 0


Token = Number | str


@lru_cache(8192)
def number(text: str) -> Number | None:
    """The number that is written so: `1,200.50`, `.5`, `3e-4`; None for what is no plain number, such as `007`."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    digits, exponent = match[1].replace(",", ""), int(match[2] or 0)
    if abs(exponent) > MOST_POWER or len(digits) > MOST_POWER:
        return None
    unit = Fraction(10) ** (exponent - len(digits.partition(".")[2]))
    return Number(Fraction(digits) * Fraction(10) ** exponent, unit)


def evaluate(tokens: Sequence[Token]) -> Fraction | None:
    """The value of an expression by the usual order of operations; None where it has none, or none of a sane size."""
    if not tokens or len(tokens) > MOST_TOKENS:
        return None
    reader = _Reader(tokens)
    try:
        value = reader.sum()
    except (_NoValue, ZeroDivisionError, RecursionError):
        return None
    return value if reader.position == len(tokens) else None


def slack(tokens: Sequence[Token]) -> Fraction:
    """How far the value may be off because operands were rounded: the sum of what half a unit of each changes."""
    value = evaluate(tokens)
    total = Fraction(0)
    for position, token in enumerate(tokens):
        if isinstance(token, Number) and token.may_be_rounded and value is not None:
            moved = token._replace(value=token.value + token.unit / 2)
            changed = evaluate([*tokens[:position], moved, *tokens[position + 1 :]])
            total += abs(changed - value) if changed is not None else 0
    return total


class _NoValue(Exception):
    """The tokens are no expression, or its value is too large."""


class _Reader:
    """Recursive descent over tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.position = 0

    def sum(self) -> Fraction:
        value = self._product()
        while self._next() in ("+", "-"):
            sign = self._take()
            term = self._product()
            value = _sized(value + term if sign == "+" else value - term)
        return value

    def _product(self) -> Fraction:
        value = self._signed()
        while self._next() in ("*", "/", "("):
            sign = "*" if self._next() == "(" else self._take()
            factor = self._signed()
            value = _sized(value * factor if sign == "*" else value / factor)
        return value

    def _signed(self) -> Fraction:
        if self._next() in ("+", "-"):
            return self._signed() if self._take() == "+" else -self._signed()
        return self._power()

    def _power(self) -> Fraction:
        base = self._atom()
        if self._next() != "^":
            return base
        self._take()
        exponent = self._signed()
        if exponent.denominator != 1 or abs(exponent) > MOST_POWER:
            raise _NoValue
        return _sized(base ** int(exponent))

    def _atom(self) -> Fraction:
        first = self._take()
        if isinstance(first, Number):
            return first.value
        if first != "(":
            raise _NoValue
        value = self.sum()
        if self._take() != ")":
            raise _NoValue
        return value

    def _next(self) -> Token | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    def _take(self) -> Token:
        token = self._next()
        if token is None:
            raise _NoValue
        self.position += 1
        return token


def _sized(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise _NoValue
    return value
