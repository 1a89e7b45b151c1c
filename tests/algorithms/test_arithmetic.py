from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.algorithms.arithmetic import MOST_POWER, MOST_TOKENS, Number, evaluate, number, slack


def expression(text):
    return [number(part) or part for part in text.split()]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2 + 3 * 4", 14),
        ("( 2 + 3 ) * 4", 20),
        ("2 ( 3 + 4 )", 14),
        ("10 - 4 - 3", 3),
        ("- 2 ^ 2", -4),
        ("2 ^ 3 ^ 2", 512),
        ("2 ^ - 1", Fraction(1, 2)),
        ("1 / 3 + 1 / 6", Fraction(1, 2)),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("1,200.50 * 2", 2401),
        ("12,00,000 / 3e5", 4),
    ],
)
def test_expressions_have_their_exact_value(text, value):
    assert evaluate(expression(text)) == value


@pytest.mark.parametrize("text", ["", "2 +", "( 2", "2 )", "2 3", "* 2", "1 / 0", "2 ^ 0.5", "2 ^ x", "0 ^ - 1"])
def test_what_is_no_expression_has_no_value(text):
    assert evaluate(expression(text)) is None


def test_a_power_has_a_value_up_to_the_bound():
    assert evaluate(expression(f"2 ^ {MOST_POWER}")) == 2**MOST_POWER
    assert evaluate(expression(f"2 ^ {MOST_POWER + 1}")) is None
    assert evaluate(expression("9 ^ 64 ^ 64 ^ 64")) is None
    assert evaluate(expression("( 9 ^ 64 ) ^ 64")) is None


def test_a_sum_has_a_value_up_to_the_bound():
    terms = (MOST_TOKENS + 1) // 2
    assert evaluate(expression("1" + " + 1" * (terms - 1))) == terms
    assert evaluate(expression("1" + " + 1" * terms)) is None
    assert evaluate(["("] * 50_000) is None


@pytest.mark.parametrize("text", ["007", "1.2.3", "1,20", "1:30", "0x1F", "1e999", "12a", ""])
def test_what_is_no_plain_number_is_none(text):
    assert number(text) is None


def test_a_number_knows_what_its_last_digit_is_worth():
    assert number("1,200.50") == Number(Fraction(2401, 2), Fraction(1, 100))
    assert number("3e4").unit == 10_000


def test_only_decimals_that_may_be_rounded_leave_slack():
    assert slack(expression("0.33 * 300")) == Fraction(3, 2)
    assert slack(expression("0.25 * 300")) == slack(expression("0.3 * 300")) == 0


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(0, 99)), min_size=1, max_size=20), st.integers(0, 99))
def test_sums_and_products_are_those_of_python(terms, first):
    text = str(first) + "".join(f" {sign} {term}" for sign, term in terms)
    summands = [first]
    for sign, term in terms:
        if sign == "*":
            summands[-1] *= term
        else:
            summands.append(term if sign == "+" else -term)
    assert evaluate(expression(text)) == sum(summands)
