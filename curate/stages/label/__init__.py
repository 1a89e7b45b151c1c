"""`label`: a judge model says category, difficulty and quality (MAGPIE, arXiv 2406.08464)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from datasets import Dataset
from pydantic import Field

from curate.models.protocols import LanguageModel
from curate.outcome import Drop, Outcome, partition, sift
from curate.records.labels import LEVELS, VALUES
from curate.records.pool import set_candidates, set_labels, set_scores
from curate.records.schema import has_response
from curate.stage import stage
from curate.stages.label.judge import ATTEMPTS, TOO_LONG, UNJUDGED, Question, judge

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
    },
)
def label(
    records: Dataset,
    *,
    model: Annotated[LanguageModel, Field(description="the judge: an aligned model")],
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
    turned off: `template: {enable_thinking: false}` under the model, where its template has that switch.

    A record cannot speak to its judge: it stands as data between marks that it cannot know, and without control tokens
    (curate/stages/label/judge.py). Long records are dropped, never cut.
    """
    with_candidates = "candidates" in records.column_names
    candidates = [list(row or ()) for row in records["candidates"]] if with_candidates else [[]] * len(records)
    asked = list(map(_questions, records["id"], records["messages"], candidates))
    answers = iter(judge(model, [question for row in asked for question in row], seed=seed, max_tokens=max_tokens))
    found = [[next(answers) for _ in row] for row in asked]
    drops = [first if isinstance(first, Drop) else None for first, *_ in found]
    said = [{} if isinstance(first, Drop) else first for first, *_ in found]
    labelled = set_labels(records, {name: [labels.get(name) for labels in said] for name in VALUES})
    labelled = set_scores(labelled, {name: [_level(name, labels) for labels in said] for name in LEVELS})
    if not with_candidates:
        return partition(labelled, drops)
    verdicts: list[list[Drop | None]] = [[None] * len(row) for row in candidates]
    for row, (_, *grades) in enumerate(found):
        for place, grade in enumerate(grades):
            if isinstance(grade, Drop):
                verdicts[row][place] = grade
            else:
                candidate = candidates[row][place]
                scores = {**(candidate.get("scores") or {}), "quality": _level("quality", grade)}
                candidates[row][place] = {**candidate, "scores": scores}
    return sift(set_candidates(labelled, candidates, ["quality"]), verdicts, drops=drops)


def _questions(
    record: str, messages: Sequence[Mapping[str, Any]], candidates: Sequence[Mapping[str, Any]]
) -> list[Question]:
    """What to ask about a record: about itself first, then about each of its candidates if none was chosen yet."""
    if not candidates or has_response(messages):
        return [Question(record, messages, WHOLE)]
    answered = [[*messages, {"role": "assistant", "content": candidate["content"]}] for candidate in candidates]
    return [Question(record, messages, TASK), *(Question(record, turns, ("quality",)) for turns in answered)]


def _level(name: str, labels: Mapping[str, str]) -> float | None:
    """The place of a label on its scale, from 1."""
    return float(LEVELS[name].index(labels[name]) + 1) if name in labels else None
