"""`vet`: a small aligned model and an embedder find answers that are plainly bad, without a judge."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from datasets import Dataset
from pydantic import Field

from curate.algorithms.language import UNDETERMINED, language
from curate.answers import Turn, every_turn, judged, told
from curate.declaration import stage
from curate.errors import CurateError
from curate.models.protocols import Embedder, LanguageModel
from curate.outcome import BOUNDS, Calibration, Drop, Outcome
from curate.records.identity import derive_seed
from curate.stages.vet.bounds import CUT_OFF, GIBBERISH, NEGATIVES, OTHER_QUESTION, REASONS, divide
from curate.stages.vet.negatives import make_negatives
from curate.stages.vet.signs import SIGNS, Conversation, measure

SAMPLE = 200  # answers of the pool that bounds are set by
FEW = 6  # words of an answer, below which nothing is proven of it
Reason = Literal["answers another question", "cut off", "gibberish"]
Sign = Literal["ifd", "logprob", "end_logprob", "relevance"]
Limits = Mapping[Any, float]


def _check(config: Mapping[str, Any]) -> None:
    if config["critic"] is None and config["embedder"] is None:
        raise CurateError("critic: name a small aligned model as the critic, an embedder, or both")


def _makes(config: Mapping[str, Any]) -> list[str]:
    critic = ("ifd", "logprob", "end_logprob") if config["critic"] is not None else ()
    signs = (*critic, *(("relevance",) if config["embedder"] is not None else ()), "soundness")
    return [f"{struct}{sign}" for struct in ("candidates.scores.", "scores.") for sign in signs]


def _set_bounds(records: Dataset, config: Mapping[str, Any]) -> Calibration:
    """The bounds that are not given, from a sample of the pool's answers and from bad ones made of it."""
    random = np.random.default_rng(derive_seed(config["seed"], "vet"))
    rows = random.permutation(len(records))[: 2 * SAMPLE]
    conversations = [turn.messages for turn in _answers(records.select(sorted(rows.tolist())))]
    order = random.permutation(len(conversations)).tolist()
    conversations = [conversations[row] for row in order]
    models = config["critic"], config["embedder"]
    pool = measure(conversations[:SAMPLE], *models)
    given = config["bounds"] or {}
    wanted = [reason for reason in REASONS if reason not in given]
    negatives = make_negatives(conversations, models[1], derive_seed(config["seed"], "vet", "negatives"))
    bounds: dict[str, Limits] = dict(given)
    stats: dict[str, float] = {}
    for reason in wanted:
        bad = measure(negatives[NEGATIVES[reason]], *models, REASONS[reason])
        division = divide(reason, pool, bad, config["most_lost"])
        bounds[reason] = division.bounds
        numbers = dict(division.bounds)
        if division.separation:
            for name in ("area", "found", "lost", "dropped"):
                numbers[name] = getattr(division.separation, name)
        stats |= {f"{BOUNDS}{reason}: {name}": number for name, number in numbers.items()}
    scale = {name: _scale(SIGNS[name], values) for name, values in pool.items() if not np.isnan(values).all()}
    return Calibration({"bounds": bounds, "scale": config["scale"] or scale}, stats)


def _scale(sign: int, values: np.ndarray) -> tuple[float, float]:
    """The worst hundredth of the pool's answers, and the median."""
    worst, usual = np.nanquantile(values, [0.99 if sign > 0 else 0.01, 0.5])
    return float(worst), float(usual)


@stage(
    sees="each",
    needs=("messages", "candidates|response"),
    makes=_makes,
    reasons={
        OTHER_QUESTION: "the instruction makes the answer no likelier, and the two have little to do with each other",
        CUT_OFF: "where the answer ends, the critic expects anything but an end",
        GIBBERISH: "its words are as unlikely as words in no order",
    },
    check=_check,
    calibrate=_set_bounds,
    version=2,
)
def vet(
    records: Dataset,
    *,
    critic: Annotated[
        LanguageModel | None,
        Field(description="a small aligned model that reads the answers, as SmolLM2-135M-Instruct"),
    ] = None,
    embedder: Annotated[Embedder | None, Field(description="tells what instruction and answer have in common")] = None,
    most_lost: Annotated[
        float, Field(gt=0, lt=1, description="the share of the pool's good answers that a bound may cost")
    ] = 0.01,
    bounds: Annotated[
        dict[Reason, dict[Sign, float]] | None,
        Field(
            description="fixed bounds, as {cut off: {end_logprob: -16}}; {cut off: {}} drops nothing for that reason"
        ),
    ] = None,
    scale: Annotated[
        dict[Sign, tuple[float, float]] | None,
        Field(description="of each sign, the value of a bad answer and that of a usual one; by default the pool's own"),
    ] = None,
    seed: Annotated[int, Field(description="of every random choice; a run gives its own")] = 0,
) -> Outcome:
    """Drops answers that are to another question, cut off, or gibberish, by what a small model and an embedder tell.

    Every assistant turn of a complete conversation is read, or every candidate; a record's scores are those of its last
    answer. The critic gives `ifd` (the ratio of the answer's mean log-probabilities with the instruction and without,
    Cherry_LLM, arXiv 2308.12032; near 1, the instruction makes it no likelier), `logprob` (the mean log-probability)
    and `end_logprob` (the log-probability of the end of the turn where the answer ends); the embedder gives
    `relevance`, the cosine of instruction and answer. An answer is dropped when all signs of a reason are beyond their
    bounds.

    The bounds are set for the pool at hand, before the first record is judged: answers of a sample of it are swapped,
    cut off and shuffled, and each bound is put where it finds most of these and costs at most `most_lost` of the pool's
    own good answers. What the pool has of such answers itself is estimated and allowed for. Where the signs tell good
    from bad with an area under the curve of less than 0.9, as a critic does that cannot read the language, nothing is
    dropped for that reason; the counters say each area and bound.

    Nothing is proven of an answer of fewer than six words, nor, by words, of one in another language than its
    instruction, as a translation is. `soundness`, from 0 to 1, is the mean over the signs of how far each has come from
    the pool's worst hundredth (0) to its median (1, and no more beyond it): a score for `choose`, `deduplicate` and
    `diversify` where there is no judge. What a sign cannot be told of (a conversation beyond the critic's context) is
    kept, and counted.
    """
    turns = _answers(records)
    signs = measure([turn.messages for turn in turns], critic, embedder)
    bounds, scale = bounds or {}, scale or {}
    verdicts = [_verdict(turn, {name: signs[name][row] for name in signs}, bounds) for row, turn in enumerate(turns)]
    scores: dict[str, Sequence[float | None]] = {
        name: [None if math.isnan(value) else value for value in values.tolist()]
        for name, values in signs.items()
        if not (critic is None and name != "relevance") and not (embedder is None and name == "relevance")
    }
    scores["soundness"] = [_soundness({name: signs[name][row] for name in signs}, scale) for row in range(len(turns))]
    unread = sum(math.isnan(value) for value in signs["logprob"].tolist()) if critic is not None else 0
    stats = {"answers that the critic cannot read": float(unread)} if unread else {}
    return judged(records, turns, verdicts, scores, stats=stats)


def _answers(records: Dataset) -> list[Turn]:
    """Every assistant turn, and the candidates of records without a response."""
    spoken = [turn for turn in every_turn(records) if turn.last["role"] == "assistant" and turn.before]
    return [replace(turn, messages=told(turn.messages)) for turn in spoken if not turn.last.get("tool_calls")]


def _verdict(turn: Turn, signs: Mapping[str, float], bounds: Mapping[Any, Limits]) -> Drop | None:
    if len(turn.last["content"].split()) < FEW and len(turn.last["content"]) < 4 * FEW:
        return None
    for reason in REASONS:
        limits = bounds.get(reason) or {}
        if limits and all(SIGNS[name] * (signs[name] - limit) > 0 for name, limit in limits.items()):
            if reason != CUT_OFF and _translated(turn.messages):
                return None
            detail = {name: round(float(signs[name]), 4) for name in limits}
            return Drop(reason, {**detail, "bounds": dict(limits)})
    return None


def _translated(conversation: Conversation) -> bool:
    """Whether the answer is in another language than what was asked, where both can be told."""
    asked, answered = (language([turn["content"]]).language for turn in conversation[-2:])
    return UNDETERMINED not in (asked, answered) and asked != answered


def _soundness(signs: Mapping[str, float], scale: Mapping[Any, tuple[float, float]]) -> float | None:
    """The mean, over the signs, of their way from the worst value (0) to the usual one (1, and where all are alike)."""
    parts = [
        min(1.0, max(0.0, (signs[name] - worst) / (usual - worst))) if usual != worst else 1.0
        for name, (worst, usual) in scale.items()
        if not math.isnan(signs[name])
    ]
    return sum(parts) / len(parts) if parts else None
