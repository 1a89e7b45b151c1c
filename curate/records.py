"""The record schema, and the reading and writing of records.

A record is one conversation. In Python a pool of records is a `datasets.Dataset` with these columns:

    id          string, unique in the pool
    messages    list of {role, content, reasoning_content}; roles `system`, `user`, `assistant`
    candidates  list of {content, reasoning_content, generator, finish_reason, scores}
    scores      struct of float64, each named by what it measures
    labels      struct of strings
    embedding   list of float32, unit length
    source      where the record comes from

and whatever other columns the input had. On disk a pool is JSONL, one record a line, null values left out.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal, TypedDict
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, DatasetInfo, Features, Json, List, Value, concatenate_datasets

from curate.errors import CurateError


class Message(TypedDict, total=False):
    """One turn of a conversation."""

    role: str
    content: str
    reasoning_content: str | None


ROLES = ("system", "user", "assistant")

MESSAGES = List({"role": Value("string"), "content": Value("string"), "reasoning_content": Value("string")})


BATCH = 1000  # records that are read or written at once
PIECE = 10_000  # rows that are held as Python objects at once
STRETCH = 32  # rows of a stretch for each row that is taken from it, at most


def scores_feature(names: Iterable[str]) -> dict[str, Value]:
    """The Arrow type of a `scores` struct with these fields."""
    return {name: Value("float64") for name in sorted(names)}


def labels_feature(names: Iterable[str]) -> dict[str, Value]:
    """The Arrow type of a `labels` struct with these fields."""
    return {name: Value("string") for name in sorted(names)}


def candidates_feature(scores: Iterable[str] = ()) -> List:
    """The Arrow type of a `candidates` column whose candidates carry these scores."""
    fields: dict[str, Any] = {
        name: Value("string") for name in ("content", "reasoning_content", "generator", "finish_reason")
    }
    named = scores_feature(scores)
    return List({**fields, "scores": named} if named else fields)


def digest(*parts: Any) -> str:
    """A stable name (32 hexadecimal digits) of the canonical JSON of `parts`."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def derive_seed(*parts: Any) -> int:
    """A seed in [0, 2**63) that depends on `parts` alone: a run's seed, a stage, a record's id, a candidate's number.

    Randomness drawn from it does not depend on how records are batched or sharded.
    """
    return int(digest(*parts)[:16], 16) >> 1


def from_rows(rows: Iterable[Mapping[str, Any]]) -> Dataset:
    """A pool from records as dictionaries; keys that only some of them have become null in the others.

    Rows become Arrow a piece at a time, so that millions may come from an iterator. The type of a column depends on the
    values of all rows, wherever a piece ends.
    """
    waiting = iter(rows)
    pieces = [_piece(list(islice(waiting, PIECE)))]
    while batch := list(islice(waiting, PIECE)):
        pieces.append(_piece(batch))
    if len(pieces) == 1:
        return pieces[0]
    for name in dict.fromkeys(name for piece in pieces for name in piece.column_names):
        if any(piece.features.get(name) != pieces[0].features.get(name) for piece in pieces):
            columns = [piece[name][:] if name in piece.column_names else [None] * len(piece) for piece in pieces]
            feature = _feature(name, [value for column in columns for value in column])
            together = zip(pieces, columns, strict=True)
            pieces = [set_column(piece, name, _fitted(column, feature), feature) for piece, column in together]
    return concatenate_datasets(pieces)


def _piece(rows: Sequence[Mapping[str, Any]]) -> Dataset:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    features = Features({name: _feature(name, values) for name, values in columns.items()})
    return Dataset.from_dict({name: _fitted(values, features[name]) for name, values in columns.items()}, features)


def set_column(records: Dataset, name: str, values: Any, feature: Any) -> Dataset:
    """`records` with the column `name` set to `values` (a sequence, an array, or what `arrow_column` made of them)."""
    rest = records.remove_columns(name) if name in records.column_names else records
    if isinstance(values, np.ndarray) and values.ndim == 2:
        column = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])
    else:
        column = arrow_column(values, feature)
    order = list(dict.fromkeys([*records.column_names, name]))
    types = {**rest.features, name: feature}
    features = Features({column_name: types[column_name] for column_name in order})
    table = rest.with_format("arrow")[:].append_column(name, column).select(order)
    # A fingerprint of our own, since `datasets` would otherwise find one by hashing the whole table.
    return Dataset(table.cast(features.arrow_schema), DatasetInfo(features=features), fingerprint=uuid4().hex)


def arrow_column(values: Any, feature: Any) -> pa.ChunkedArray:
    """The values as Arrow holds them: a batch at a time, for there may be millions."""
    if isinstance(values, pa.ChunkedArray):
        return values
    waiting, chunks = iter(values), []
    while batch := list(islice(waiting, PIECE)):
        chunks += Dataset.from_dict({"values": batch}, Features({"values": feature})).data.column("values").chunks
    return pa.chunked_array(chunks, Features({"values": feature}).arrow_schema.field("values").type)


def set_candidates(
    records: Dataset, candidates: Sequence[Sequence[Mapping[str, Any]]], scores: Iterable[str] = ()
) -> Dataset:
    """`records` with these candidates; `scores` names the scores that they carry in addition to those they had."""
    feature = candidates_feature({*candidate_scores(records), *scores})
    return set_column(records, "candidates", _fitted(candidates, feature), feature)


def set_scores(records: Dataset, scores: Mapping[str, Sequence[float | None]]) -> Dataset:
    """`records` with these scores, one sequence of n each, added to the ones they have; None where there is none."""
    before = records["scores"] if "scores" in records.column_names else [{}] * len(records)
    merged = [{**old, **{name: values[row] for name, values in scores.items()}} for row, old in enumerate(before)]
    feature = scores_feature({*records.features.get("scores", {}), *scores})
    return set_column(records, "scores", merged, feature)


def set_labels(records: Dataset, labels: Mapping[str, Sequence[str | None]]) -> Dataset:
    """`records` with these labels, one sequence of n each, added to the ones they have; None where there is none."""
    before = records["labels"] if "labels" in records.column_names else [{}] * len(records)
    merged = [{**old, **{name: values[row] for name, values in labels.items()}} for row, old in enumerate(before)]
    feature = labels_feature({*records.features.get("labels", {}), *labels})
    return set_column(records, "labels", merged, feature)


def scores_of(records: Dataset, name: str) -> np.ndarray:
    """The score `name` of each record, float64 of shape (n,); raises CurateError when a record lacks it."""
    if name in records.features["scores"]:
        parts = [pc.struct_field(scores, name).to_numpy(False) for scores in iter_column(records, "scores")]
        values = np.concatenate([np.zeros(0), *parts]).astype(np.float64)
    else:
        values = np.full(len(records), np.nan)
    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        raise CurateError(f"record {records[int(missing[0])]['id']!r} has no score {name!r}")
    return values


def set_embeddings(records: Dataset, embeddings: np.ndarray) -> Dataset:
    """`records` with these embeddings, shape (n, d)."""
    feature = List(Value("float32"), length=embeddings.shape[1])
    return set_column(records, "embedding", embeddings.astype(np.float32, copy=False), feature)


def columns_of(records: Dataset) -> set[str]:
    """What stages may ask for: columns, `scores.NAME`, `labels.NAME`, `candidates.scores.NAME`, and `response` when
    records end in one."""
    present = set(records.column_names)
    for column in present & {"scores", "labels"}:
        present |= {f"{column}.{name}" for name in records.features[column]}
    present |= {f"candidates.scores.{name}" for name in candidate_scores(records)}
    if len(records) and "messages" in present and has_response(records[0]["messages"]):
        present.add("response")
    return present


def candidate_scores(records: Dataset) -> list[str]:
    """The names of the scores that the candidates carry."""
    if "candidates" not in records.column_names:
        return []
    return list(records.features["candidates"].feature.get("scores", {}))


def has_response(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the conversation ends with an assistant turn."""
    return bool(messages) and messages[-1]["role"] == "assistant"


def instruction_of(messages: Sequence[Mapping[str, Any]]) -> str:
    """The first user turn's text."""
    return next((message["content"] for message in messages if message["role"] == "user"), "")


def response_of(messages: Sequence[Mapping[str, Any]]) -> str:
    """The last assistant turn's text."""
    return next((message["content"] for message in reversed(messages) if message["role"] == "assistant"), "")


def response_lengths(records: Dataset) -> np.ndarray:
    """The number of characters in the assistant turns of each record, int64 (n,)."""
    found = [np.zeros(0, dtype=np.int64)]
    for messages in iter_column(records, "messages"):
        turns = messages.flatten()
        spoken = pc.if_else(pc.equal(turns.field("role"), "assistant"), pc.utf8_length(turns.field("content")), 0)
        ends = np.cumsum(pc.fill_null(messages.value_lengths(), 0).to_numpy())
        reached = np.concatenate(([0], np.cumsum(pc.fill_null(spoken, 0).to_numpy(zero_copy_only=False))))
        found.append(np.diff(reached[ends], prepend=0))
    return np.concatenate(found)


Text = Literal["instruction", "response", "both"]


def texts_of(records: Dataset, which: Text) -> list[str]:
    """What stands for each record where records are compared; `both` is the response after the instruction."""
    return list(iter_texts(records, which))


def iter_texts(records: Dataset, which: Text) -> Iterator[str]:
    """`texts_of`, one after another: only a batch of records is in memory at a time."""
    for messages in iter_column(records, "messages"):
        parts = {"instruction": ("user",), "response": ("assistant",), "both": ("user", "assistant")}[which]
        columns = [_turn_of(messages, role, last=role == "assistant") for role in parts]
        yield from map("\n\n".join, zip(*columns, strict=True))


def iter_column(records: Dataset, name: str) -> Iterator[pa.Array]:
    """A column as Arrow arrays of at most 1,000 records each."""
    for table in _tables(records.select_columns(name)):
        yield table[name].combine_chunks()


def _tables(records: Dataset) -> Iterator[pa.Table]:
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
    places = np.flatnonzero(pc.equal(turns.field("role"), role).to_numpy(zero_copy_only=False))
    owners = np.repeat(np.arange(len(messages)), np.diff(messages.offsets.to_numpy()))[places]
    found = np.full(len(messages), -1, dtype=np.int64)
    ways = slice(None) if last else slice(None, None, -1)
    found[owners[ways]] = places[ways]  # of several, the last that is written stays
    texts: list[str | None] = turns.field("content").take(pa.array(found, mask=found < 0)).to_pylist()
    return [text or "" for text in texts]


def plain(value: Any) -> Any:
    """`value` without null entries, as it is written to JSONL."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that appears under `path` only when everything in it is on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_jsonl(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    """Writes one JSON object a line, whole or not at all; returns how many."""
    count = 0
    with written_whole(path) as file:
        for row in rows:
            file.write(json.dumps(plain(row), ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
            count += 1
    return count


def write_json(value: Any, path: Path) -> None:
    """Writes one JSON document, whole or not at all."""
    with written_whole(path) as file:
        file.write(json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n")


def write_arrow(records: Dataset, path: Path) -> None:
    """Writes an Arrow stream that `read_arrow` maps into memory, whole or not at all."""
    schema = records.features.arrow_schema
    with written_whole(path) as file, pa.ipc.new_stream(file, schema) as writer:
        for table in _tables(records):
            writer.write_table(table.cast(schema).combine_chunks())


def read_arrow(path: Path) -> Dataset:
    """A memory-mapped pool that `write_arrow` wrote."""
    return Dataset.from_file(str(path))


def _feature(name: str, values: Sequence[Any]) -> Any:
    """The Arrow type of a column: fixed for the columns that the schema names, else found from its values."""
    if name == "messages":
        return MESSAGES
    if name == "candidates":
        return candidates_feature({s for row in values for c in row or () for s in c.get("scores") or ()})
    if name == "scores":
        return scores_feature({score for row in values for score in row or ()})
    if name == "labels":
        return labels_feature({label for row in values for label in row or ()})
    if name == "embedding":
        lengths = {len(value) for value in values if value is not None}
        return List(Value("float32"), length=lengths.pop() if len(lengths) == 1 else -1)
    kinds = {type(value) for value in values if value is not None}
    scalars = {str: "string", int: "int64", float: "float64", bool: "bool"}
    if name != "source" and len(kinds) == 1 and kinds <= scalars.keys():
        return Value(scalars[kinds.pop()])
    return Json()


def _fitted(values: Sequence[Any], feature: Any) -> Sequence[Any]:
    """`values` with every field of a struct present, as Arrow wants them."""
    if isinstance(feature, dict):
        return [_fit_struct(value or {}, feature) for value in values]
    if isinstance(feature, List) and isinstance(feature.feature, dict):
        return [[_fit_struct(item, feature.feature) for item in value or ()] for value in values]
    return values


def _fit_struct(value: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _fit_struct(value.get(name) or {}, feature) if isinstance(feature, dict) else value.get(name)
        for name, feature in fields.items()
    }
