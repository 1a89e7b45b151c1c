"""Facility location with a quality term, maximised greedily.

    F(S) = (1 - a) / n * sum_i max_{j in S} sim(i, j)  +  a / N * sum_{j in S} quality(j)

The first sum asks that each of the n points has something like it in the choice S; the second is the mean quality of
the N points chosen (QDIT, arXiv 2311.14736). F is monotone and submodular, so the greedy choice reaches at least
1 - 1/e of the best (Nemhauser, Wolsey, Fisher 1978), and at least half of it under quotas, a partition matroid (Fisher,
Nemhauser, Wolsey 1978). Gains only shrink as the choice grows, so most of them need not be computed again: the lazy
greedy of Minoux (1978) finds the same choice.
"""

from __future__ import annotations

import heapq

import numpy as np
from scipy.sparse import csr_array


def facility_location(
    similarities: csr_array,
    count: int,
    bonus: np.ndarray | None = None,
    reach: float | None = None,
    groups: np.ndarray | None = None,
    quotas: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """At most `count` of c candidates in the order of their choice, int64 (k,), and each one's gain in F, float64 (k,).

    `similarities` (c, m) are those of the candidates to the m points that ask to be covered, float32 in [0, 1]; a pair
    that is not in it has 0. `reach` is the weight of one such point, by default 1 / m; `bonus`, float64 (c,), is what
    each candidate adds by itself. `groups`, int64 (c,), number the candidates' groups, and `quotas`, int64 (g,), say
    how many a group may have. Among equal gains the smaller row goes first, also when nothing is left to gain.
    """
    candidates, points = similarities.shape
    each = 1 / points if reach is None else reach
    extra = np.zeros(candidates) if bonus is None else bonus
    member = np.zeros(candidates, dtype=np.int64) if groups is None else groups
    left = [count] if quotas is None else quotas.tolist()
    served = np.zeros(points, dtype=np.float32)

    values, columns, bounds = similarities.data, similarities.indices, similarities.indptr.tolist()

    first = each * similarities.sum(axis=1, dtype=np.float64) + extra
    heap = [(-gain, row) for row, gain in enumerate(first.tolist())]
    heapq.heapify(heap)
    chosen: list[int] = []
    gains: list[float] = []
    while heap and len(chosen) < count:
        _, row = heap[0]
        if not left[member[row]]:
            heapq.heappop(heap)
            continue
        mine = slice(bounds[row], bounds[row + 1])
        covered, cosines = columns[mine], values[mine]
        gain = each * float(np.maximum(cosines - served[covered], 0).sum(dtype=np.float64)) + float(extra[row])
        fresh = (-gain, row)
        heapq.heapreplace(heap, fresh)
        if heap[0] != fresh:
            continue
        heapq.heappop(heap)
        served[covered] = np.maximum(served[covered], cosines)
        left[member[row]] -= 1
        chosen.append(row)
        gains.append(gain)
    return np.array(chosen, dtype=np.int64), np.array(gains)
