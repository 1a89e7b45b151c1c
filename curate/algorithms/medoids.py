"""One step of spherical k-medoids: every chosen point gives way to the best point of those that it stands for.

The sum of the cosines of x to the points of a cluster is the cosine's numerator with the sum of their vectors, so that
the best x takes one product for each point, and the mean cosine to the nearest chosen point never falls by it (where
no cosine is negative; Kaufman and Rousseeuw 1987, Dhillon and Modha 2001).
"""

from __future__ import annotations

import numpy as np

from curate.algorithms.blocks import Vectors, blocks
from curate.algorithms.coverage import cover_chosen


def medoids(
    vectors: Vectors, chosen: np.ndarray, bonus: np.ndarray | None = None, groups: np.ndarray | None = None
) -> np.ndarray:
    """The rows that take the places of `chosen`, int64 (k,), of n vectors.

    `bonus`, float64 (n,), is what a point is worth by itself, in sums of cosines. With `groups`, int64 (n,), a point
    only gives way to one of its own group. Of equally good points the smaller row goes first.
    """
    nearest = cover_chosen(vectors, chosen).nearest
    sums = np.zeros((len(chosen), vectors.shape[1]), dtype=np.float32)
    for rows, block in blocks(vectors):
        order = np.argsort(nearest[rows], kind="stable")
        owner, starts = np.unique(nearest[rows][order], return_index=True)
        sums[owner] += np.add.reduceat(block[order], starts)

    best = np.full(len(chosen), -np.inf)
    taken = chosen.copy()
    for rows, block in blocks(vectors):
        owner = nearest[rows]
        worth = np.einsum("ij,ij->i", block, sums[owner]).astype(np.float64)
        if bonus is not None:
            worth += bonus[rows]
        if groups is not None:
            worth[groups[rows] != groups[chosen[owner]]] = -np.inf
        order = np.lexsort((-worth, owner))
        owners, first = np.unique(owner[order], return_index=True)
        better = worth[order[first]] > best[owners]
        best[owners[better]] = worth[order[first]][better]
        taken[owners[better]] = rows.start + order[first][better]
    return taken
