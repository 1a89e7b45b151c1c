"""`check_math`: what it drops, what it leaves alone, and the numbers behind each verdict."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from curate import Pipeline, check_math
from curate.errors import CurateError
from curate.records.pool import from_rows
from curate.stages.check_math import shown

GSM8K = "She sold 48/2 = <<48/2=24>>24 clips in May.\nShe sold 48+24 = <<48+24=72>>72 clips altogether.\n#### "
FENCE = "Here it is:\n\n```{}\n{}\n```\n"


def conversation(*turns: str, **columns: Any) -> dict[str, Any]:
    roles = ("user", "assistant") * len(turns)
    messages = [{"role": role, "content": content} for role, content in zip(roles, turns, strict=False)]
    return {"id": "x", "messages": messages, **columns}


def verdict(record: dict[str, Any], **parameters: Any) -> tuple[str, dict[str, Any]] | None:
    """The reason and the detail of a record that is dropped, None for one that is kept."""
    dropped = check_math(from_rows([record]), **parameters).dropped
    return (dropped[0]["reason"], dropped[0]["detail"]) if len(dropped) else None


# False equations


@pytest.mark.parametrize(
    ("response", "equation", "value"),
    [
        ("So 12 * 3 = 35 eggs.", "12 * 3 = 35", "36"),
        ("That is <<12*3=37>>36 eggs.", "12*3=37", "36"),
        (r"Hence \[\frac{1}{2} + \frac{1}{3} = \frac{4}{6}\]", "(1/2) + (1/3) = (4/6)", "5/6"),
        ("Each pays $1,200.50 / 3 = $401.17.", "$1,200.50 / 3 = $401.17", "400.167"),
        ("一共是 12 × 3 = 35 个。", "12 * 3 = 35", "36"),
        ("所以12乘以3等于35。", "12乘以3等于35", "36"),
    ],
)
def test_a_false_equation_drops_the_record_with_the_value_that_it_has(response, equation, value) -> None:
    assert verdict(conversation("How many?", response)) == ("false equation", {"equation": equation, "value": value})


@pytest.mark.parametrize(
    "response",
    [
        "So 12 * 3 = 36 eggs.",
        GSM8K + "72",
        "Each pays $1,200.50 / 3 = $400.17.",
        "一共是 12 × 3 = 36 个。",
        "x = 5",
        "Run `a = 2 + 2 = 5` now.",
        "```python\nassert 2 + 2 == 5\nx = 2 * 3 = 7\n```",
        "It is wrong to say that 2 + 2 = 5.",
        "In Orwell's novel, the Party says that 2 + 2 = 5.",
    ],
)
def test_what_holds_and_what_is_no_claim_is_kept(response) -> None:
    assert verdict(conversation("How many?", response)) is None


def test_an_equation_that_the_user_brought_is_quoted() -> None:
    assert verdict(conversation("Why do people say 2+2 = 5 ?", "The phrase 2 + 2 = 5 is well known.")) is None
    assert verdict(conversation("Why do people say so?", "The phrase 2 + 2 = 5 is well known.")) is not None


def test_an_earlier_answer_and_a_candidate_are_judged_too() -> None:
    assert verdict(conversation("And?", "2 + 2 = 5", "Sure?", "Yes.")) is not None
    outcome = check_math(
        from_rows([conversation("And?", candidates=[{"content": "2 + 2 = 4"}, {"content": "2 + 2 = 5"}])])
    )
    (record,) = outcome.kept
    assert [candidate["content"] for candidate in record["candidates"]] == ["2 + 2 = 4"]
    assert [candidate["reason"] for candidate in record["rejected"]] == ["false equation"]
    assert outcome.stats == {"candidates false equation": 1}


def test_what_the_user_writes_is_not_judged() -> None:
    assert verdict(conversation("Is it true that 2 + 2 = 5?")) is None


# Final answers


def test_a_final_answer_that_is_not_the_last_result_contradicts_it() -> None:
    detail = {"answer": "75", "equation": "48+24 = 72"}
    assert verdict(conversation("How many?", GSM8K + "75")) == ("contradicts itself", detail)


@pytest.mark.parametrize("ending", ["72", "72.00", "24", "The number of clips is #### 72"])
def test_one_that_stands_in_the_solution_does_not(ending) -> None:
    assert verdict(conversation("How many?", GSM8K + ending)) is None


@pytest.mark.parametrize(
    ("response", "reference", "wrong"),
    [
        ("It is 42.\n#### 42", "Some steps.\n#### 42", False),
        ("It is 41.\n#### 41", "Some steps.\n#### 42", True),
        (r"So \boxed{\frac{1}{2}}", "0.5", False),
        (r"So \boxed{\frac{1}{3}}", "0.5", True),
        ("The answer is $1,000.", "1000", False),
        ("The answer is $1,001.", "1000", True),
        ("The final answer is (B).", "B", False),
        ("Answer: C", "B", True),
        ("答案是 42 个", "42", False),
        ("答案是 41 个", "42", True),
        ("The answer is 33.33", "100/3", False),
        ("The answer is 33.4", "100/3", True),
    ],
)
def test_the_final_answer_is_compared_with_the_reference(response, reference, wrong) -> None:
    reason, detail = verdict(conversation("How many?", response, solution=reference), reference="solution") or ("", {})
    assert reason == ("wrong answer" if wrong else "")
    assert detail.keys() == ({"answer", "reference"} if wrong else set())


@pytest.mark.parametrize(("response", "reference"), [("I think a lot.", "42"), ("The answer is blue.", "42")])
def test_what_cannot_be_compared_is_kept_and_counted(response, reference) -> None:
    outcome = check_math(from_rows([conversation("Which?", response, solution=reference)]), reference="solution")
    assert len(outcome.kept) == 1
    assert outcome.stats == {"responses whose final answer could not be compared": 1}


def test_only_the_last_answer_is_compared() -> None:
    record = conversation("Half?", "#### 21", "Whole?", "#### 42", solution="42")
    assert verdict(record, reference="solution") is None


def test_candidates_are_compared_each() -> None:
    candidates = [{"content": "#### 41"}, {"content": "#### 42"}]
    (record,) = check_math(
        from_rows([conversation("Whole?", candidates=candidates, solution="42")]), reference="solution"
    ).kept
    assert [candidate["reason"] for candidate in record["rejected"]] == ["wrong answer"]


def test_a_reference_that_is_no_column_is_refused() -> None:
    with pytest.raises(CurateError, match="check_math: needs 'solution', which the records do not have"):
        check_math(from_rows([conversation("Whole?", "42")]), reference="solution")


def test_a_pipeline_takes_a_reference_that_the_file_has(tmp_path) -> None:
    (tmp_path / "a.jsonl").write_text('{"instruction": "2 + 2?", "output": "#### 5", "solution": "4"}\n')
    stages = [{"load": {"path": str(tmp_path / "a.jsonl")}}, {"check_math": {"reference": "solution"}}]
    assert len(Pipeline({"stages": stages}).steps) == 2


# Code


@pytest.mark.parametrize(
    ("language", "code", "line"),
    [
        ("python", "x = 1\nif x\n    y = 2", 2),
        ("json", '{"a": 1,\n "b" 2}', 2),
        ("yaml", "a: 1\nb: [1, 2", 2),
        ("xml", "<a>\n<b></a>", 2),
    ],
)
def test_code_that_does_not_parse_drops_only_where_asked(language, code, line) -> None:
    record = conversation("Write it.", FENCE.format(language, code))
    assert verdict(record) is None
    reason, detail = verdict(record, code=True) or ("", {})
    assert (reason, detail["language"]) == ("code does not parse", language)
    assert detail["line"] >= line


@pytest.mark.parametrize(
    ("exact", "text"), [("36", "36"), ("5/6", "5/6"), ("2401/6", "400.167"), ("9/2", "4.5"), ("133/20", "6.65")]
)
def test_a_value_is_shown_briefly(exact, text) -> None:
    assert shown(Fraction(exact)) == text


def test_a_record_is_judged_the_same_alone_and_among_others() -> None:
    rows = [
        conversation("A?", text) | {"id": str(n)} for n, text in enumerate(("2 + 2 = 5", "2 + 2 = 4", GSM8K + "75"))
    ]
    together = check_math(from_rows(rows)).dropped
    assert dict(zip(together["id"], together["reason"], strict=True)) == {
        "0": "false equation",
        "2": "contradicts itself",
    }
    assert [(verdict(row) or ("",))[0] for row in rows] == ["false equation", "", "contradicts itself"]
