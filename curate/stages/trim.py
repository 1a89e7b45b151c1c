"""Drops the extremes of a score: neither too easy nor too hard."""

from __future__ import annotations

from typing import Annotated

from datasets import Dataset
from pydantic import Field

from curate.algorithms.quantile_band import quantile_band
from curate.errors import CurateError
from curate.records import scores_of
from curate.stage import Drop, Outcome, partition, stage

TOO_LOW = "too low"
TOO_HIGH = "too high"
Share = Annotated[float, Field(ge=0, le=1)]


@stage(
    sees="all",
    needs=lambda config: [f"scores.{config['by']}"],
    reasons={TOO_LOW: "its score is below the lower quantile", TOO_HIGH: "its score is above the upper quantile"},
)
def trim(
    records: Dataset,
    *,
    by: Annotated[str, Field(min_length=1, description="the name of the score")] = "perplexity",
    keep: Annotated[
        tuple[Share, Share], Field(description="the quantiles between which records stay, the bounds included")
    ] = (0.05, 0.95),
) -> Outcome:
    """Keeps the records between two quantiles of a score.

    A perplexity far above the rest points to broken or foreign text, one far below to what the base model can already
    recite. This is a trim of the extremes and not a selector: in the published comparisons, choosing the middle or the
    top of a pool by perplexity alone does worse than choosing at random, so keep the band wide, and let `choose` and
    `diversify` select. Shares are rounded down to whole records, and equal scores stay or go together.
    """
    low, high = keep
    if low >= high:
        raise CurateError(f"trim: keep: the first quantile must be below the second, found {low} and {high}")
    scores = scores_of(records, by)
    lowest, highest = quantile_band(scores, low, high)

    def verdict(score: float) -> Drop | None:
        if lowest <= score <= highest:
            return None
        return Drop(TOO_LOW if score < lowest else TOO_HIGH, {"score": score, "low": lowest, "high": highest})

    return partition(records, [verdict(score) for score in scores.tolist()])
