"""What two sides of an equation may mean, and whether they then agree, as exactly as they are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, product

from curate.algorithms.arithmetic import Number, evaluate, slack

ABOUT = Fraction(1, 10)  # how far from the value, as a share of it, a result may be that is said to be about that
MOST_READINGS = 8
ROUND = 1000  # a result that ends with so many zeros may be rounded to them

_NESTING: dict[Number | str, int] = {"(": 1, ")": -1}

Tokens = Sequence[Number | str]


def holds(left: Tokens, right: Tokens, about: bool) -> bool:
    """Whether some reading of an equation is true; `about` where it says so of its result."""
    sides = product(readings(left, -1), readings(right, 1))
    return any(_agree(first, second, about) for first, second in sides)


def readings(tokens: Tokens, side: int) -> Iterator[list[Number | str]]:
    """What an expression may mean: as it stands, or without what stands before a dash on the left (side -1), or up to
    any operator on the right (side 1); each with its percentages as numbers and as fractions."""
    depths = list(accumulate((_NESTING.get(token, 0) for token in tokens), initial=0))
    wholes = [list(tokens)]
    for position in range(1, len(tokens)):
        if len(wholes) == MOST_READINGS:
            break
        if depths[position] == 0 and side < 0 and tokens[position] == "-" and len(tokens) > position + 2:
            wholes.append(list(tokens[position + 1 :]))
        elif depths[position] == 0 and side > 0 and tokens[position] in ("+", "-", "*", "/"):
            wholes.append(list(tokens[:position]))
    if list(tokens).count("/") > 1:
        wholes.append(_with_fractions(tokens))
    for whole in wholes:
        yield whole
        if any(isinstance(token, Number) and token.percent for token in whole):
            yield [fraction(token) for token in whole]
        last = whole[-1] if whole else None
        if len(whole) > 2 and isinstance(last, Number) and last.percent and whole[-2] in ("+", "-"):
            share: list[Number | str] = ["(", Number(Fraction(1)), whole[-2], fraction(last), ")"]
            yield ["(", *whole[:-2], ")", "*", *share]


def _with_fractions(tokens: Tokens) -> list[Number | str]:
    """The expression with brackets around what may be fractions: `3 / 1/4` as `3 / (1/4)`."""
    result = list(tokens)
    position = len(result) - 3
    while position > 0:
        match result[position - 1 : position + 3]:
            case ["/" | "*", Number(), "/", Number()]:
                result[position : position + 3] = ["(", *result[position : position + 3], ")"]
                position -= 2
        position -= 1
    return result


def fraction(token: Number | str) -> Number | str:
    if isinstance(token, Number) and token.percent:
        exact = token.money or token.unit >= 1
        return token._replace(value=token.value / 100, unit=token.unit / 100, money=exact)
    return token


def _agree(left: Tokens, right: Tokens, about: bool) -> bool:
    """Whether both sides are equal, as exactly as they are written."""
    value, stated = evaluate(left), evaluate(right)
    if value is None or stated is None:
        return False
    difference = abs(value - stated)
    if difference == 0 or (about and difference <= ABOUT * abs(value)):
        return True
    rounding = max(_rounding(right, value), _rounding(left, stated))
    uncertainty = slack(left) + slack(right)
    return difference < rounding + uncertainty or difference <= uncertainty


def _rounding(tokens: Tokens, exact: Fraction) -> Fraction:
    """How far a rounded result, a number or one times a power of ten, may be from the `exact` one."""
    match [token for token in tokens if token not in ("-", "+", "(", ")")]:
        case [Number() as number]:
            power = Fraction(1)
        case [Number(value) as number, "*", Number(Fraction(numerator=10)), "^", Number()] if value:
            power = abs((evaluate(tokens) or 0) / value)
        case _:
            return Fraction(0)
    zeros = number.unit
    while number.value and zeros < 10**12 and number.value % (zeros * 10) == 0:
        zeros *= 10
    round_number = zeros / 2 if zeros >= ROUND else Fraction(0)
    is_exact = number.unit == 1 and power == 1 and exact.denominator == 1
    return max(round_number, Fraction(0) if is_exact else number.unit * power)
