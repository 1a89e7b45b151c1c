"""Semantic duplicates: rows whose embeddings point the same way.

The centres of stars stand in a FAISS index that grows as rows are visited from the best to the worst, so each row is
compared with those that stay and no list of all pairs is ever held. Up to `EXACT` rows the search is exhaustive.
Beyond, an inverted file (Sivic and Zisserman 2003) looks through the cells around each row alone, and `missed` measures
on a sample what an exhaustive search would have found besides.
"""

from __future__ import annotations

import math

import faiss
import numpy as np

from curate.algorithms.blocks import Vectors
from curate.algorithms.inverted_file import inverted_file

EXACT = 50_000
ROUNDING = 1e-6  # of a cosine in float32: copies reach a threshold of 1
_CELLS = 4  # times the root of the number of rows
_PROBES = 32  # cells that are looked through
_SAMPLE = 1000
_CHUNK = 8192


class SemanticDuplicates:
    """The likeness of rows whose embeddings have a cosine of at least `threshold`.

    `embeddings` are unit vectors, float32 (n, d), `order` the row numbers, the best first.
    """

    def __init__(self, embeddings: Vectors, order: np.ndarray, threshold: float) -> None:
        self._embeddings, self._threshold = embeddings, threshold - ROUNDING
        self.exact = len(embeddings) <= EXACT
        cells = int(_CELLS * math.sqrt(len(order)))
        exhaustive = faiss.IndexFlatIP(embeddings.shape[1])
        self._index = exhaustive if self.exact else inverted_file(embeddings, order, cells, _PROBES)
        self._indexed: list[int] = []
        self._rows = np.zeros(0, dtype=np.int64)
        self._new: list[int] = []  # the centres among `_rows`, which are not in the index yet

    def prepare(self, rows: np.ndarray) -> None:
        """Searches the centres so far for each of `rows`, and compares the rows with each other."""
        self._index_new_centres()
        block = self._embeddings[rows]
        cosines, found = self._index.search(block, 1)
        self._before = np.where(found[:, 0] >= 0, cosines[:, 0], -1)
        self._nearest = found[:, 0]
        self._among = np.tril(block @ block.T, -1)
        self._meets: np.ndarray = np.any(self._among >= self._threshold, axis=1)
        self._rows, self._new = rows, []
        self._place = {row: place for place, row in enumerate(rows.tolist())}

    def closest(self, row: int) -> tuple[int, float]:
        """The closest centre, among equally close ones the best."""
        place = self._place[row]
        centre, most = -1, self._threshold
        if self._before[place] >= most:
            centre, most = self._indexed[self._nearest[place]], float(self._before[place])
        if self._meets[place] and self._new:
            among = self._among[place, self._new]
            best = int(among.argmax())
            if among[best] > most or (centre < 0 and among[best] >= most):
                centre, most = int(self._rows[self._new[best]]), float(among[best])
        return (centre, min(most, 1.0)) if centre >= 0 else (-1, 0.0)

    def add(self, row: int) -> None:
        """`row` is a centre from now on."""
        self._new.append(self._place[row])

    def nearest_other(self) -> tuple[np.ndarray, np.ndarray]:
        """The centres, int64 (c,), and the cosine of each to the nearest other one, float32 (c,); alone: -1."""
        self._index_new_centres()
        rows = np.array(self._indexed, dtype=np.int64)
        cosines, found = self._index.search(self._embeddings[rows], 2)
        own = found[:, 0] == np.arange(len(rows))
        return rows, np.clip(np.where(own, cosines[:, 1], cosines[:, 0]), -1, 1)

    def missed(self) -> float:
        """How many centres resemble a better one that the search did not find, estimated from a sample of them."""
        if self.exact:
            return 0.0
        self._index_new_centres()
        centres = np.array(self._indexed, dtype=np.int64)
        places = np.arange(0, len(centres), max(1, len(centres) // _SAMPLE))
        sample = self._embeddings[centres[places]]
        alike = np.zeros(len(places), dtype=bool)
        for start in range(0, len(centres), _CHUNK):
            cosines = sample @ self._embeddings[centres[start : start + _CHUNK]].T
            better = np.arange(start, start + cosines.shape[1]) < places[:, None]
            alike |= ((cosines >= self._threshold) & better).any(axis=1)
        return float(alike.mean() * len(centres))

    def _index_new_centres(self) -> None:
        if len(self._new):
            rows = self._rows[self._new]
            self._index.add(self._embeddings[rows])
            self._indexed.extend(rows.tolist())
            self._new = []
