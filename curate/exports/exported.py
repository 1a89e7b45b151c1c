"""What an export wrote and proved, and how it is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from curate.exports.conversation import Conversation
from curate.exports.proof import Proof
from curate.records.files import write_jsonl, written_whole

MARK = "export.json"  # by which a directory is known as an export, which another one may replace
MOST = 8  # kinds of difference that are shown


class Item(NamedTuple):
    """The rows of one record, and for each row the conversations that it holds."""

    id: str
    rows: list[dict[str, Any]]
    expected: list[Sequence[Conversation]]


@dataclass(frozen=True)
class Export:
    """What an export wrote and proved: rows of each file, the names of the files `beside` them, records that were left
    out and why, `notes` for the user."""

    directory: Path
    files: dict[str, int]
    proof: Proof
    beside: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def public_files(self) -> list[str]:
        """What may be uploaded: the data, the card, and what was proven; the files beside them can hold local paths."""
        return [*self.files, "README.md", MARK]

    def lines(self) -> Iterator[str]:
        """What a user should read of it."""
        for name, count in self.files.items():
            yield f"{self.directory / name}: {count} rows"
        for reason, count in self.left_out.most_common():
            yield f"left out {count}: {reason}"
        yield from self._proof()
        yield from self.notes

    def _proof(self) -> Iterator[str]:
        proof = self.proof
        if proof.same and proof.by_tokens:
            yield f"proven: read back, all {proof.compared} renderings have the text and the mask that prepare proves"
        elif proof.same:
            yield f"read back: all {proof.compared} conversations are the same; no tokenizer is there to render them"
        for kind, count in proof.differences.most_common(MOST):
            yield f"{count} of {proof.compared} differ: {kind} (record {proof.examples[kind]})"
        if len(proof.differences) > MOST:
            yield f"and in {len(proof.differences) - MOST} other ways"


def write_rows(rows: Iterable[dict[str, Any]], path: Path) -> None:
    """Writes JSONL or Parquet, by the name of the file, whole or not at all."""
    if path.suffix == ".parquet":
        held = list(rows)
        columns = {name: [row.get(name) for row in held] for name in dict.fromkeys(key for row in held for key in row)}
        with written_whole(path) as file:
            pq.write_table(pa.table(columns), file)
    else:
        write_jsonl(rows, path)


def write_text(path: Path, text: str) -> None:
    """Writes a text, whole or not at all."""
    with written_whole(path) as file:
        file.write(text.encode())
