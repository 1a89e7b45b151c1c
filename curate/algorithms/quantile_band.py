"""The band between two quantiles, as a trimmed sample has it (Tukey 1962)."""

from __future__ import annotations

import math

import numpy as np


def quantile_band(values: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """The smallest and the largest value that stay when a share `low` of the n values goes below, `1 - high` above.

    The shares are rounded down to whole values: of 100 values the band (0.05, 0.95) leaves 90, of 10 it leaves all.
    Equal values stay together. `0 <= low < high <= 1`; `values` float64 (n,), n > 0, without NaN.
    """
    ordered = np.sort(values)
    below = _whole(len(values) * low)
    above = _whole(len(values) * (1 - high))
    return float(ordered[below]), float(ordered[len(values) - 1 - above])


def _whole(count: float) -> int:
    return math.floor(round(count, 6))  # 10 * (1 - 0.9) is 0.9999999999999998
