"""The embeddings of a pool, read from Arrow as they are asked for: a pool may be larger than memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from datasets import Dataset

from curate.errors import CurateError

_COPIED = 1024  # vectors that are taken from a chunk at once


class Embeddings:
    """The embeddings of `records` at unit length, in the order of the row numbers `order`, int64 (n,).

    Indexed by a slice or by an array of places in that order, it gives float32 (k, d); a vector of zeros stays one,
    and resembles nothing. Raises CurateError for a record whose embedding is missing, not finite or of another length.
    """

    def __init__(self, records: Dataset, order: np.ndarray) -> None:
        self._records, self._order = records, order
        column = records.data.column("embedding")
        # What `select` leaves of a pool is a list of its rows; taking them would copy the pool.
        rows = records._indices
        self._stored = order if rows is None else rows.column(0).to_numpy()[order].astype(np.int64)
        if column.null_count:
            missing = np.flatnonzero(column.is_null().to_numpy()[self._stored])
            if len(missing):
                raise CurateError(f"record {self._name(missing[0])} has no embedding")
        chunks = [chunk for chunk in column.chunks if len(chunk)]
        self._starts = np.cumsum([0, *map(len, chunks)])
        width = next((len(chunk[0]) for chunk in chunks if chunk[0].is_valid), 0)
        self._chunks = [_matrix(chunk, width) for chunk in chunks]
        self.shape = (len(order), width)

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        stored = self._stored[rows]
        vectors = np.empty((len(stored), self.shape[1]), dtype=np.float32)
        chunk = np.searchsorted(self._starts, stored, side="right") - 1
        order = np.argsort(chunk, kind="stable")
        numbers, firsts = np.unique(chunk[order], return_index=True)
        for number, positions in zip(numbers.tolist(), np.split(order, firsts)[1:], strict=True):
            for some in np.split(positions, range(_COPIED, len(positions), _COPIED)):
                vectors[some] = self._chunks[number][stored[some] - self._starts[number]]
        lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
        broken = np.flatnonzero(~np.isfinite(lengths[:, 0]))
        if len(broken):
            position = np.arange(len(self))[rows][broken[0]]
            raise CurateError(f"the embedding of record {self._name(position)} is not finite")
        return np.divide(vectors, lengths, out=vectors, where=lengths > 0)

    def _name(self, position: int) -> str:
        return repr(self._records[int(self._order[position])]["id"])


def _matrix(chunk: pa.Array, width: int) -> np.ndarray:
    """The vectors of a chunk as an array, without a copy where Arrow holds them as float32 of one length."""
    if pa.types.is_fixed_size_list(chunk.type):
        offset = chunk.offset * width
        values = chunk.values[offset : offset + len(chunk) * width]
    else:
        if not (chunk.value_lengths().fill_null(width).to_numpy() == width).all():
            raise CurateError(
                f"the embeddings differ in length: the first has {width} numbers; embed all with one model"
            )
        chunk = chunk.fill_null([0.0] * width) if chunk.null_count else chunk
        values = chunk.flatten()
    return values.to_numpy(zero_copy_only=False).reshape(-1, width).astype(np.float32, copy=False)
