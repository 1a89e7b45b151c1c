"""Ranks: values of any scale and distribution, made comparable."""

from __future__ import annotations

import numpy as np


def unit_ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value scaled to [0, 1], float64 (n,): the smallest 0, the largest 1, equal values their mean.

    Where all values are equal, also where there is only one, they are 0.5.
    """
    # scipy.stats.rankdata takes 1.6 to 2.2 times as long, and a second to be imported.
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    middle = last - (sizes + 1) / 2  # the mean of the ranks, from 0
    return (middle / (len(values) - 1) if len(values) > 1 else np.array([0.5]))[group]
