"""SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): a generator whose n-th number is known without those before it.

The n-th number of a seed is `mix(seed + n * GAMMA)`, n from 1, modulo 2**64.
"""

from __future__ import annotations

import numpy as np

GAMMA = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio, made odd


def mix(values: np.ndarray) -> np.ndarray:
    """The finaliser, of uint64 in an array of any shape: a bijection that spreads every bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
