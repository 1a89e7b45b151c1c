"""Semantic duplicates: rows whose embeddings point the same way.

Rows are visited from the best to the worst, a block at a time, and each is compared with the centres of stars among
those before it, so that no list of all pairs is ever held. Up to `EXACT` rows it is compared with all of them; beyond,
an inverted file of FAISS (Sivic and Zisserman 2003) looks through the cells around each row alone, and `missed`
measures on a sample what a comparison with all would have found besides.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from curate.algorithms.blocks import Vectors
from curate.algorithms.inverted_file import inverted_file

EXACT = 50_000
ROUNDING = 1e-6  # of a cosine in float32: copies reach a threshold of 1
_CELLS = 4  # times the root of the number of rows
_PROBES = 32  # cells that are looked through
_SAMPLE = 1000
_CHUNK = 8192


class _Centres(Protocol):
    """The centres so far, numbered as they come."""

    def search(self, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The number of the centre nearest to each of b vectors, int64 (b,), and the cosine, float32 (b,); none: -1."""

    def add(self, block: np.ndarray, among: np.ndarray, new: list[int]) -> None:
        """Makes some of the vectors that were searched for last centres; `among` (b, b) are their own cosines."""

    def nearest_other(self, vectors: np.ndarray, start: int) -> np.ndarray:
        """The cosine of some centres to the nearest other one, float32; `vectors` are theirs, from number `start`."""


class _AllCentres:
    """Compares with every centre. What that costs says besides how near every centre's nearest other one is."""

    def __init__(self, most: int, dimensions: int) -> None:
        self._vectors = np.empty((most, dimensions), dtype=np.float32)
        self._other = np.full(most, -1, dtype=np.float32)
        self._count = 0

    def search(self, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self._cosines = block @ self._vectors[: self._count].T
        if not self._count:
            self._nearest = np.full(len(block), -1, dtype=np.float32)
            return np.full(len(block), -1), self._nearest
        numbers = self._cosines.argmax(axis=1)
        self._nearest = np.take_along_axis(self._cosines, numbers[:, None], axis=1)[:, 0]
        return numbers, self._nearest

    def add(self, block: np.ndarray, among: np.ndarray, new: list[int]) -> None:
        before = self._other[: self._count]
        for row in new:
            np.maximum(before, self._cosines[row], out=before)
        cosines = among[np.ix_(new, new)]
        np.fill_diagonal(cosines, -1)
        added = slice(self._count, self._count + len(new))
        self._vectors[added] = block[new]
        self._other[added] = np.maximum(self._nearest[new], cosines.max(axis=1))
        self._count = added.stop

    def nearest_other(self, vectors: np.ndarray, start: int) -> np.ndarray:
        return self._other[start : start + len(vectors)]


class _CellsOfCentres:
    """Compares with the centres in the cells around a vector."""

    def __init__(self, embeddings: Vectors, order: np.ndarray) -> None:
        self._index = inverted_file(embeddings, order, int(_CELLS * math.sqrt(len(order))), _PROBES)

    def search(self, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cosines, numbers = self._index.search(block, 1)
        return numbers[:, 0], np.where(numbers[:, 0] >= 0, cosines[:, 0], -1)

    def add(self, block: np.ndarray, among: np.ndarray, new: list[int]) -> None:
        self._index.add(block[new])

    def nearest_other(self, vectors: np.ndarray, start: int) -> np.ndarray:
        cosines, numbers = self._index.search(vectors, 2)
        itself = numbers[:, 0] == np.arange(start, start + len(vectors))
        return np.where(itself, cosines[:, 1], cosines[:, 0])


class SemanticDuplicates:
    """The likeness of rows whose embeddings have a cosine of at least `threshold`.

    `embeddings` are unit vectors, float32 (n, d), `order` the row numbers, the best first.
    """

    def __init__(self, embeddings: Vectors, order: np.ndarray, threshold: float) -> None:
        self._embeddings, self._threshold = embeddings, threshold - ROUNDING
        self.exact = len(embeddings) <= EXACT
        self._centres: _Centres = _AllCentres(*embeddings.shape) if self.exact else _CellsOfCentres(embeddings, order)
        self._numbered: list[int] = []  # the rows that are centres
        self._rows = np.zeros(0, dtype=np.int64)
        self._new: list[int] = []  # the positions of centres in `_rows`, which are not among `_centres` yet

    def prepare(self, rows: np.ndarray) -> None:
        """Searches the centres so far for each of `rows`, and compares the rows with each other."""
        self._number_new_centres()
        self._rows, self._block = rows, self._embeddings[rows]
        self._nearest, self._before = self._centres.search(self._block)
        self._among = self._block @ self._block.T
        self._meets: np.ndarray = np.any(np.tril(self._among, -1) >= self._threshold, axis=1)
        self._position = {row: position for position, row in enumerate(rows.tolist())}

    def closest(self, row: int) -> tuple[int, float]:
        """The closest centre, among equally close ones the best."""
        position = self._position[row]
        centre, most = -1, self._threshold
        if self._before[position] >= most:
            centre, most = self._numbered[self._nearest[position]], float(self._before[position])
        if self._meets[position] and self._new:
            among = self._among[position, self._new]
            best = int(among.argmax())
            if among[best] > most or (centre < 0 and among[best] >= most):
                centre, most = int(self._rows[self._new[best]]), float(among[best])
        return (centre, min(most, 1.0)) if centre >= 0 else (-1, 0.0)

    def add(self, row: int) -> None:
        """`row` is a centre from now on."""
        self._new.append(self._position[row])

    def nearest_other(self) -> tuple[np.ndarray, np.ndarray]:
        """The centres, int64 (c,), and the cosine of each to the nearest other one, float32 (c,); alone: -1."""
        self._number_new_centres()
        rows = np.array(self._numbered, dtype=np.int64)
        cosines = [
            self._centres.nearest_other(self._embeddings[rows[start : start + _CHUNK]], start)
            for start in range(0, len(rows), _CHUNK)
        ]
        return rows, np.clip(np.concatenate([np.zeros(0, dtype=np.float32), *cosines]), -1, 1)

    def missed(self) -> float:
        """How many centres resemble a better one that the search did not find, estimated from a sample of them."""
        if self.exact:
            return 0.0
        self._number_new_centres()
        centres = np.array(self._numbered, dtype=np.int64)
        sampled = np.arange(0, len(centres), max(1, len(centres) // _SAMPLE))
        sample = self._embeddings[centres[sampled]]
        alike = np.zeros(len(sampled), dtype=bool)
        for start in range(0, len(centres), _CHUNK):
            cosines = sample @ self._embeddings[centres[start : start + _CHUNK]].T
            better = np.arange(start, start + cosines.shape[1]) < sampled[:, None]
            alike |= ((cosines >= self._threshold) & better).any(axis=1)
        return float(alike.mean() * len(centres))

    def _number_new_centres(self) -> None:
        if self._new:
            self._centres.add(self._block, self._among, self._new)
            self._numbered.extend(self._rows[self._new].tolist())
            self._new = []
