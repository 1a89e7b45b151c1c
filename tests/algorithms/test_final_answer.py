import pytest

from curate.algorithms.equations import equations
from curate.algorithms.final_answer import contradiction, final_answer, reference_answer, same


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Steps.\n#### 1,042", "1,042"),
        (r"So \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        ("The answer is 42 apples.", "42 apples."),
        ("**Final answer:** $42", "$42"),
        ("答案是 42", "42"),
        (r"The answer is 3. No: \boxed{4}", "4"),
        ("The answer is 3.\nSo the answer is 4.", "4."),
    ],
)
def test_a_final_answer_is_found_where_it_is_plainly_told(text, answer):
    assert final_answer(text).text == answer


@pytest.mark.parametrize("text", ["It is 42.", "The answer is not 42.", "I cannot answer this.", "## 42", ""])
def test_elsewhere_there_is_none(text):
    assert final_answer(text) is None


@pytest.mark.parametrize(
    ("given", "wanted", "agree"),
    [
        ("42", "42.0", True),
        ("42", "43", False),
        ("$1,000", "1000", True),
        ("50%", "0.5", True),
        ("50%", "0.6", False),
        ("33.33", "100/3", True),
        ("33", "100/3", False),
        ("(B)", "B", True),
        ("(B)", "C", False),
        ("B", "42", None),
        ("x + 1", "x + 1", True),
        ("x + 1", "1 + x", None),
    ],
)
def test_answers_agree_by_their_value(given, wanted, agree):
    assert same(reference_answer(given), reference_answer(wanted)) is agree


def contradicted(text):
    return contradiction(text, list(equations(text)))


SOLUTION = "First 5 * 4 = 20. Then 20 + 3 = 23.\n#### "


@pytest.mark.parametrize("answer", ["23", "23.00", "20", "3", "0.23", "2300", "x", "B"])
def test_an_answer_that_stands_in_the_solution_or_is_no_number_contradicts_nothing(answer):
    assert contradicted(SOLUTION + answer) is None


@pytest.mark.parametrize("answer", ["24", "230", "2.3"])
def test_any_other_number_contradicts_the_last_equation(answer):
    told, equation = contradicted(SOLUTION + answer)
    assert (told.text, equation.text) == (answer, "20 + 3 = 23")


def test_without_an_equation_there_is_nothing_to_contradict():
    assert contradicted("I counted them.\n#### 24") is None


@pytest.mark.parametrize(
    "ending",
    [r"So $23 \cdot 2 = \boxed{46}$.", r"Hence $2x = 23$, $x = \boxed{11.5}$.", "Half of it is x = y / 2.\n#### 11.5"],
)
def test_an_answer_that_comes_of_something_later_contradicts_nothing(ending):
    assert contradicted(SOLUTION.removesuffix("#### ") + ending) is None
