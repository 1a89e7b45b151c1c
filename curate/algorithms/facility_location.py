"""Facility location with a quality term, maximised greedily.

    F(S) = (1 - a) / n * sum_i max_{j in S} sim(i, j)  +  a / N * sum_{j in S} quality(j)

The first sum asks that each of the n points has something like it in the choice S; the second is the mean quality of
the N points chosen (QDIT, arXiv 2311.14736). F is monotone and submodular, so the greedy choice reaches at least
1 - 1/e of the best (Nemhauser, Wolsey, Fisher 1978), and at least half of it under quotas, a partition matroid (Fisher,
Nemhauser, Wolsey 1978). A pick changes the gains of those alone that share a point with it, so all gains are kept up to
date, and none is computed again.
"""

from __future__ import annotations

import numpy as np

from curate.algorithms.similarity_graph import UNIT, SimilarityGraph


def facility_location(
    graph: SimilarityGraph,
    count: int,
    bonus: np.ndarray | None = None,
    point_weight: float | None = None,
    groups: np.ndarray | None = None,
    quotas: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """At most `count` of c candidates in the order of their choice, int64 (k,), and each one's gain in F, float64 (k,).

    `graph` says how well they cover the m points that ask to be covered. `point_weight` is the weight of one such
    point, by default 1 / m; `bonus`, float64 (c,), is what each candidate adds by itself. `groups`, int64 (c,), number
    the candidates' groups, and `quotas`, int64 (g,), say how many a group may have. Among equal gains the smaller row
    goes first, also when nothing is left to gain.
    """
    candidates, points = graph.shape
    weight = 1 / points if point_weight is None else point_weight
    member = np.zeros(candidates, dtype=np.int64) if groups is None else groups
    left = np.array([count]) if quotas is None else quotas.copy()
    worth = graph.totals()  # each candidate's gain, in units of `weight`
    if bonus is not None:
        worth += np.rint(bonus / weight / UNIT) * UNIT
    worth[left[member] == 0] = -np.inf
    served = np.zeros(points, dtype=np.float32)
    chosen: list[int] = []
    gains: list[float] = []
    while len(chosen) < min(count, candidates):
        row = int(worth.argmax())
        gain = float(worth[row])
        if gain == -np.inf:
            break
        chosen.append(row)
        gains.append(weight * gain)
        covered, cosines = graph.covered_by(row)
        better = cosines > served[covered]
        covered, cosines = covered[better], cosines[better]
        worth -= graph.losses(covered, served[covered], cosines)
        served[covered] = cosines
        worth[row] = -np.inf
        left[member[row]] -= 1
        if not left[member[row]]:
            worth[member == member[row]] = -np.inf
    return np.array(chosen, dtype=np.int64), np.array(gains)
