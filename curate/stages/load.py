"""`load`: reads a pool from files, directories and Hub datasets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from curate.declaration import stage
from curate.errors import CurateError
from curate.outcome import Outcome
from curate.records.names import Names
from curate.records.pool import from_rows
from curate.records.reading import READABLE, Row, Sources, rows_of
from curate.records.reserved import RESERVED
from curate.records.schema import columns_of
from curate.records.shapes import Rows, numbered, read_record
from curate.signatures import PythonOnly

PEEKED = 100  # records that are read to learn a file's columns before a run

Pool = Sources | Annotated[Rows, PythonOnly()]


@stage(sees="nothing", makes=lambda config: peek(config["path"]), version=2)
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
) -> Outcome:
    """Reads records from files, directories and Hub datasets, and in Python from a Dataset, DataFrame or list of dicts.

    Each row is recognised by its keys, and the counters say which shapes were seen: `messages` (OpenAI's shape and
    curate's own), `conversations` (ShareGPT), `instruction`, `input` and `output` (Alpaca), or one of `instruction`,
    `prompt`, `question` and `query` with `output`, `response`, `completion`, `answer` or `generation`; an `input` or
    `context` joins its instruction. `system` or `system_prompt` beside them becomes the system turn, and `history`, a
    list of pairs, the earlier turns. Other keys stay as columns; a column `labels` or `rejected` that is not of
    curate's making stands under `reserved`, and is counted. A record without an `id` gets the hash of its messages.
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
        for row in _rows(path):
            try:
                record, shape = read_record(row)
                names.give(record, f"{row.source}:{row.line}")
            except CurateError as error:
                unreadable.append({"file": row.source, "line": row.line, "reason": str(error), "text": _excerpt(row)})
                continue
            where = {"file": row.source, "line": row.line}
            if source is not None:
                record["source"] = {"name": source, **where}
            record.setdefault("source", where)
            stats[f"shape {shape}"] += 1
            stats.update(f"column {name} under {RESERVED}" for name in record.get(RESERVED, ()))
            yield record

    records = from_rows(readable())
    if not len(records):
        raise _nothing(path, unreadable)
    return Outcome(records, from_rows(unreadable), dict(stats))


def peek(path: Pool) -> list[str]:
    """The columns that a pool will have, from its first records; raises CurateError as `load` does."""
    rows, unreadable = [], []
    for row in islice(_rows(path), PEEKED):
        try:
            rows.append(read_record(row)[0])
        except CurateError as error:
            unreadable.append({"line": row.line, "reason": str(error)})  # load quarantines it
    if not rows and len(unreadable) < PEEKED:
        raise _nothing(path, unreadable)
    return sorted({"id", "messages", "source"} | (columns_of(from_rows(rows)) if rows else set()))


def _rows(path: Pool) -> Iterator[Row]:
    sources = [item for item in (path if isinstance(path, list) else [path]) if isinstance(item, Path | str)]
    return rows_of(sources, "path") if sources else numbered(path)


def _nothing(path: Pool, unreadable: Sequence[Mapping[str, Any]]) -> CurateError:
    files = ", ".join(map(str, path if isinstance(path, list) else [path]))
    first = f"; the first: line {unreadable[0]['line']}: {unreadable[0]['reason']}" if unreadable else ""
    return CurateError(f"path: {files:.200} holds no records: {len(unreadable)} unreadable lines{first}")


def _excerpt(row: Row) -> str:
    """The unreadable row, whole, so that it can be mended and loaded again."""
    text = row.text or json.dumps(dict(row.content), ensure_ascii=False, default=str)
    return text.encode("utf-8", "backslashreplace").decode()
