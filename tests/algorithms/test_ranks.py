"""Ranks in [0, 1]."""

from __future__ import annotations

import numpy as np
import pytest

from curate.algorithms.ranks import unit_ranks


@pytest.mark.parametrize(
    ("values", "ranks"),
    [
        ([10, 30, 20], [0, 1, 0.5]),
        ([-1e9, 0, 1e9, 2e9], [0, 1 / 3, 2 / 3, 1]),
        ([5, 5, 9], [0.25, 0.25, 1]),
        ([7, 7], [0.5, 0.5]),
        ([7], [0.5]),
    ],
)
def test_the_smallest_is_0_the_largest_1_and_equals_share(values: list[float], ranks: list[float]) -> None:
    assert unit_ranks(np.array(values, dtype=float)).tolist() == ranks
