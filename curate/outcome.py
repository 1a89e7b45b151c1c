"""What a stage makes of its records, and how it divides them into those that stay and those that go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from datasets import Dataset, Json, Value

from curate.records.pool import arrow_column, set_candidates, set_column
from curate.records.texts import shortened, texts_of
from curate.shown import one_line

REJECTED = "rejected"  # the column of the candidates that were taken out of their records
SHOWN = 5  # records
WIDTH = 60  # characters of a turn that is shown
SHORT = 200  # characters of a counter's name
COUNTERS = 20  # of a stage that are shown
TOO_LONG = "too long"  # the reason, in every stage, for what exceeds a context or a bound
REASON = "reason"
NEIGHBOURS = ("survivor", "nearest")  # keys of a detail that hold the id of the record that stands for one that went
COVERAGE = "coverage "  # how the counters begin that a table shows: `coverage COSINE [BASELINE]`
BOUNDS = "bounds "  # the same of what a stage has set for a pool: `bounds REASON: NUMBER`
MEDIANS = "median "  # the same of what a choice has more or less of than its pool: `median SCORE: chosen`


@dataclass(frozen=True)
class Outcome:
    """What a stage made of its records: `kept`, `dropped` (each with `reason` and `detail`), and counters.

    For a stage that sees nothing, `dropped` holds the input that could not become a record. The counters of shards add.
    """

    kept: Dataset
    dropped: Dataset
    stats: dict[str, float] = field(default_factory=dict)

    @property
    def funnel(self) -> str:
        """How many records were kept and dropped, and why, on one line."""
        reasons = Counter(map(str, reasons_of(self.dropped)))
        return f"kept {len(self.kept)}, dropped {len(self.dropped)}: {counts(dict(reasons.most_common())) or 'none'}"

    def report(self) -> None:
        """Prints what was kept and dropped, and the stage's counters, as the command line does."""
        print(self.funnel, *counter_lines("stats", self.stats), sep="\n")

    def __repr__(self) -> str:
        table = _first_rows(self.kept)
        return self.funnel if table.empty else f"{self.funnel}\n{table.to_string(index=False)}"

    def _repr_html_(self) -> str:
        table = _first_rows(self.kept).style.hide(axis="index").set_caption(escape(self.funnel)).format(escape="html")
        markup: str = table.to_html()
        return markup


@dataclass(frozen=True)
class Calibration:
    """What a stage set by a look at all records: parameters, as YAML gives them, and numbers for its counters."""

    parameters: dict[str, Any]
    stats: dict[str, float]


@dataclass(frozen=True)
class Drop:
    """Why a record is dropped: a reason that its stage declares, and the numbers behind it."""

    reason: str
    detail: dict[str, Any] = field(default_factory=dict)


def too_long(tokens: int, model: Any) -> Drop:
    """Why a text of so many tokens goes that exceeds the context of `model`."""
    return Drop(TOO_LONG, {"tokens": tokens, "context_length": model.context_length, "model": model.name})


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
    verdict_of_row = pa.array(np.cumsum(~stays) - 1, mask=stays)
    reason = pa.chunked_array([pa.array(reasons, pa.string())])
    marked = set_column(records, REASON, reason.take(verdict_of_row), Value("string"))
    marked = set_column(marked, "detail", detail.take(verdict_of_row), Json())
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
    counters: Counter[str] = Counter(stats or {})
    kept, rejected = [], []
    fates = list(drops or [None] * len(records))
    before = records[REJECTED] if REJECTED in records.column_names else [None] * len(records)
    columns = zip(records["candidates"], verdicts, before, strict=True)
    for row, (candidates, row_verdicts, earlier) in enumerate(columns):
        pairs = list(zip(candidates or (), row_verdicts, strict=True))
        gone = [(candidate, verdict) for candidate, verdict in pairs if verdict]
        kept.append([candidate for candidate, verdict in pairs if not verdict])
        moved = [{**candidate, "reason": drop.reason, "detail": drop.detail} for candidate, drop in gone]
        rejected.append([*(earlier or ()), *moved])
        reasons = Counter(drop.reason for _, drop in gone)
        counters.update({f"candidates {reason}": number for reason, number in reasons.items()})
        if gone and not kept[-1] and fates[row] is None:
            fates[row] = Drop(min(reasons, key=lambda r: (-reasons[r], r)), {"candidates": dict(reasons)})
    sifted = set_column(set_candidates(records, kept), REJECTED, rejected, Json())
    return partition(sifted, fates, dict(counters))


def reasons_of(dropped: Dataset) -> list[str | None]:
    """Why each record was dropped; None where nothing is said."""
    if REASON not in dropped.column_names:
        return [None] * len(dropped)
    reasons: list[str | None] = dropped.select_columns(REASON).with_format("arrow")[:][REASON].to_pylist()
    return reasons


def counts(counters: Mapping[str, float]) -> str:
    """The first counters of many, on one line."""
    shown = [f"{count:g} {one_line(name, SHORT)}" for name, count in islice(counters.items(), COUNTERS)]
    return ", ".join([*shown, *([f"and {len(counters) - COUNTERS} more"] if len(counters) > COUNTERS else [])])


def counter_lines(title: str, stats: Mapping[str, float]) -> list[str]:
    """A stage's counters, on one line, and what a choice covers of its pool as a table."""
    plain = {name: value for name, value in stats.items() if not name.startswith((COVERAGE, BOUNDS, MEDIANS))}
    lines = [f"{title}: {counts(plain)}"] if plain else []
    for prefix, caption in ((BOUNDS, "set for this pool"), (MEDIANS, "medians of the choice and of the pool")):
        rows: dict[str, dict[str, str]] = {}
        for name in (name for name in stats if name.startswith(prefix)):
            row, _, column = name.removeprefix(prefix).rpartition(": ")
            rows.setdefault(row, {})[column] = (
                f"{stats[name]:,.3g}" if abs(stats[name]) < 1000 else f"{stats[name]:,.0f}"
            )
        if rows:
            table = pd.DataFrame.from_dict(rows, orient="index").fillna("")
            lines.append(f"{title}: {caption}\n{table.to_string()}")
    shares: dict[str, dict[str, str]] = {}
    for name in (name for name in stats if name.startswith(COVERAGE)):
        cosine, _, baseline = name.removeprefix(COVERAGE).partition(" ")
        shares.setdefault(baseline or "the choice", {})[cosine] = f"{stats[name]:.1%}"
    if shares:
        table = (
            pd.DataFrame.from_dict(shares, orient="index")
            .sort_index(axis=1)
            .sort_index(key=lambda k: k != "the choice")
        )
        lines.append(f"{title}: share of the pool within a cosine of\n{table.to_string()}")
    return lines


def _first_rows(records: Dataset) -> pd.DataFrame:
    """The first records, a line each: id, instruction and response, shortened."""
    if "messages" not in records.column_names:
        return pd.DataFrame()
    first = records.select(range(min(SHOWN, len(records))))
    texts = {part: [shortened(text, WIDTH) for text in texts_of(first, part)] for part in ("instruction", "response")}
    ids = [shortened(name, WIDTH) for name in first["id"]]
    return pd.DataFrame({"id": ids, **{part: column for part, column in texts.items() if any(column)}})
