"""`load`: reads a pool from files, directories and Hub datasets."""

from __future__ import annotations

import gc
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from datasets import Dataset
from pydantic import Field

from curate.declaration import stage
from curate.errors import CurateError, nearest
from curate.outcome import Outcome
from curate.records.candidates import grouped
from curate.records.identity import derive_seed, digest
from curate.records.names import Names
from curate.records.plans import Plans
from curate.records.pool import from_rows
from curate.records.reading import READABLE, Sources, rows_of
from curate.records.rows import Row
from curate.records.schema import columns_of
from curate.records.shapes import BESIDE, MAPPED, PAIRS, SHAPES, Rows, numbered, read_record, renamed
from curate.records.turns import Notes, speaker
from curate.records.values import Columns
from curate.signatures import PythonOnly

PEEKED = 20  # rows of a kind that are read as records to learn a file's columns before a run

Pool = Sources | Annotated[Rows, PythonOnly()]


class Reading:
    """Reads the records of a pool once, one after another, and keeps what cannot be read.

    Of embeddings that differ in length, those of `width` numbers are right, where it is given.
    """

    def __init__(self, config: Mapping[str, Any], width: int | None = None) -> None:
        self._config, self._width = config, width
        self._plans, self._names, self._columns = Plans(read_record), Names(), Columns()
        self.unreadable: list[dict[str, Any]] = []
        self.stats: Counter[str] = Counter()
        self.widths: Counter[int] = Counter()

    def records(self) -> Iterator[dict[str, Any]]:
        """The records that are made of the rows that can be read; with `strict`, raises CurateError at the first that
        cannot."""
        if self._config["group"] is None:
            yield from self._readable()
            return
        for record in grouped(self._readable(), self.stats):
            record["id"] = self._names.unique(str(record.get("id", digest(record["messages"])[:16])))
            yield record

    def _readable(self) -> Iterator[dict[str, Any]]:
        for row in _rows(self._config["path"], self._config["columns"], self.stats):
            try:
                record, shape = self._record(row)
            except CurateError as error:
                if self._config["strict"]:
                    raise CurateError(f"{row.source}:{row.line}: {error} (strict: the first unreadable line)") from None
                fault = {"file": row.source, "line": row.line, "reason": str(error), "text": row.text}
                self.unreadable.append(fault)
                continue
            self.stats[f"shape {shape}"] += 1
            yield record

    def _record(self, row: Row) -> tuple[dict[str, Any], str]:
        record, shape = self._plans.read(row, self.stats)
        where = {"file": row.source, "line": row.line}
        if self._config["source"] is not None:
            record["source"] = {"name": self._config["source"], **where}
        record.setdefault("source", where)
        if "embedding" in record:
            width = len(record["embedding"])
            if self._width not in (None, width):
                raise CurateError(f"embedding: {width} numbers, where most records have {self._width}")
            self.widths[width] += 1
        self._columns.add(record)
        if self._config["group"] is None and self._names.give(record, row.source, row.line):
            self.stats["id of another file, made unique by its own"] += 1
        return record, shape


def _check(config: Mapping[str, Any]) -> None:
    for ours in config["columns"]:
        if ours not in MAPPED:
            raise CurateError(f"columns: curate reads no {ours!r}; {nearest(ours, MAPPED)}")
    if config["limit"] is not None and config["sample"] is not None:
        raise CurateError("limit and sample are both given; take the first records or random ones")


@stage(
    sees="nothing",
    makes=lambda config: peek(config["path"], config["columns"], config["group"]),
    makes_rows=lambda config: config["limit"] or config["sample"],
    check=_check,
    tables=(
        (
            ("shape", "keys", "what becomes of it"),
            *((shape.name, shape.keys, shape.becomes) for shape in SHAPES),
            *PAIRS,
        ),
        (("beside any shape", "what becomes of it"), *BESIDE.items()),
    ),
    version=4,
)
def load(
    path: Annotated[
        Pool,
        Field(
            description=f"files ({READABLE}), patterns such as data/*.jsonl, directories, '-' for standard input, or "
            "hub:owner/name/config:split@revision"
        ),
    ],
    *,
    source: Annotated[
        str | None,
        Field(min_length=1, description="the name that records have as their source; by default that of their file"),
    ] = None,
    columns: Annotated[
        dict[str, str],
        Field(description="the file's names of columns that curate knows by others: {instruction: frage}"),
    ] = {},  # noqa: B006 (the signature is the schema)
    group: Annotated[
        Literal["candidates"] | None,
        Field(description="candidates: the rows of one instruction are one record, their responses its candidates"),
    ] = None,
    limit: Annotated[int | None, Field(gt=0, description="the first so many records")] = None,
    sample: Annotated[int | None, Field(gt=0, description="so many records at random, in their order")] = None,
    strict: Annotated[bool, Field(description="end at the first line that cannot be read")] = False,
    seed: Annotated[int, Field(ge=0, description="of the sample")] = 0,
) -> Outcome:
    """Reads records from files, directories and Hub datasets, and in Python from a Dataset, DataFrame or list of dicts.

    Each row is recognised by its keys, as the table below says, and the counters say which shapes were seen. `columns`
    maps others. Roles become `system` (`developer` too), `user`, `assistant` and `tool`; user and assistant turns must
    alternate and begin with the user's, tool turns stand between, and system turns anywhere. Other keys stay as
    columns. Counters name every key of a message that is ignored, every column that looks like a turn and is none, and
    every column that stands under `reserved`, for curate makes another of its name. A record without an `id` gets the
    hash of its messages.

    With `group: candidates`, the rows whose conversations are the same up to the response become one record, as GRAPE
    (arXiv 2502.04194) takes it. A candidate's `generator` is the row's column of that name; where rows differ in
    another column, it holds the list of their values.

    An id that a record of another file has already gets the name of its own file behind it, and is counted. What cannot
    be read becomes a row of `dropped` with its file, line and reason, and a run writes those to quarantine.jsonl.

    Files are UTF-8. A .json file holds an array, an object a line, or objects one after another. Dates, times and
    decimals of Parquet and Arrow become texts, bytes that are no UTF-8 base64. NaN and infinities, integers of more
    than 64 bits, and more than 100 levels of nesting are faults of their line; so is an embedding of another length
    than most, and a record whose keys would make more than 1,000 columns. A directory gives all its readable files in
    the order of their names, that of a run its dataset. Of a Hub dataset, `config` is the default one, `split` is
    `train` and `revision` the newest where they are not named; name the revision to make a run repeatable. Raises
    CurateError when a source is missing, is of another kind, or when no record at all can be read.
    """
    config = {"path": path, "source": source, "columns": columns, "group": group, "strict": strict}
    reading = Reading(config)
    records = _taken(reading.records(), limit, sample, seed)
    if len(reading.widths) > 1:
        reading = Reading(config, width=reading.widths.most_common(1)[0][0])
        records = _taken(reading.records(), limit, sample, seed)
    if not len(records):
        raise _nothing(path, reading.unreadable)
    for ours, theirs in columns.items():
        if f"column {theirs} as {ours}" not in reading.stats:
            raise CurateError(f"columns.{ours}: no row has a column {theirs!r}")
    return Outcome(records, from_rows(reading.unreadable), dict(reading.stats))


def _taken(records: Iterable[dict[str, Any]], limit: int | None, sample: int | None, seed: int) -> Dataset:
    """The records that are wanted, as a pool: all, the first, or those whose hashes are the smallest."""
    if sample is None:
        with _without_collector():
            return from_rows(islice(records, limit))
    ranked = ((derive_seed(seed, "load", record["id"]), number, record) for number, record in enumerate(records))
    smallest = heapq.nsmallest(sample, ranked)
    return from_rows(record for _, record in sorted((number, record) for _, number, record in smallest))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Without Python's collector of circles, which looks through millions of records that are in none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def peek(path: Pool, columns: Mapping[str, str] = MappingProxyType({}), group: str | None = None) -> list[str]:
    """The columns that a pool will have; raises CurateError as `load` does.

    Of rows that have the same keys with values of the same types, the first `PEEKED` are read as records.
    """
    rows, unreadable = [], []
    seen: Counter[Any] = Counter()
    for row in _rows(path, columns, Counter()):
        kind = _kind_of(row)
        seen[kind] += 1
        if seen[kind] > PEEKED:
            continue
        try:
            rows.append(read_record(row)[0])
        except CurateError as error:
            unreadable.append({"line": row.line, "reason": str(error)})  # load quarantines it
    if not rows:
        raise _nothing(path, unreadable)
    if group is not None:
        rows = list(grouped(rows, Counter()))
    return sorted({"id", "messages", "source"} | columns_of(from_rows(rows)))


def _rows(path: Pool, columns: Mapping[str, str], notes: Notes) -> Iterator[Row]:
    """The rows, with the columns that `columns` maps under curate's names."""
    sources = [item for item in (path if isinstance(path, list) else [path]) if isinstance(item, Path | str)]
    rows = rows_of(sources, "path") if sources else numbered(path)
    return (renamed(row, columns, notes) for row in rows) if columns else rows


def _kind_of(row: Row) -> Any:
    """What tells a row that may have other columns from one that has the same: keys, types, and who speaks last."""
    turns = row.content.get("messages", row.content.get("conversations"))
    last = speaker(turns[-1]) if isinstance(turns, list) and turns and isinstance(turns[-1], Mapping) else ""
    scored = [row.content, *(item for item in _listed(row.content.get("candidates")) if isinstance(item, Mapping))]
    structs = [
        part for item in scored for part in (item.get("scores"), item.get("labels")) if isinstance(part, Mapping)
    ]
    keys = tuple((name, type(value), not value) for name, value in row.content.items())
    return last, bool(row.fault), keys, *map(tuple, structs)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _nothing(path: Pool, unreadable: Sequence[Mapping[str, Any]]) -> CurateError:
    files = ", ".join(map(str, path if isinstance(path, list) else [path]))
    first = f"; the first: line {unreadable[0]['line']}: {unreadable[0]['reason']}" if unreadable else ""
    return CurateError(f"path: {files:.200} holds no records: {len(unreadable)} unreadable lines{first}")
