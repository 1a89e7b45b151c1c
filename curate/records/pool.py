"""Pools of records: made of rows, and their columns set and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, islice, zip_longest
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, DatasetInfo, Features, List, Value, concatenate_datasets

from curate.errors import CurateError
from curate.records.schema import (
    candidate_scores,
    candidates_feature,
    feature_of,
    fitted,
    labels_feature,
    scores_feature,
)
from curate.records.texts import iter_column

PIECE = 10_000  # rows that are held as Python objects at once


def from_rows(rows: Iterable[Mapping[str, Any]]) -> Dataset:
    """A pool from records as dictionaries; keys that only some of them have become null in the others.

    Rows become Arrow a piece at a time, so that millions may come from an iterator. The type of a column depends on the
    values of all rows, wherever a piece ends.
    """
    waiting = iter(rows)
    pieces = [_piece(list(islice(waiting, PIECE)))]
    while batch := list(islice(waiting, PIECE)):
        pieces.append(_piece(batch))
    return together(pieces)


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
        columns = [pool[name][:] if name in pool.column_names else [None] * len(pool) for pool in filled]
        feature = feature_of(name, [value for column in columns for value in column])
        pairs = zip(filled, columns, strict=True)
        filled = [set_column(pool, name, fitted(column, feature), feature) for pool, column in pairs]
    return filled[0] if len(filled) == 1 else concatenate_datasets(filled)


def _with_nulls(records: Dataset, name: str, feature: Any) -> Dataset:
    return set_column(records, name, fitted([None] * len(records), feature), feature)


def _piece(rows: Sequence[Mapping[str, Any]]) -> Dataset:
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {name: [row.get(name) for row in rows] for name in names}
    features = Features({name: feature_of(name, values) for name, values in columns.items()})
    return Dataset.from_dict({name: fitted(values, features[name]) for name, values in columns.items()}, features)


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
