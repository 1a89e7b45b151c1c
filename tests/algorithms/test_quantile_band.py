"""The band between two quantiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.algorithms.quantile_band import quantile_band


@pytest.mark.parametrize(
    ("n", "low", "high", "band"),
    [
        (100, 0.05, 0.95, (6, 95)),
        (10, 0.05, 0.95, (1, 10)),
        (10, 0.1, 0.9, (2, 9)),
        (20, 0.0, 0.5, (1, 10)),
        (3, 0.4, 0.6, (2, 2)),
        (1, 0.05, 0.95, (1, 1)),
    ],
)
def test_shares_of_one_to_n_are_rounded_down(n: int, low: float, high: float, band: tuple[float, float]) -> None:
    assert quantile_band(np.arange(1.0, n + 1), low, high) == band


def test_infinite_values_are_extremes() -> None:
    assert quantile_band(np.array([1, 2, 3, np.inf]), 0.0, 0.75) == (1, 3)


@given(
    st.lists(st.floats(allow_nan=False), min_size=1),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_something_always_stays(values: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    if low < high - 1e-6:
        lowest, highest = quantile_band(np.array(values), low, high)
        assert lowest <= highest
