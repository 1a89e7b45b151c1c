"""Pools of records: made of rows, and their columns set and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice, zip_longest
from pathlib import Path
from tempfile import mkstemp
from typing import Any
from uuid import uuid4

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, DatasetInfo, Features, Json, List, Value, concatenate_datasets

from curate.errors import CurateError
from curate.records.schema import (
    MESSAGES,
    candidate_scores,
    candidates_feature,
    feature_of,
    fitted,
    labels_feature,
    scores_feature,
)
from curate.records.texts import iter_column

PIECE = 10_000  # rows that are held as Python objects at once
HELD = 1 << 28  # bytes of a pool that grows which stay in memory

encode_json = msgspec.json.Encoder(enc_hook=lambda number: number.item()).encode  # of numbers that are NumPy's


def from_rows(rows: Iterable[Mapping[str, Any]]) -> Dataset:
    """A pool from records as dictionaries; keys that only some of them have become null in the others.

    Rows become Arrow a piece at a time, so that millions may come from an iterator: what exceeds 256 MiB lies in
    temporary files. The type of a column depends on the values of all rows, wherever a piece ends.
    """
    waiting = iter(rows)
    pieces = [_piece(list(islice(waiting, PIECE)))]
    held = pieces[0].data.nbytes
    while batch := list(islice(waiting, PIECE)):
        piece = _piece(batch)
        held += piece.data.nbytes
        pieces.append(piece if held <= HELD else _on_disk(piece))
    return together(pieces)


def _on_disk(pool: Dataset) -> Dataset:
    """The pool in a file that is gone when nobody uses it any more, mapped into memory."""
    descriptor, path = mkstemp(suffix=".arrow")
    try:
        with open(descriptor, "wb") as file, pa.ipc.new_stream(file, pool.data.schema) as writer:
            writer.write_table(pool.data.table)
        mapped = pa.ipc.open_stream(pa.memory_map(path)).read_all()
    finally:
        Path(path).unlink()
    return _dataset(mapped, pool.features)


def together(pools: Sequence[Dataset]) -> Dataset:
    """One pool of several: a column that only some have is null in the others, and a type fits the values of all."""
    filled = [pool for pool in pools if len(pool)] or list(pools[:1])
    for name in dict.fromkeys(name for pool in filled for name in pool.column_names):
        known = [pool.features[name] for pool in filled if name in pool.column_names]
        if len(known) == len(filled) and all(feature == known[0] for feature in known):
            continue
        if all(feature == known[0] for feature in known):
            filled = [
                pool
                if name in pool.column_names
                else set_column(pool, name, fitted([None] * len(pool), known[0]), known[0])
                for pool in filled
            ]
            continue
        columns = [_values(pool, name) if name in pool.column_names else [None] * len(pool) for pool in filled]
        feature = feature_of(name, [value for column in columns for value in column])
        pairs = zip(filled, columns, strict=True)
        filled = [set_column(pool, name, fitted(column, feature), feature) for pool, column in pairs]
    return filled[0] if len(filled) == 1 else concatenate_datasets(filled)


def _values(pool: Dataset, name: str) -> list[Any]:
    """The values of a column; those of JSON text exactly, where `datasets` would round numbers."""
    if not isinstance(pool.features[name], Json):
        values: list[Any] = pool[name][:]
        return values
    texts = chain.from_iterable(column.to_pylist() for column in iter_column(pool, name))
    return [None if text is None else msgspec.json.decode(text) for text in texts]


def _piece(rows: Sequence[Mapping[str, Any]]) -> Dataset:
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    columns = {name: [row.get(name) for row in rows] for name in names}
    features = Features({name: feature_of(name, values) for name, values in columns.items()})
    schema = features.arrow_schema
    arrays = [_array(values, features[name], schema.field(name).type) for name, values in columns.items()]
    return _dataset(pa.Table.from_arrays(arrays, schema=schema), features)


def _dataset(table: pa.Table, features: Features) -> Dataset:
    # A fingerprint of our own, since `datasets` would otherwise find one by hashing the whole table.
    return Dataset(table, DatasetInfo(features=features), fingerprint=uuid4().hex)


def _array(values: Sequence[Any], feature: Any, kind: pa.DataType) -> pa.Array:
    """The values as Arrow holds them; those of a Json column as JSON text, exactly as they are."""
    if isinstance(feature, Json):
        texts = [None if value is None else encode_json(value).decode() for value in values]
        return pa.ExtensionArray.from_storage(kind, pa.array(texts, kind.storage_type))
    if feature == MESSAGES:
        return _messages(values, kind)
    return pa.array(fitted(values, feature), kind)


def _messages(conversations: Sequence[Any], kind: pa.DataType) -> pa.ListArray:
    """The turns of conversations, made field by field."""
    ends = np.cumsum([0, *(len(turns or ()) for turns in conversations)])
    turns = [turn for turns in conversations for turn in turns or ()]
    fields = list(kind.value_type)
    named = [(field.name, field) for field in fields]
    columns = [pa.array([turn.get(name) for turn in turns], field.type) for name, field in named]
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.StructArray.from_arrays(columns, fields=fields))


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
    return _dataset(table.cast(features.arrow_schema), features)


def arrow_column(values: Any, feature: Any) -> pa.ChunkedArray:
    """The values as Arrow holds them: a batch at a time, for there may be millions."""
    if isinstance(values, pa.ChunkedArray):
        return values
    kind = Features({"values": feature}).arrow_schema.field("values").type
    waiting, chunks = iter(values), []
    while batch := list(islice(waiting, PIECE)):
        chunks.append(_array(batch, feature, kind))
    return pa.chunked_array(chunks, kind)


def set_candidates(
    records: Dataset, candidates: Sequence[Sequence[Mapping[str, Any]]], scores: Iterable[str] = ()
) -> Dataset:
    """`records` with these candidates; `scores` names the scores that they carry in addition to those they had."""
    feature = candidates_feature({*candidate_scores(records), *scores})
    return set_column(records, "candidates", fitted(candidates, feature), feature)


def set_scores(records: Dataset, scores: Mapping[str, Sequence[float | None]]) -> Dataset:
    """`records` with these scores, one sequence of n each, added to the ones they have; None where there is none."""
    feature = scores_feature({*records.features.get("scores", {}), *scores})
    return set_column(records, "scores", _merged(records, "scores", scores), feature)


def set_labels(records: Dataset, labels: Mapping[str, Sequence[str | None]]) -> Dataset:
    """`records` with these labels, one sequence of n each, added to the ones they have; None where there is none."""
    feature = labels_feature({*records.features.get("labels", {}), *labels})
    return set_column(records, "labels", _merged(records, "labels", labels), feature)


def _merged(records: Dataset, name: str, values: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """The structs in the column `name`, if there is one, with the `values` of further fields."""
    batches = iter_column(records, name) if name in records.column_names else ()
    before = chain.from_iterable(batch.to_pylist() for batch in batches)
    added = ({field: column[row] for field, column in values.items()} for row in range(len(records)))
    return [{**(old or {}), **new} for old, new in zip_longest(before, added)]


def known_scores(records: Dataset, name: str) -> np.ndarray:
    """The score `name` of each record, float64 of shape (n,); NaN where a record has none."""
    if name not in records.features["scores"]:
        return np.full(len(records), np.nan)
    parts = [pc.struct_field(scores, name).to_numpy(False) for scores in iter_column(records, "scores")]
    return np.concatenate([np.zeros(0), *parts]).astype(np.float64)


def scores_of(records: Dataset, name: str) -> np.ndarray:
    """The score `name` of each record, float64 of shape (n,); raises CurateError when a record lacks it."""
    values = known_scores(records, name)
    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        raise CurateError(f"record {records[int(missing[0])]['id']!r} has no score {name!r}")
    return values


def set_embeddings(records: Dataset, embeddings: np.ndarray) -> Dataset:
    """`records` with these embeddings, shape (n, d)."""
    feature = List(Value("float32"), length=embeddings.shape[1])
    return set_column(records, "embedding", embeddings.astype(np.float32, copy=False), feature)
