"""The texts of a pool's conversations, read a batch of records at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset

from curate.shown import one_line

BATCH = 1000  # records that are read or written at once
STRETCH = 32  # rows of a stretch for each row that is taken from it, at most

Text = Literal["instruction", "response", "both"]


def response_lengths(records: Dataset) -> np.ndarray:
    """The number of characters in the assistant turns of each record, int64 (n,)."""
    lengths = [np.zeros(0, dtype=np.int64)]
    for messages in iter_column(records, "messages"):
        turns = messages.flatten()
        spoken = pc.if_else(pc.equal(turns.field("role"), "assistant"), pc.utf8_length(turns.field("content")), 0)
        ends = np.cumsum(pc.fill_null(messages.value_lengths(), 0).to_numpy())
        reached = np.concatenate(([0], np.cumsum(pc.fill_null(spoken, 0).to_numpy(zero_copy_only=False))))
        lengths.append(np.diff(reached[ends], prepend=0))
    return np.concatenate(lengths)


def texts_of(records: Dataset, which: Text) -> list[str]:
    """What stands for each record where records are compared; `both` is the response after the instruction."""
    return list(iter_texts(records, which))


def iter_texts(records: Dataset, which: Text) -> Iterator[str]:
    """`texts_of`, one after another: only a batch of records is in memory at a time."""
    for messages in iter_column(records, "messages"):
        parts = {"instruction": ("user",), "response": ("assistant",), "both": ("user", "assistant")}[which]
        columns = [_turn_of(messages, role, last=role == "assistant") for role in parts]
        yield from map("\n\n".join, zip(*columns, strict=True))


def spoken(message: Mapping[str, Any]) -> str:
    """The text of a turn: its content, and its tool calls as JSON, one a line."""
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    calls = [f'{{"name": {json.dumps(made["name"])}, "arguments": {made["arguments"]}}}' for made in functions]
    return "\n".join(filter(None, (message["content"], *calls)))


def iter_column(records: Dataset, name: str) -> Iterator[pa.Array]:
    """A column as Arrow arrays of at most 1,000 records each."""
    for table in tables(records.select_columns(name)):
        yield table[name].combine_chunks()


def tables(records: Dataset) -> Iterator[pa.Table]:
    """The records as Arrow tables of at most 1,000 rows each, with every column in one piece.

    Of rows that `select` picked, `datasets` makes pieces of one row each, which cost more than the rows themselves; so
    rows that lie near each other are taken from the stretch that holds them.
    """
    if records._indices is None:
        yield from (table.combine_chunks() for table in records.with_format("arrow").iter(batch_size=BATCH))
        return
    rows = records._indices.column(0).to_numpy().astype(np.int64)
    for start in range(0, len(rows), BATCH):
        picked = rows[start : start + BATCH]
        first, size = int(picked.min()), int(np.ptp(picked)) + 1
        if size <= STRETCH * len(picked):
            yield records.data.table.slice(first, size).combine_chunks().take(picked - first)
        else:
            yield records.select(range(start, start + len(picked))).with_format("arrow")[:].combine_chunks()


def _turn_of(messages: pa.ListArray, role: str, last: bool) -> list[str]:
    """The text of each conversation's first turn of this role, or the last; empty where there is none."""
    turns = messages.flatten()
    of_role = np.flatnonzero(pc.equal(turns.field("role"), role).to_numpy(zero_copy_only=False))
    owners = np.repeat(np.arange(len(messages)), np.diff(messages.offsets.to_numpy()))[of_role]
    chosen = np.full(len(messages), -1, dtype=np.int64)
    order = slice(None) if last else slice(None, None, -1)
    chosen[owners[order]] = of_role[order]  # of several, the last that is written stays
    rows = pa.array(chosen, mask=chosen < 0)
    if turns.type.get_field_index("tool_calls") >= 0:
        return [spoken(turn) if turn else "" for turn in turns.take(rows).to_pylist()]
    texts: list[str | None] = turns.field("content").take(rows).to_pylist()
    return [text or "" for text in texts]


def shortened(text: str, width: int) -> str:
    """The text on one line, with at most `width` characters that can be seen."""
    line = one_line(" ".join(text[: 100 * width].split()), 10 * width)
    return line if len(line) <= width else f"{line[: width - 1]}…"
