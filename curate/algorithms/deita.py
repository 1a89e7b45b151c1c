"""DEITA's score-first, diversity-aware choice (arXiv 2312.15685).

Points come by descending quality, and one is taken unless a taken one lies closer to it than a threshold.
"""

from __future__ import annotations

import numpy as np

from curate.algorithms.blocks import Vectors

_ROWS = 2048


def deita(
    vectors: Vectors,
    order: np.ndarray,
    count: int,
    threshold: float,
    groups: np.ndarray | None = None,
    quotas: np.ndarray | None = None,
) -> np.ndarray:
    """The first `count` of the rows `order` whose cosine to every one taken before is below `threshold`, int64 (k,).

    Fewer where there are no more. `groups`, int64 (n,), and `quotas`, int64 (g,), say how many a group may have.
    """
    left = None if quotas is None else quotas.copy()
    taken = np.zeros((count, vectors.shape[1]), dtype=np.float32)
    chosen: list[int] = []
    for start in range(0, len(order), _ROWS):
        rows = order[start : start + _ROWS]
        block = vectors[rows]
        closest = (block @ taken[: len(chosen)].T).max(axis=1, initial=-1)
        among = block @ block.T
        for position, row in enumerate(rows.tolist()):
            if closest[position] >= threshold or (left is not None and groups is not None and not left[groups[row]]):
                continue
            np.maximum(closest, among[position], out=closest)
            taken[len(chosen)] = block[position]
            chosen.append(row)
            if left is not None and groups is not None:
                left[groups[row]] -= 1
            if len(chosen) == count:
                return np.array(chosen, dtype=np.int64)
    return np.array(chosen, dtype=np.int64)
