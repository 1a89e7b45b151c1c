"""How well a choice covers the points it was chosen from, by cosine."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from curate.algorithms.blocks import Vectors, blocks


@dataclass(frozen=True)
class Cover:
    """What stands for each of n points among k chosen ones.

    `nearest` int64 (n,) is which of the k is the nearest one, `cosine` float32 (n,) its cosine. `gains` float64 (k,) is
    what each of the k, coming in their order, adds to the mean of the cosines, negative ones taken as 0.
    """

    nearest: np.ndarray
    cosine: np.ndarray
    gains: np.ndarray


def cover(vectors: Vectors, centres: np.ndarray) -> Cover:
    """The nearest of `centres`, unit vectors (k, d), to each of n vectors; of equally near ones the first."""
    nearest = np.zeros(len(vectors), dtype=np.int64)
    cosine = np.zeros(len(vectors), dtype=np.float32)
    reached = np.zeros(len(centres))
    for rows, block in blocks(vectors):
        best = centres @ block.T
        for before, row in pairwise(best):  # numpy's accumulate is many times slower along either axis
            np.maximum(before, row, out=row)
        cosine[rows] = best[-1]
        nearest[rows] = np.count_nonzero(best < best[-1], axis=0)
        reached += np.maximum(best, 0, out=best).sum(axis=1, dtype=np.float64)
    return Cover(nearest, cosine, np.diff(reached, prepend=0) / max(len(vectors), 1))


def cover_chosen(vectors: Vectors, chosen: np.ndarray) -> Cover:
    """`cover` by rows of the vectors themselves, int64 (k,): each of them is its own nearest, with a cosine of 1."""
    covered = cover(vectors, vectors[chosen])
    covered.nearest[chosen] = np.arange(len(chosen))
    covered.cosine[chosen] = 1
    return covered
