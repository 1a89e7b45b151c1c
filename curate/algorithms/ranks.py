"""Ranks: values of any scale and distribution, made comparable."""

from __future__ import annotations

import numpy as np


def unit_ranks(values: np.ndarray) -> np.ndarray:
    """The rank of each value scaled to [0, 1], float64 (n,): the smallest 0, the largest 1, equal values their mean.

    Where all values are equal, also where there is only one, they are 0.5.
    """
    from scipy.stats import rankdata  # takes a second to be imported

    if len(values) == 1:
        return np.array([0.5])
    ranks: np.ndarray = (rankdata(values) - 1) / (len(values) - 1)
    return ranks
