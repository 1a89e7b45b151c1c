"""Which points each candidate covers, and how well: all pairs, or where they are too many, pairs of neighbours.

A pair's similarity is its cosine, 0 where that is negative or where the graph lacks the pair. It is rounded to a
multiple of 2^-24, the spacing of float32 below 1: so sums and differences of similarities in float64 are exact, and
what is equal stays equal however often sums are brought up to date.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np
from scipy.sparse import csr_array

from curate.algorithms.inverted_file import inverted_file

UNIT = 2.0**-24

_AT_ONCE = 64  # points of which all pairs are gone through at once: they stay in the processor's cache
_CELLS = 3  # times the root of the number of candidates
_PROBES = 3  # cells that are looked through, at least
_MET = 2  # candidates in those cells for each neighbour, at least


class SimilarityGraph(Protocol):
    """The similarities of c candidates to the m points that they cover."""

    shape: tuple[int, int]  # (c, m)

    def totals(self) -> np.ndarray:
        """Each candidate's sum of similarities, float64 (c,)."""
        ...

    def covered_by(self, candidate: int) -> tuple[np.ndarray, np.ndarray]:
        """The points that a candidate covers, int (k,), and its similarity to each, float32 (k,)."""
        ...

    def losses(self, points: np.ndarray, before: np.ndarray, now: np.ndarray) -> np.ndarray:
        """What candidates can no longer gain, float64 (c,), since some points are better covered.

        `points`, int (k,), had something as similar as `before`, float32 (k,), and have something as similar as `now`.
        """
        ...


class CompleteGraph:
    """All pairs of unit vectors, float32 (c, d) and (m, d), in a table of 4 c m bytes."""

    def __init__(self, candidates: np.ndarray, points: np.ndarray) -> None:
        self.shape = (len(candidates), len(points))
        self._table = _similarities(points @ candidates.T)

    def totals(self) -> np.ndarray:
        return self._table.sum(axis=0, dtype=np.float64)

    def covered_by(self, candidate: int) -> tuple[np.ndarray, np.ndarray]:
        return np.arange(self.shape[1]), self._table[:, candidate]

    def losses(self, points: np.ndarray, before: np.ndarray, now: np.ndarray) -> np.ndarray:
        lost = np.zeros(self.shape[0])
        for start in range(0, len(points), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            table = self._table[points[some]]
            reached = np.minimum(table, now[some, None])
            reached -= np.minimum(table, before[some, None], out=table)
            lost += reached.sum(axis=0, dtype=np.float64)
        return lost


class NeighbourGraph:
    """Each point with `neighbours` of the candidates that are near to it; unit vectors, float32 (c, d) and (m, d).

    A search through a few cells of an inverted file finds them: it misses some, and hardly any that matters.
    """

    def __init__(self, candidates: np.ndarray, points: np.ndarray, neighbours: int) -> None:
        self.shape = (len(candidates), len(points))
        cells = int(_CELLS * math.sqrt(len(candidates)))
        probes = max(_PROBES, math.ceil(_MET * neighbours * cells / len(candidates)))
        index = inverted_file(candidates, np.arange(len(candidates)), cells, probes)
        index.add(candidates)
        cosines, near = index.search(points, neighbours)
        cosines[near < 0] = 0  # where the cells held too few
        self._near = np.maximum(near, 0).astype(np.int32)
        self._cosines = _similarities(cosines)
        ends = np.arange(len(points) + 1) * neighbours
        self._covered = csr_array((self._cosines.ravel(), self._near.ravel(), ends), self.shape[::-1]).tocsc()
        self._ends = self._covered.indptr.tolist()

    def totals(self) -> np.ndarray:
        return np.bincount(self._near.ravel(), self._cosines.ravel(), self.shape[0])

    def covered_by(self, candidate: int) -> tuple[np.ndarray, np.ndarray]:
        own = slice(self._ends[candidate], self._ends[candidate + 1])
        return self._covered.indices[own], self._covered.data[own]

    def losses(self, points: np.ndarray, before: np.ndarray, now: np.ndarray) -> np.ndarray:
        cosines = self._cosines[points]
        reached = np.minimum(cosines, now[:, None]) - np.minimum(cosines, before[:, None])
        return np.bincount(self._near[points].ravel(), reached.ravel(), self.shape[0])


def _similarities(cosines: np.ndarray) -> np.ndarray:
    """Cosines, float32, made into similarities in their place."""
    np.clip(cosines, 0, 1, out=cosines)
    cosines /= UNIT
    np.rint(cosines, out=cosines)
    cosines *= UNIT
    return cosines
