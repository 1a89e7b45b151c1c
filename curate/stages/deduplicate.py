"""Removes what repeats; the better record survives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from datasets import Dataset
from pydantic import Field

from curate.algorithms.near_duplicates import near_duplicates
from curate.algorithms.tokens import normalise
from curate.records import Text, scores_of, texts_of
from curate.stage import Drop, Outcome, partition, stage

EXACT = "exact duplicate"
NEAR = "near duplicate"


def _needs(config: Mapping[str, Any]) -> list[str]:
    needs = ["messages"] if config["on"] == "instruction" else ["messages", "response"]
    return [*needs, "scores.logprob"] if config["keep_best"] == "fit" else needs


@stage(
    sees="all",
    needs=_needs,
    reasons={
        EXACT: "the same text as a record that stays, after Unicode NFKC, case folding and white space made single",
        NEAR: "the Jaccard index of its shingles and those of a record that stays reaches the threshold",
    },
)
def deduplicate(
    records: Dataset,
    *,
    on: Annotated[Text, Field(description="the text that is compared")] = "instruction",
    threshold: Annotated[
        float,
        Field(ge=0.1, le=1, description="the Jaccard index of two texts' shingles from which they are duplicates"),
    ] = 0.8,
    keep_best: Annotated[
        Literal["longest", "fit"],
        Field(description="which one stays: the one with the most characters in its messages, or with the best fit"),
    ] = "longest",
) -> Outcome:
    """Drops exact and near-duplicates, each because of a record that stays, which `detail` names.

    Shingles are three words, or five characters in scripts without spaces (Chinese, Japanese, Thai ...). MinHash
    proposes pairs and the true Jaccard index decides, so nothing is dropped that does not reach the threshold; of the
    pairs that do, at most 0.5% are missed. The best record stays, ties go to the smaller id, and what resembles it
    goes (star clusters); the order of the records does not matter.
    """
    ids: list[str] = records["id"]
    texts = [normalise(text) for text in texts_of(records, on)]
    order = _best_first(records, keep_best)
    first = _first_copies(texts, order)
    distinct = np.flatnonzero(first == np.arange(len(first)))
    place = {row: number for number, row in enumerate(distinct.tolist())}
    centre, closeness = near_duplicates(
        [texts[row] for row in distinct], np.array([place[row] for row in order.tolist() if row in place]), threshold
    )

    def verdict(row: int) -> Drop | None:
        copied = int(first[row])
        number = place[copied]
        survivor = int(distinct[centre[number]])
        if survivor == row:
            return None
        detail = {"survivor": ids[survivor], "similarity": float(closeness[number]), "threshold": threshold}
        return Drop(EXACT if survivor == copied else NEAR, detail)

    return partition(records, [verdict(row) for row in range(len(records))])


def _best_first(records: Dataset, keep_best: str) -> np.ndarray:
    """The row numbers, the best record first, ties by id."""
    if keep_best == "fit":
        quality = scores_of(records, "logprob")
    else:
        quality = np.array([sum(len(m["content"]) for m in messages) for messages in records["messages"]])
    return np.lexsort((np.array(records["id"]), -quality))


def _first_copies(texts: Sequence[str], order: np.ndarray) -> np.ndarray:
    """For each row the best row with the same text, int64 (n,)."""
    first: dict[str, int] = {}
    for row in order.tolist():
        first.setdefault(texts[row], row)
    return np.array([first[text] for text in texts])
