"""Facility location: the lazy greedy choice against the plain greedy and against the best."""

from __future__ import annotations

from itertools import combinations, pairwise
from math import e

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from curate.algorithms.facility_location import facility_location
from curate.algorithms.similarity_graph import complete_graph


def pairs(embeddings: np.ndarray) -> csr_array:
    return complete_graph(embeddings, embeddings)


def vectors(n: int, seed: int) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def objective(embeddings: np.ndarray, chosen: list[int], quality: np.ndarray, weight: float, count: int) -> float:
    """The formula, as it stands in the module."""
    similarities = np.clip(embeddings @ embeddings.T, 0, None)
    coverage = similarities[:, chosen].max(axis=1).mean() if chosen else 0.0
    return (1 - weight) * coverage + weight / count * quality[chosen].sum()


def plain_greedy(embeddings: np.ndarray, quality: np.ndarray, weight: float, count: int) -> list[int]:
    chosen: list[int] = []
    while len(chosen) < count:
        rest = [point for point in range(len(embeddings)) if point not in chosen]
        chosen.append(max(rest, key=lambda p: objective(embeddings, [*chosen, p], quality, weight, count)))
    return chosen


def test_one_point_per_cluster_the_larger_cluster_first() -> None:
    east, north = [1, 0], [0, 1]
    embeddings = np.array([north, east, east, north, east], dtype=np.float32)
    chosen, gains = facility_location(pairs(embeddings), 2)
    assert chosen.tolist() == [1, 0]
    assert gains.tolist() == pytest.approx([3 / 5, 2 / 5])


def test_when_nothing_is_left_to_gain_the_smaller_number_goes_first() -> None:
    chosen, gains = facility_location(pairs(np.ones((4, 1), dtype=np.float32)), 3)
    assert chosen.tolist() == [0, 1, 2]
    assert gains.tolist() == [1, 0, 0]


def test_quality_decides_among_equals() -> None:
    embeddings = np.ones((3, 1), dtype=np.float32)
    chosen, gains = facility_location(pairs(embeddings), 2, np.array([0.1, 0.5, 0.9]) * 0.5 / 2, 0.5 / 3)
    assert chosen.tolist() == [2, 1]
    assert gains.tolist() == pytest.approx([0.5 + 0.5 * 0.9 / 2, 0.5 * 0.5 / 2])


def test_opposites_do_not_count_against_each_other() -> None:
    embeddings = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    assert facility_location(pairs(embeddings), 1)[1].tolist() == [0.5]


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(0, 10**6), st.sampled_from([0.0, 0.2, 0.7]), st.data())
def test_lazy_is_plain_greedy_and_close_to_the_best(n: int, seed: int, weight: float, data: st.DataObject) -> None:
    count = data.draw(st.integers(1, min(n, 4)))
    embeddings, quality = vectors(n, seed), np.random.default_rng(seed).random(n)
    chosen, gains = facility_location(pairs(embeddings), count, quality * weight / count, (1 - weight) / n)
    reached = objective(embeddings, chosen.tolist(), quality, weight, count)
    plain = objective(embeddings, plain_greedy(embeddings, quality, weight, count), quality, weight, count)
    best = max(objective(embeddings, list(some), quality, weight, count) for some in combinations(range(n), count))

    assert len(set(chosen.tolist())) == count
    assert reached == pytest.approx(plain, abs=1e-6)
    assert reached >= (1 - 1 / e) * best
    assert gains.sum() == pytest.approx(reached, abs=1e-5)
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(gains))


def test_lazy_picks_the_points_of_plain_greedy() -> None:
    embeddings, quality = vectors(60, 1), np.random.default_rng(1).random(60)
    assert facility_location(pairs(embeddings), 20, quality * 0.3 / 20, 0.7 / 60)[0].tolist() == plain_greedy(
        embeddings, quality, 0.3, 20
    )


def test_some_may_cover_others_and_a_group_has_its_quota() -> None:
    candidates = np.array([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32)
    clients = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    table = complete_graph(candidates, clients)
    assert facility_location(table, 2)[0].tolist() == [0, 2]
    chosen, _ = facility_location(table, 3, groups=np.array([0, 0, 1]), quotas=np.array([1, 1]))
    assert chosen.tolist() == [0, 2]
