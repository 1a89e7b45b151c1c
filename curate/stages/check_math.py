"""`check_math`: drops responses whose arithmetic, final answer or code can be shown to be wrong, without a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any

from datasets import Dataset
from pydantic import Field

from curate.algorithms.code_syntax import first_fault
from curate.algorithms.equations import Equation, equations
from curate.algorithms.final_answer import Answer, contradiction, final_answer, reference_answer, same
from curate.answers import Turn, every_turn, judged
from curate.declaration import stage
from curate.outcome import Drop, Outcome

FALSE = "false equation"
CONTRADICTION = "contradicts itself"
WRONG = "wrong answer"
BROKEN_CODE = "code does not parse"
NOT_COMPARED = "responses whose final answer could not be compared"


def _needs(config: Mapping[str, Any]) -> list[str]:
    return ["messages", *([config["reference"]] if config["reference"] else [])]


@stage(
    sees="each",
    needs=_needs,
    reasons={
        FALSE: "an equation in the response does not hold",
        CONTRADICTION: "the final answer is not what the last equation says, and stands nowhere else in the response",
        WRONG: "the final answer is not that of the reference",
        BROKEN_CODE: "code in fences is refused by the parser of its language",
    },
    version=2,
)
def check_math(
    records: Dataset,
    *,
    reference: Annotated[
        str | None, Field(min_length=1, description="the column with the right answer, or a solution that ends with it")
    ] = None,
    code: Annotated[
        bool, Field(description="whether Python, JSON, YAML and XML in fences must parse; fragments are let pass")
    ] = False,
) -> Outcome:
    r"""Judges each response, and each candidate of a record without one, by exact arithmetic; the first fault is the
    reason.

    `false equation`: an equation between numbers that no reading makes true (`12 * 3 = 35`, `\frac{1}{2} + \frac{1}{3}
    = \frac{4}{6}`, GSM8K's `<<12*3=35>>`); `detail` has the equation and the value of its left side. Rounding is
    allowed to the digits that are shown, "about" to a tenth. What has variables, conversions of units, times, ranges,
    remainders or code is left alone, and so is what the text itself doubts, or the conversation had before.

    `contradicts itself` and `wrong answer` go by a final answer that is plainly told: `#### 42`, `\boxed{42}`, "the
    answer is 42". With `reference`, the response (the last turn) is compared with that column: numbers by their value,
    choices by their letter. What cannot be compared is kept, and counted.
    """
    lengths = [len(messages) for messages in records["messages"]]
    references = [reference_answer(str(text)) for text in records[reference]] if reference else None
    stats: Counter[str] = Counter()
    turns = [turn for turn in every_turn(records) if turn.last["role"] == "assistant"]
    verdicts = []
    for turn in turns:
        content = turn.last["content"] or ""
        checked = list(equations(content))
        verdict = _false_equation(turn, checked) or _contradiction(content, checked)
        is_response = turn.candidate is not None or len(turn.messages) == lengths[turn.row]
        if references and is_response and not verdict:
            verdict, compared = _wrong_answer(content, references[turn.row])
            stats[NOT_COMPARED] += not compared
        if code and not verdict:
            verdict = _broken_code(content)
        verdicts.append(verdict)
    return judged(records, turns, verdicts, stats=+stats)


def _false_equation(turn: Turn, checked: Sequence[Equation]) -> Drop | None:
    for equation in checked:
        if not equation.holds and not any(_squeezed(equation.text) in _squeezed(m["content"]) for m in turn.before):
            return Drop(FALSE, {"equation": equation.text, "value": shown(equation.value)})
    return None


def _contradiction(content: str, checked: Sequence[Equation]) -> Drop | None:
    told = contradiction(content, checked)
    return Drop(CONTRADICTION, {"answer": told[0].text, "equation": told[1].text}) if told else None


def _wrong_answer(content: str, reference: Answer) -> tuple[Drop | None, bool]:
    """Why the response goes, or None, and whether its final answer could be compared with the reference's."""
    answer = final_answer(content)
    agrees = same(answer, reference) if answer else None
    if answer is None or agrees is None:
        return None, False
    return (None if agrees else Drop(WRONG, {"answer": answer.text, "reference": reference.text})), True


def _broken_code(content: str) -> Drop | None:
    fault = first_fault(content)
    return Drop(BROKEN_CODE, fault._asdict()) if fault else None


def _squeezed(text: str | None) -> str:
    return "".join((text or "").split())


def shown(value: Fraction) -> str:
    """A value for people: exact where that is short, else to six digits."""
    if value.denominator == 1 and abs(value) < 10**15:
        return str(value)
    decimal = f"{float(value):.6g}"
    return str(value) if Fraction(decimal) != value and value.denominator <= 100 and abs(value) < 10 else decimal
