"""`trim`: drops the extremes of a score: neither too easy nor too hard."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from datasets import Dataset
from pydantic import Field

from curate.algorithms.quantile_band import quantile_band
from curate.declaration import stage
from curate.errors import CurateError
from curate.outcome import Drop, Outcome, partition
from curate.records.groups import group_values
from curate.records.pool import scores_of

TOO_LOW = "too low"
TOO_HIGH = "too high"
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1)]


def _needs(config: dict[str, Any]) -> list[str]:
    within = config["within"]
    return [f"scores.{config['by']}", *([f"labels.{within}|{within}"] if within else [])]


def _check(config: dict[str, Any]) -> None:
    low, high = config["keep"]
    if low >= high:
        raise CurateError(f"keep: the first quantile must be below the second, found {low} and {high}")


@stage(
    sees="all",
    needs=_needs,
    check=_check,
    version=1,
    reasons={TOO_LOW: "its score is below the lower quantile", TOO_HIGH: "its score is above the upper quantile"},
)
def trim(
    records: Dataset,
    *,
    by: Annotated[Name, Field(description="the name of the score")] = "perplexity",
    keep: Annotated[
        tuple[Share, Share], Field(description="the quantiles between which records stay, the bounds included")
    ] = (0.05, 0.95),
    within: Annotated[
        Name | None,
        Field(description="a label or a column, such as category: the quantiles are those of each of its values"),
    ] = None,
) -> Outcome:
    """Keeps the records between two quantiles of a score, over the pool or `within` each value of a label or column.

    A perplexity far above the rest points to broken or foreign text, one far below to what the base model can already
    recite. This is a trim of the extremes and not a selector: in the published comparisons, choosing the middle or the
    top of a pool by perplexity alone does worse than choosing at random, so keep the band wide, and let `choose` and
    `diversify` select. Since code is likelier than poetry under any model, a band over the whole pool also shifts the
    mixture; `within: category` leaves it as it is.

    Shares are rounded down to whole records, and equal scores stay or go together: with the default band a group of
    fewer than 20 records loses none. Records without a value form a group of their own. A label comes before a column
    of the same name.
    """
    scores = scores_of(records, by)
    groups, names = _groups(records, within)
    lowest, highest = quantile_band(scores, groups, *keep)

    def verdict(row: int) -> Drop:
        score, group = float(scores[row]), groups[row]
        detail = {"score": score, "low": float(lowest[group]), "high": float(highest[group])}
        if within:
            detail[within] = names[group]
        return Drop(TOO_LOW if score < lowest[group] else TOO_HIGH, detail)

    inside = (lowest[groups] <= scores) & (scores <= highest[groups])
    gone = np.flatnonzero(~inside)
    dropped = partition(records.select(gone), [verdict(row) for row in gone.tolist()]).dropped
    return Outcome(records.select(np.flatnonzero(inside)), dropped)


def _groups(records: Dataset, within: str | None) -> tuple[np.ndarray, list[Any]]:
    """The number of each record's group, int (n,), and the groups' values."""
    if within is None:
        return np.zeros(len(records), np.int64), [None]
    try:
        encoded = group_values(records, within).dictionary_encode(null_encoding="encode")
    except CurateError as error:
        raise CurateError(f"within: {error}") from None
    return encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
