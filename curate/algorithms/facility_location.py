"""Facility location with a quality term, maximised greedily.

    F(S) = (1 - a) / n * sum_i max_{j in S} sim(i, j)  +  a / N * sum_{j in S} quality(j)

The first sum asks that each of the n points has something like it in the choice S; the second is the mean quality of
the N points chosen (QDIT, arXiv 2311.14736). F is monotone and submodular, so the greedy choice reaches at least
1 - 1/e of the best (Nemhauser, Wolsey, Fisher 1978). Gains only shrink as the choice grows, so most of them need not be
computed again: the lazy greedy of Minoux (1978) finds the same choice.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Similarities:
    """Who resembles whom among n points, in rows: `values[offsets[j]:offsets[j + 1]]` are the similarities of point j
    to the points `neighbours[...]`; all others count as 0.

    `neighbours` int64 (m,), ascending within a row, or None where every row holds all n points; `values` float32 (m,),
    in [0, 1]; `offsets` int64 (n + 1,). Every point is its own neighbour.
    """

    neighbours: np.ndarray | None
    values: np.ndarray
    offsets: np.ndarray

    def row(self, point: int) -> tuple[np.ndarray | slice, np.ndarray]:
        """The neighbours of a point, as an index, and its similarity to each."""
        part = slice(self.offsets[point], self.offsets[point + 1])
        return (slice(None) if self.neighbours is None else self.neighbours[part]), self.values[part]


def dense(embeddings: np.ndarray) -> Similarities:
    """All pairs: the cosine of unit vectors, shape (n, d), clipped at 0. Takes 4 n**2 bytes."""
    n = len(embeddings)
    values = np.clip(embeddings @ embeddings.T, 0, 1)
    np.fill_diagonal(values, 1)
    return Similarities(None, values.ravel(), np.arange(n + 1, dtype=np.int64) * n)


def facility_location(
    similarities: Similarities, count: int, quality: np.ndarray | None = None, weight: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """`count` points in the order of their choice, int64 (count,), and the gain in F of each, float64 (count,).

    `quality` is float64 (n,) in [0, 1], `weight` the a of the formula. Among equal gains the smaller row number goes
    first, also when nothing is left to gain, so `count` points come out whenever there are as many.
    """
    points = len(similarities.offsets) - 1
    reach = (1 - weight) / points if quality is not None else 1 / points
    bonus = quality * (weight / count) if quality is not None else np.zeros(points)
    served = np.zeros(points, dtype=np.float32)

    def gain(point: int) -> float:
        who, how = similarities.row(point)
        return reach * float(np.maximum(how - served[who], 0).sum(dtype=np.float64)) + float(bonus[point])

    heap = [(-gain(point), point) for point in range(points)]
    heapq.heapify(heap)
    chosen: list[int] = []
    gains: list[float] = []
    while len(chosen) < count:
        _, point = heap[0]
        fresh = (-gain(point), point)
        heapq.heapreplace(heap, fresh)
        if heap[0] != fresh:
            continue
        heapq.heappop(heap)
        who, how = similarities.row(point)
        served[who] = np.maximum(served[who], how)
        chosen.append(point)
        gains.append(-fresh[0])
    return np.array(chosen, dtype=np.int64), np.array(gains)
