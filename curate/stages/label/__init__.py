"""`label`: a judge model says category, difficulty and quality (MAGPIE, arXiv 2406.08464)."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Annotated

from datasets import Dataset
from pydantic import Field

from curate.answers import Turn, judged, last_turns
from curate.declaration import stage
from curate.models.answering import REFUSED, AnsweringModel
from curate.outcome import TOO_LONG, Drop, Outcome
from curate.records.labels import LEVELS, VALUES
from curate.records.pool import set_labels, set_scores
from curate.stages.label.judge import ATTEMPTS, UNJUDGED, Question, judge

WHOLE = tuple(VALUES)
TASK = ("category", "difficulty")  # what can be said of an instruction before an answer is chosen


@stage(
    sees="each",
    needs=("messages",),
    makes=(
        *(f"labels.{label}" for label in VALUES),
        *(f"scores.{label}" for label in LEVELS),
        "candidates.scores.quality",
    ),
    reasons={
        UNJUDGED: f"the judge gave no valid answer in {ATTEMPTS} attempts",
        TOO_LONG: "the record and the judge's answer together exceed the judge's context",
        REFUSED: "the judge's template or its server refuses the question",
    },
)
def label(
    records: Dataset,
    *,
    model: Annotated[AnsweringModel, Field(description="the judge: an aligned model")],
    max_tokens: Annotated[
        int, Field(gt=0, description="longest answer of the judge, in tokens, the reasoning of a thinking one included")
    ] = 128,
    seed: Annotated[int, Field(description="of every random choice; a run gives its own")] = 0,
) -> Outcome:
    """Adds what a judge says of each conversation, all of its turns shown: `labels.category`, `labels.difficulty`
    (very easy to very hard) and `labels.quality` (very poor to excellent), and the two levels as numbers from 1 to 5,
    `scores.difficulty` and `scores.quality`.

    Quality is that of the last response. A record that has `candidates` and no response is asked about once for
    category and difficulty, and once for each candidate's quality, which goes to the candidate's `scores.quality` and
    becomes the record's when `choose` chooses it. With neither, quality is that of the instruction (MAGPIE's input
    quality).

    The judge answers in JSON and says nothing but its verdict. Greedy first; an answer that cannot be read is asked for
    twice more, at temperature 0.7 under new seeds, and then the record is dropped, or the candidate rejected. The
    backends hold the judge to the JSON Schema from its first token on, so a thinking model must have its reasoning
    turned off: `template: {enable_thinking: false}` under the model, where its template has that switch. What a chat
    endpoint answers is read as strictly, whether or not it holds its model to the schema.

    A record cannot speak to its judge: it stands as data between marks that it cannot know, and without control tokens
    (`judge.py`). Long records are dropped, never cut.
    """
    turns = last_turns(records)
    waiting = {turn.row for turn in turns if turn.candidate is not None}
    asked = [Question(records["id"][turn.row], turn.messages, _wanted(turn, waiting)) for turn in turns]
    answers = judge(model, asked, seed=seed, max_tokens=max_tokens)
    said: list[dict[str, str]] = [{} if isinstance(answer, Drop) else answer for answer in answers]
    of_records = [labels for turn, labels in zip(turns, said, strict=True) if turn.candidate is None]
    labelled = set_labels(records, {name: [labels.get(name) for labels in of_records] for name in VALUES})
    labelled = set_scores(labelled, {"difficulty": [_level("difficulty", labels) for labels in of_records]})
    verdicts = [answer if isinstance(answer, Drop) else None for answer in answers]
    return judged(labelled, turns, verdicts, {"quality": [_level("quality", labels) for labels in said]})


def _wanted(turn: Turn, waiting: Container[int]) -> tuple[str, ...]:
    """The labels to ask for: a candidate's quality; of a record that waits for a choice among them, all but that."""
    if turn.candidate is not None:
        return ("quality",)
    return TASK if turn.row in waiting else WHOLE


def _level(name: str, labels: Mapping[str, str]) -> float | None:
    """The place of a label on its scale, from 1."""
    return float(LEVELS[name].index(labels[name]) + 1) if name in labels else None
