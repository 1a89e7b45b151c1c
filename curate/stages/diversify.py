"""Picks exactly N records that cover the most."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from datasets import Dataset
from pydantic import Field

from curate.algorithms.facility_location import dense, facility_location
from curate.algorithms.nearest_neighbours import nearest_chosen, neighbour_graph
from curate.algorithms.ranks import unit_ranks
from curate.errors import CurateError
from curate.records import embeddings_of, scores_of, set_scores
from curate.stage import Drop, Outcome, partition, stage

NOT_CHOSEN = "not chosen"
DENSE = 10_000  # records up to which all pairs are compared, in 400 MB
NEIGHBOURS = 256


@stage(
    sees="all",
    needs=lambda config: ["embedding", *([f"scores.{config['quality']}"] if config["quality"] else [])],
    makes=("scores", "scores.rank", "scores.gain", "scores.represents"),
    reasons={NOT_CHOSEN: "other records cover more; detail names the chosen record that is nearest to it"},
)
def diversify(
    records: Dataset,
    *,
    count: Annotated[int, Field(ge=1, description="how many records come out")] = 1000,
    quality: Annotated[
        str | None,
        Field(min_length=1, description="the name of a score, more is better; null: coverage alone"),
    ] = None,
    weight: Annotated[
        float, Field(ge=0, lt=1, description="the part that quality has in the choice, where there is a quality")
    ] = 0.2,
) -> Outcome:
    """Picks exactly `count` records by facility location with a quality term (QDIT, arXiv 2311.14736).

    Maximises (1 - weight) * coverage + weight * quality. Coverage is the mean, over all records, of the cosine to the
    nearest chosen one (0 where negative); quality is the mean over the chosen ones of the score's rank in the pool,
    scaled to [0, 1], so that its unit does not matter. The lazy greedy choice is within 1 - 1/e of the best. Up to
    10,000 records all pairs count; beyond, a record is covered by its 256 nearest, itself included.

    The kept records come in the order in which they were picked, so the first half of them is a good half, with the
    scores `rank` (from 1), `gain` (what it added to the objective) and `represents` (how many records of the pool are
    nearest to it, itself included). Ties go to the smaller id; the order of the records does not matter.
    """
    if len(records) < count:
        raise CurateError(
            f"diversify: count is {count}, but only {len(records)} records came in; "
            "lower count, or make the pool larger or the stages before it less strict"
        )
    by_id = np.argsort(np.array(records["id"]), kind="stable")
    embeddings = _unit(embeddings_of(records)[by_id], records, by_id)
    good = unit_ranks(scores_of(records, quality)[by_id]) if quality else None
    similarities = dense(embeddings) if len(records) <= DENSE else neighbour_graph(embeddings, NEIGHBOURS)
    chosen, gains = facility_location(similarities, count, good, weight)
    return _outcome(records, by_id, chosen, gains, *nearest_chosen(embeddings, chosen))


def _unit(embeddings: np.ndarray, records: Dataset, rows: np.ndarray) -> np.ndarray:
    """The embeddings at unit length; a vector of zeros stays one and resembles nothing."""
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    broken = np.flatnonzero(~np.isfinite(lengths[:, 0]))
    if len(broken):
        raise CurateError(f"diversify: the embedding of record {records[int(rows[broken[0]])]['id']!r} is not finite")
    return np.divide(embeddings, lengths, out=np.zeros_like(embeddings), where=lengths > 0)


def _outcome(
    records: Dataset, rows: np.ndarray, chosen: np.ndarray, gains: np.ndarray, nearest: np.ndarray, cosine: np.ndarray
) -> Outcome:
    """The chosen records in the order of their rank, the others with the chosen record that stands for them."""
    ids: list[str] = records["id"]
    names = [ids[row] for row in rows[chosen]]
    verdicts: list[Drop | None] = [None] * len(records)
    for place, row in enumerate(rows.tolist()):
        verdicts[row] = Drop(NOT_CHOSEN, {"nearest": names[nearest[place]], "similarity": float(cosine[place])})
    for row in rows[chosen].tolist():
        verdicts[row] = None
    scores = {
        "rank": np.arange(1, len(chosen) + 1),
        "gain": gains,
        "represents": np.bincount(nearest, minlength=len(chosen)),
    }
    kept = set_scores(records.select(rows[chosen]), {name: values.tolist() for name, values in scores.items()})
    return Outcome(kept=kept, dropped=partition(records, verdicts).dropped)
