"""Star clusters: whoever is dropped resembles someone who stays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.algorithms.star_clusters import star_clusters


def table(values: list[list[float]]) -> Callable[[int, np.ndarray], np.ndarray]:
    matrix = np.array(values)
    return lambda row, others: matrix[row, others]


def everyone(n: int) -> np.ndarray:
    return np.zeros((n, 1), dtype=np.int64)


CHAIN = [[1, 0.9, 0], [0.9, 1, 0.9], [0, 0.9, 1]]  # A resembles B, B resembles C, A does not resemble C


def test_the_end_of_a_chain_stays_when_its_only_twin_is_gone() -> None:
    centre, closeness = star_clusters(np.array([0, 1, 2]), everyone(3), table(CHAIN), 0.8)
    assert centre.tolist() == [0, 0, 2]
    assert closeness.tolist() == [1, 0.9, 1]


def test_the_best_in_the_middle_takes_both_ends() -> None:
    centre, _ = star_clusters(np.array([1, 0, 2]), everyone(3), table(CHAIN), 0.8)
    assert centre.tolist() == [1, 1, 1]


def test_of_two_centres_the_closer_one_counts() -> None:
    values = [[1, 0, 0.8], [0, 1, 0.9], [0.8, 0.9, 1]]
    centre, closeness = star_clusters(np.array([0, 1, 2]), everyone(3), table(values), 0.8)
    assert (centre[2], closeness[2]) == (1, 0.9)


def test_of_two_centres_equally_close_the_better_one_counts() -> None:
    values = [[1, 0, 0.9], [0, 1, 0.9], [0.9, 0.9, 1]]
    assert star_clusters(np.array([1, 0, 2]), everyone(3), table(values), 0.8)[0][2] == 1


def test_only_those_in_one_bucket_are_compared() -> None:
    buckets = np.array([[0, -1], [-1, 1], [0, 1]])
    values = [[1, 1, 0.5], [1, 1, 0.9], [0.5, 0.9, 1]]
    assert star_clusters(np.array([0, 1, 2]), buckets, table(values), 0.8)[0].tolist() == [0, 1, 1]


@given(st.integers(1, 8), st.randoms(use_true_random=False))
def test_every_ray_has_a_centre_that_stays_and_centres_do_not_resemble_each_other(n: int, random) -> None:
    values = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i):
            values[i][j] = values[j][i] = random.random()
    order = np.array(random.sample(range(n), n))
    centre, closeness = star_clusters(order, everyone(n), table(values), 0.5)
    kept = [row for row in range(n) if centre[row] == row]
    for row in range(n):
        assert centre[row] in kept
        assert row in kept or (closeness[row] == values[row][centre[row]] >= 0.5)
    assert all(values[i][j] < 0.5 for i in kept for j in kept if i != j)
