"""`load`: reads a pool from files, directories and Hub datasets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field

from curate.declaration import stage
from curate.errors import CurateError, nearest
from curate.outcome import Outcome
from curate.records.candidates import grouped
from curate.records.identity import digest
from curate.records.names import Names
from curate.records.pool import from_rows
from curate.records.reading import READABLE, Row, Sources, rows_of
from curate.records.schema import columns_of
from curate.records.shapes import BESIDE, MAPPED, PAIRS, SHAPES, Rows, numbered, read_record, renamed
from curate.records.turns import Notes, speaker
from curate.signatures import PythonOnly

PEEKED = 20  # rows of a kind that are read as records to learn a file's columns before a run

Pool = Sources | Annotated[Rows, PythonOnly()]


def _check(config: Mapping[str, Any]) -> None:
    for ours in config["columns"]:
        if ours not in MAPPED:
            raise CurateError(f"columns: curate reads no {ours!r}; {nearest(ours, MAPPED)}")


@stage(
    sees="nothing",
    makes=lambda config: peek(config["path"], config["columns"], config["group"]),
    check=_check,
    tables=(
        (
            ("shape", "keys", "what becomes of it"),
            *((shape.name, shape.keys, shape.becomes) for shape in SHAPES),
            *PAIRS,
        ),
        (("beside any shape", "what becomes of it"), *BESIDE.items()),
    ),
    version=3,
)
def load(
    path: Annotated[
        Pool,
        Field(description=f"files ({READABLE}), directories of them, or hub:owner/name/config:split@revision"),
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

    What cannot be read becomes a row of `dropped` with its file, line and reason, and a run writes those to
    quarantine.jsonl.

    A directory gives all its readable files in the order of their names. Of a Hub dataset, `config` is the default one,
    `split` is `train` and `revision` the newest where they are not named; name the revision to make a run repeatable.
    Raises CurateError when a source is missing, is of another kind, or when no record at all can be read.
    """
    unreadable: list[dict[str, Any]] = []
    stats: Counter[str] = Counter()
    names = Names()

    def readable() -> Iterator[dict[str, Any]]:
        for row in _rows(path, columns, stats):
            try:
                record, shape = read_record(row, stats)
                if group is None:
                    names.give(record, f"{row.source}:{row.line}")
            except CurateError as error:
                unreadable.append({"file": row.source, "line": row.line, "reason": str(error), "text": _excerpt(row)})
                continue
            where = {"file": row.source, "line": row.line}
            if source is not None:
                record["source"] = {"name": source, **where}
            record.setdefault("source", where)
            stats[f"shape {shape}"] += 1
            yield record

    def gathered() -> Iterator[dict[str, Any]]:
        for record in grouped(readable(), stats):
            record["id"] = names.unique(str(record.get("id", digest(record["messages"])[:16])))
            yield record

    records = from_rows(readable() if group is None else gathered())
    if not len(records):
        raise _nothing(path, unreadable)
    for ours, theirs in columns.items():
        if f"column {theirs} as {ours}" not in stats:
            raise CurateError(f"columns.{ours}: no row has a column {theirs!r}")
    return Outcome(records, from_rows(unreadable), dict(stats))


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


def _excerpt(row: Row) -> str:
    """The unreadable row, whole, so that it can be mended and loaded again."""
    text = row.text or json.dumps(dict(row.content), ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode()
