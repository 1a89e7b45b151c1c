"""Picks exactly N records that cover the most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow.compute as pc
from datasets import Dataset
from pydantic import Field

from curate.algorithms.apportionment import within_quotas
from curate.algorithms.coverage import Cover, cover, cover_chosen
from curate.algorithms.deita import deita
from curate.algorithms.k_center import k_center
from curate.algorithms.mig import find_labels, mig
from curate.algorithms.ranks import unit_ranks
from curate.algorithms.sampled_greedy import sampled_greedy
from curate.declaration import stage
from curate.errors import CurateError
from curate.models.protocols import Embedder
from curate.outcome import MEDIANS, Drop, Outcome, partition
from curate.records.embeddings import Embeddings
from curate.records.pool import known_scores, scores_of, set_embeddings, set_scores
from curate.records.texts import Text, response_lengths, texts_of
from curate.stages.diversify.quotas import Balance, balanced_name, find_quotas

NOT_CHOSEN = "not chosen"
IN_MEMORY = 1 << 30  # bytes of embeddings that are read at once; a larger pool's are read as they are needed
COMPARED = 5_000  # records of the pool by which what the baselines would reach is estimated
WITHIN = (0.6, 0.7, 0.8)
WEIGHS_QUALITY = ("facility-location", "deita", "mig")

Method = Literal["facility-location", "k-center", "deita", "mig", "random", "longest"]


def _needs(config: Mapping[str, Any]) -> list[str]:
    embedding = ["embedding"]
    if config["model"] is not None:
        embedding = ["messages"] if config["on"] == "instruction" else ["messages", "response"]
    quality = [f"scores.{config['quality']}"] if config["quality"] else []
    balance = [f"labels.{name}|{name}"] if (name := balanced_name(config["balance"])) else []
    return embedding + quality + balance


def _check(config: Mapping[str, Any]) -> None:
    method, quality = config["method"], config["quality"]
    if quality and method not in WEIGHS_QUALITY:
        raise CurateError(f"quality: {method} takes no quality; methods that do: {', '.join(WEIGHS_QUALITY)}")
    if method == "deita" and not quality:
        raise CurateError("quality: deita goes by quality; name a score: quality: reward")


@stage(
    sees="all",
    needs=_needs,
    makes=("scores", "scores.rank", "scores.gain", "scores.represents"),
    reasons={NOT_CHOSEN: "other records cover more; detail names the chosen record that is nearest to it"},
    needs_rows=lambda config: config["count"],
    makes_rows=lambda config: config["count"],
    check=_check,
    version=5,
)
def diversify(
    records: Dataset,
    *,
    count: Annotated[int, Field(ge=1, description="how many records come out")] = 1000,
    method: Annotated[
        Method,
        Field(description="how they are chosen; random and longest are baselines to compare with"),
    ] = "facility-location",
    quality: Annotated[
        str | None,
        Field(min_length=1, description="the name of a score, more is better; null: coverage alone; deita needs it"),
    ] = None,
    weight: Annotated[
        float, Field(ge=0, lt=1, description="the part that quality has in facility location, where there is a quality")
    ] = 0.2,
    threshold: Annotated[
        float, Field(gt=0, le=1, description="deita: the cosine to a chosen record from which a record is left out")
    ] = 0.9,
    balance: Annotated[
        Balance | None,
        Field(
            description="a label or a column, such as category, language or domain, of whose values each gets an equal "
            "part of count; or {category: {math: 2, coding: 1}}, with shares, and nothing for values without one"
        ),
    ] = None,
    model: Annotated[
        Embedder | None, Field(description="the embedder for records that have no embedding; null: all have one")
    ] = None,
    on: Annotated[Text, Field(description="the text that the model embeds")] = "instruction",
    seed: Annotated[int, Field(description="of the choice at random; a run gives its own")] = 0,
) -> Outcome:
    """Picks exactly `count` records that cover the most.

    `facility-location` maximises (1 - weight) * coverage + weight * quality (QDIT, arXiv 2311.14736). Coverage is the
    mean, over all records, of the cosine to the nearest chosen one (0 where negative); quality is the mean over the
    chosen ones of the score's rank in the pool, scaled to [0, 1], so that its unit does not matter. Up to 4,096
    records it is the greedy choice, which is within 1 - 1/e of the best; up to 32 for each that is chosen, the greedy
    choice on a graph of neighbours; beyond, that on a sample, each pick of which gives way to the best of the records
    that it stands for.
    `k-center` picks the record that is farthest from all picks (Gonzalez 1985): it finds the rare, and the broken.
    `deita` goes by descending quality, and leaves out what is too close to a pick (arXiv 2312.15685).
    `mig` maximises the information on a graph of labels, weighted by quality (arXiv 2504.13835); the labels are the
    centres of clusters of the embeddings.
    `random` and `longest` (the most characters in the responses) are baselines.

    With `balance` each group gets its share, exact to a record; where a group is too small, the others get the rest by
    their shares, and `stats` says what it lacked.

    The kept records come in the order in which they were picked, so the first half of them is a good half, with the
    scores `rank` (from 1), `gain` (what it added to the objective of facility location) and `represents` (how many
    records of the pool are nearest to it, itself included). Ties go to the smaller id; the order of the records does
    not matter. `stats` says which share of the pool lies within a cosine of 0.6, 0.7 and 0.8 of a chosen record, and
    what as many records at random and the longest would reach; and, for the length of the responses and for each score
    that the records have, its medians in the choice and in the pool: facility location reaches for what is odd.
    """
    if len(records) < count:
        raise CurateError(
            f"count is {count}, but only {len(records)} records came in; "
            "lower count, or make the pool larger or the stages before it less strict"
        )
    by_id = pc.sort_indices(records.select_columns("id").with_format("arrow")[:]["id"]).to_numpy().astype(np.int64)
    vectors: Any = Embeddings(_embedded(records, model, on), by_id)
    if 4 * vectors.shape[0] * vectors.shape[1] <= IN_MEMORY:
        vectors = vectors[:]
    good = unit_ranks(scores_of(records, quality)[by_id]) if quality else None
    groups, quotas, stats = find_quotas(records, by_id, balance, count)
    lengths = response_lengths(records)[by_id] if "messages" in records.column_names else np.zeros(len(records))
    orders = {
        "random": np.random.default_rng(seed).permutation(len(records)),
        "longest": np.argsort(-lengths, kind="stable"),
    }
    match method:
        case "facility-location":
            chosen = sampled_greedy(vectors, count, good, weight, groups, quotas)
        case "k-center":
            chosen = k_center(vectors, count, groups, quotas)
        case "deita" if good is not None:
            chosen = _deita(vectors, count, good, threshold, groups, quotas)
        case "mig":
            chosen = mig(find_labels(vectors), count, good, groups, quotas)
        case _:
            chosen = within_quotas(orders[method], groups, quotas)
    covered = cover_chosen(vectors, chosen)
    gains = covered.gains if good is None else (1 - weight) * covered.gains + weight / count * good[chosen]
    baselines = {f" {name}": order[:count] for name, order in orders.items()}
    stats |= _coverage(vectors, covered.cosine, baselines)
    stats |= _medians(records, by_id, chosen)
    return _outcome(records, by_id, chosen, covered, gains, stats)


def _embedded(records: Dataset, model: Embedder | None, on: Text) -> Dataset:
    """The records, with an embedding of the model's where there was none."""
    if model is None or "embedding" in records.column_names:
        return records
    return set_embeddings(records, model.embed(texts_of(records, on)))


def _deita(
    vectors: Any, count: int, good: np.ndarray, threshold: float, groups: np.ndarray, quotas: np.ndarray
) -> np.ndarray:
    chosen = deita(vectors, np.argsort(-good, kind="stable"), count, threshold, groups, quotas)
    if len(chosen) < count:
        raise CurateError(
            f"count is {count}, but deita finds only {len(chosen)} records of {len(vectors)} that are "
            f"no closer to each other than a cosine of {threshold}; raise threshold, or lower count"
        )
    return chosen


def _coverage(vectors: Any, cosine: np.ndarray, baselines: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The share of the pool within each cosine of the choice, and of its baselines, by `COMPARED` records of the pool.

    `cosine`, float32 (n,), is that of each record to the nearest chosen one.
    """
    some = np.arange(len(vectors))
    if len(some) > COMPARED:
        some = np.sort(np.random.default_rng(0).choice(len(some), COMPARED, replace=False))
    points = vectors[some]
    cosines = {"": cosine} | {name: cover(points, vectors[rows]).cosine for name, rows in baselines.items()}
    return {
        f"coverage {limit}{name}": round(float((near >= limit).mean()), 4)
        for limit in WITHIN
        for name, near in cosines.items()
    }


def _medians(records: Dataset, rows: np.ndarray, chosen: np.ndarray) -> dict[str, float]:
    """How the choice differs from the pool: the medians of the response's length and of each score, in both."""
    values = {}
    if "messages" in records.column_names:
        values["response characters"] = response_lengths(records).astype(np.float64)
    for name in sorted(records.features.get("scores", {})):
        values[name] = known_scores(records, name)
    stats = {}
    for name, column in values.items():
        for choice, some in (("chosen", column[rows[chosen]]), ("pool", column)):
            if not np.isnan(some).all():
                stats[f"{MEDIANS}{name}: {choice}"] = float(np.nanmedian(some))
    return stats


def _outcome(
    records: Dataset, rows: np.ndarray, chosen: np.ndarray, covered: Cover, gains: np.ndarray, stats: dict[str, float]
) -> Outcome:
    """The chosen records in the order of their rank, the others with the chosen record that stands for them."""
    names = list(records.select(rows[chosen])["id"])
    position_of = np.argsort(rows)
    taken = np.zeros(len(records), dtype=bool)
    taken[chosen] = True

    def verdicts() -> Iterator[Drop | None]:
        nearest, cosines = covered.nearest.tolist(), covered.cosine.tolist()
        for position in position_of.tolist():
            detail = {"nearest": names[nearest[position]], "similarity": cosines[position]}
            yield None if taken[position] else Drop(NOT_CHOSEN, detail)

    scores = {
        "rank": np.arange(1, len(chosen) + 1),
        "gain": gains,
        "represents": np.bincount(covered.nearest, minlength=len(chosen)),
    }
    kept = set_scores(records.select(rows[chosen]), {name: values.tolist() for name, values in scores.items()})
    return Outcome(kept=kept, dropped=partition(records, verdicts()).dropped, stats=stats)
