"""What a choice covers of the pool that it was chosen from, beside as many records at random and the longest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset

from curate.algorithms.coverage import cover
from curate.outcome import Outcome
from curate.records.embeddings import Embeddings
from curate.records.groups import group_values
from curate.records.texts import response_lengths

WITHIN = (0.6, 0.7, 0.8)
QUANTILES = (0.1, 0.5, 0.9)
COMPARED = 20_000  # records of the pool whose nearest chosen one is looked for
MOST = 50  # different values that a column may have for its distribution to be shown


def coverage(outcome: Outcome, seed: int = 0) -> pd.DataFrame:
    """How a choice, the outcome of `diversify`, compares with the pool, a random choice and the longest responses.

    Columns: pool, chosen, random, longest. Rows, by (measure, value): the share of the pool within a cosine of 0.6, 0.7
    and 0.8 of a chosen record (of 20,000 records of it where it is larger); the share of each value of every label and
    of the columns domain, generator and language; quantiles of the number of characters in the responses.
    """
    parts = (outcome.kept, outcome.dropped)
    sizes = [len(part) for part in parts]
    lengths = np.concatenate([response_lengths(part) for part in parts])
    choices = {
        "pool": np.arange(sum(sizes)),
        "chosen": np.arange(sizes[0]),
        "random": np.random.default_rng(seed).permutation(sum(sizes))[: sizes[0]],
        "longest": np.argsort(-lengths, kind="stable")[: sizes[0]],
    }
    rows: dict[tuple[str, Any], Mapping[str, float]] = {}
    if all("embedding" in part.column_names for part in parts):
        rows |= _covered(parts, choices)
    for name in _columns(outcome.kept):
        values = np.concatenate([_values(part, name) for part in parts])
        known = np.unique(values)
        if len(known) <= MOST:
            for value in known:
                shares = {choice: float((values[some] == value).mean()) for choice, some in choices.items()}
                rows[name, value] = shares
    for quantile in QUANTILES:
        values = {choice: float(np.quantile(lengths[some], quantile)) for choice, some in choices.items()}
        rows["response characters", f"{quantile:.0%} quantile"] = values
    index = pd.MultiIndex.from_tuples(list(rows), names=["measure", "value"])
    return pd.DataFrame(list(rows.values()), index=index, columns=list(choices))


def _covered(
    parts: tuple[Dataset, Dataset], choices: Mapping[str, np.ndarray]
) -> dict[tuple[str, Any], Mapping[str, float]]:
    kept, dropped = (Embeddings(part, np.arange(len(part))) for part in parts)

    def vectors(rows: np.ndarray) -> np.ndarray:
        inside = rows < len(kept)
        gathered = np.empty((len(rows), kept.shape[1]), dtype=np.float32)
        gathered[inside] = kept[rows[inside]]
        if not inside.all():
            gathered[~inside] = dropped[rows[~inside] - len(kept)]
        return gathered

    some = choices["pool"]
    if len(some) > COMPARED:
        some = np.sort(np.random.default_rng(0).choice(some, COMPARED, replace=False))
    points = vectors(some)
    cosines = {name: cover(points, vectors(rows)).cosine for name, rows in choices.items() if name != "pool"}
    return {
        ("within cosine", limit): {"pool": 1.0} | {name: float((c >= limit).mean()) for name, c in cosines.items()}
        for limit in WITHIN
    }


def _columns(records: Dataset) -> list[str]:
    labels = [f"labels.{name}" for name in records.features.get("labels", {})]
    return labels + [name for name in ("domain", "generator", "language") if name in records.column_names]


def _values(records: Dataset, name: str) -> np.ndarray:
    values = group_values(records, name.removeprefix("labels."))
    texts: np.ndarray = pc.fill_null(values.cast(pa.string()), "none").to_numpy(zero_copy_only=False)
    return texts.astype(str)
