"""What a stage makes of its records, and how it divides them into those that stay and those that go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Dataset, Json, Value

from curate.records.pool import arrow_column, set_candidates, set_column


@dataclass(frozen=True)
class Outcome:
    """What a stage made of its records: `kept`, `dropped` (each with `reason` and `detail`), and counters.

    For a stage that sees nothing, `dropped` holds the input that could not become a record. The counters of shards add.
    """

    kept: Dataset
    dropped: Dataset
    stats: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Drop:
    """Why a record is dropped: a reason that its stage declares, and the numbers behind it."""

    reason: str
    detail: dict[str, Any] = field(default_factory=dict)


def partition(records: Dataset, verdicts: Iterable[Drop | None], stats: dict[str, float] | None = None) -> Outcome:
    """Divides `records` by one verdict each: None keeps the record, a `Drop` drops it."""
    gone: list[int] = []
    reasons: list[str] = []

    def details() -> Iterator[dict[str, Any]]:
        for row, verdict in enumerate(verdicts):
            if verdict is not None:
                gone.append(row)
                reasons.append(verdict.reason)
                yield verdict.detail

    detail = arrow_column(details(), Json())
    stays = np.ones(len(records), dtype=bool)
    stays[gone] = False
    # Columns of the whole pool, empty where a record stays: so the rest of a memory-mapped pool need not be copied.
    place = pa.array(np.cumsum(~stays) - 1, mask=stays)
    reason = pa.chunked_array([pa.array(reasons, pa.string())])
    marked = set_column(records, "reason", reason.take(place), Value("string"))
    marked = set_column(marked, "detail", detail.take(place), Json())
    return Outcome(records.select(np.flatnonzero(stays)), marked.select(np.flatnonzero(~stays)), stats or {})


def sift(
    records: Dataset,
    verdicts: Sequence[Sequence[Drop | None]],
    stats: Mapping[str, float] | None = None,
    drops: Sequence[Drop | None] | None = None,
) -> Outcome:
    """Divides the candidates of each record by one verdict each, and drops the records that have none left.

    A candidate that goes moves to the column `rejected` with its reason and detail, and is counted. A record that
    loses its last candidate is dropped for the commonest of its candidates' reasons; `drops` are verdicts on the
    records themselves, which come first.
    """
    counts: Counter[str] = Counter(stats or {})
    kept, rejected = [], []
    fates = list(drops or [None] * len(records))
    before = records["rejected"] if "rejected" in records.column_names else [None] * len(records)
    columns = zip(records["candidates"], verdicts, before, strict=True)
    for row, (candidates, row_verdicts, earlier) in enumerate(columns):
        pairs = list(zip(candidates, row_verdicts, strict=True))
        gone = [(candidate, verdict) for candidate, verdict in pairs if verdict]
        kept.append([candidate for candidate, verdict in pairs if not verdict])
        moved = [{**candidate, "reason": drop.reason, "detail": drop.detail} for candidate, drop in gone]
        rejected.append([*(earlier or ()), *moved])
        reasons = Counter(drop.reason for _, drop in gone)
        counts.update({f"candidates {reason}": number for reason, number in reasons.items()})
        if gone and not kept[-1] and fates[row] is None:
            fates[row] = Drop(min(reasons, key=lambda r: (-reasons[r], r)), {"candidates": dict(reasons)})
    sifted = set_column(set_candidates(records, kept), "rejected", rejected, Json())
    return partition(sifted, fates, dict(counts))
