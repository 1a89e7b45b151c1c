"""`choose`: one candidate per instruction, by a score."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from datasets import Dataset, Value
from pydantic import Field

from curate.answers import as_turn, judged, response_turns, without_choice
from curate.declaration import stage
from curate.errors import CurateError
from curate.outcome import Drop, Outcome
from curate.records.identity import derive_seed, digest
from curate.records.pool import set_column, set_scores
from curate.records.schema import candidate_scores, has_response
from curate.registry import makers_of

NO_CANDIDATES = "no candidates"
BELOW_GATE = "below the gate"

# The score that a choice goes by, and 1 if the highest wins, -1 if the lowest.
SCORES = {"fit": ("logprob", 1), "rsr": ("rsr", -1), "reward": ("reward", 1), "quality": ("quality", 1)}

By = Literal["fit", "rsr", "reward", "quality", "longest", "shortest", "random"]
Bound = Annotated[float, Field(allow_inf_nan=False)]


def _needs(config: dict[str, Any]) -> list[str]:
    names = [*([SCORES[config["by"]][0]] if config["by"] in SCORES else []), *(config["where"] or {})]
    return ["messages", "candidates", *(f"candidates.scores.{name}" for name in dict.fromkeys(names))]


@stage(
    sees="each",
    needs=_needs,
    makes=("response", "generator", "scores"),
    copies={"candidates.scores.": "scores."},
    reasons={NO_CANDIDATES: "there is nothing to choose from", BELOW_GATE: "no candidate reaches what `where` asks"},
    version=2,
)
def choose(
    records: Dataset,
    *,
    by: Annotated[
        By,
        Field(
            description="fit: highest log-probability per token under the base model (GRAPE); rsr: lowest "
            "rank-surprisal ratio; reward, quality: highest; longest, shortest, random: baselines"
        ),
    ] = "fit",
    where: Annotated[
        dict[str, Bound] | None,
        Field(description="the least that a candidate's scores must be, by name: {quality: 4, reward: -12}"),
    ] = None,
    seed: Annotated[int, Field(description="of the choice at random; a run gives its own")] = 0,
) -> Outcome:
    """Keeps one candidate of each record: it becomes the assistant turn, and its scores the record's.

    `fit` takes the highest mean log-probability per response token under the base model (GRAPE, arXiv 2502.04194),
    `rsr` the lowest rank-surprisal ratio (arXiv 2601.14249), `reward` and `quality` the highest of that score;
    `longest` and `shortest` count characters. Ties are broken by the hash of the candidate's content.

    GRAPE assumes candidates of decent quality, so gate first: only those stand for choice whose every score named in
    `where` is at least its bound, the bound included. The others move to `rejected` with the score and the bound;
    the candidates that pass stay with the record.

    Choosing again replaces the response that was chosen before. A response that is none of the candidates (the record
    came with it, or `extend` went on) stays, and the counters say of how many records.

    Raises CurateError for a candidate that lacks a score which `by` or `where` names.
    """
    records = set_column(
        records, "messages", [without_choice(record) for record in records], records.features["messages"]
    )
    turns = response_turns(records)
    ids, candidates = records["id"][:], records["candidates"][:]
    verdicts = [
        None if turn.candidate is None else _below(candidates[turn.row][turn.candidate], where or {}, ids[turn.row])
        for turn in turns
    ]
    complete = sum(turn.candidate is None for turn in turns)
    stats = {"with a response already": complete} if complete else {}
    gated = judged(records, turns, verdicts, without=Drop(NO_CANDIDATES), stats=stats)
    chosen = [
        None if has_response(messages) else max(row, key=lambda candidate: _rank(candidate, by, seed, name))
        for name, messages, row in zip(*(gated.kept[key] for key in ("id", "messages", "candidates")), strict=True)
    ]
    return Outcome(_complete(gated.kept, chosen), gated.dropped, gated.stats)


def _below(candidate: Mapping[str, Any], gate: Mapping[str, float], record: str) -> Drop | None:
    """Whether the candidate fails the gate, by the first score that falls short."""
    for name, bound in gate.items():
        score = _score(candidate, name, record)
        if score < bound:
            return Drop(BELOW_GATE, {"score": name, "value": score, "bound": bound})
    return None


def _rank(candidate: Mapping[str, Any], by: By, seed: int, record: str) -> tuple[float, str]:
    """What the choice goes by, the highest first; then the hash of the content."""
    content = digest(candidate["content"], candidate.get("reasoning_content"))
    match by:
        case "longest":
            return len(candidate["content"]), content
        case "shortest":
            return -len(candidate["content"]), content
        case "random":
            return derive_seed(seed, "choose", record, content), content
        case _:
            name, sign = SCORES[by]
            return sign * _score(candidate, name, record), content


def _score(candidate: Mapping[str, Any], name: str, record: str) -> float:
    score = (candidate.get("scores") or {}).get(name)
    if score is None or math.isnan(score):
        makers = makers_of(f"candidates.scores.{name}")
        remedy = f"run {' or '.join(makers)} on it" if makers else "give every candidate one"
        raise CurateError(f"record {record!r} has a candidate without the score {name!r}; {remedy}")
    return float(score)


def _complete(records: Dataset, chosen: Sequence[Mapping[str, Any] | None]) -> Dataset:
    """The records with the chosen candidate of each as their response; None leaves a record as it is."""
    names = candidate_scores(records)
    conversations, generators = [], []
    columns: dict[str, list[float | None]] = {name: [] for name in names}
    for record, candidate in zip(records, chosen, strict=True):
        conversations.append([*record["messages"], *([as_turn(candidate)] if candidate else [])])
        generators.append((candidate or record).get("generator"))
        scores = (candidate or record).get("scores") or {}
        for name in names:
            columns[name].append(scores.get(name))
    complete = set_column(records, "messages", conversations, records.features["messages"])
    complete = set_column(complete, "generator", generators, Value("string"))
    return set_scores(complete, columns)
