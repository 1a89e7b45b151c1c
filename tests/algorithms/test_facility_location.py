"""Facility location: the greedy choice against one that computes every objective anew, and against the best."""

from __future__ import annotations

from itertools import combinations, pairwise
from math import e

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.facility_location import facility_location
from curate.algorithms.similarity_graph import CompleteGraph, NeighbourGraph


def pairs(embeddings: np.ndarray) -> CompleteGraph:
    return CompleteGraph(embeddings, embeddings)


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
def test_it_is_plain_greedy_and_close_to_the_best(n: int, seed: int, weight: float, data: st.DataObject) -> None:
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


def test_it_picks_the_points_of_plain_greedy() -> None:
    embeddings, quality = vectors(60, 1), np.random.default_rng(1).random(60)
    assert facility_location(pairs(embeddings), 20, quality * 0.3 / 20, 0.7 / 60)[0].tolist() == plain_greedy(
        embeddings, quality, 0.3, 20
    )


def test_some_may_cover_others_and_a_group_has_its_quota() -> None:
    candidates = np.array([[1, 0], [0.9, 0.1], [0, 1]], dtype=np.float32)
    clients = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    graph = CompleteGraph(candidates, clients)
    assert facility_location(graph, 2)[0].tolist() == [0, 2]
    chosen, _ = facility_location(graph, 3, groups=np.array([0, 0, 1]), quotas=np.array([1, 1]))
    assert chosen.tolist() == [0, 2]


def test_no_more_come_out_than_there_are_and_a_group_without_quota_gives_none() -> None:
    graph = pairs(np.eye(3, dtype=np.float32))
    assert facility_location(graph, 5)[0].tolist() == [0, 1, 2]
    chosen, _ = facility_location(graph, 2, groups=np.array([0, 1, 1]), quotas=np.array([0, 2]))
    assert chosen.tolist() == [1, 2]


def test_copies_are_picked_last_in_their_order_however_often_gains_changed() -> None:
    points = np.repeat(vectors(200, 3), 2, axis=0)
    chosen, gains = facility_location(pairs(points), 400)
    assert chosen[:200].tolist() == sorted(set(chosen[:200].tolist()), key=chosen.tolist().index)
    assert len(set((chosen[:200] // 2).tolist())) == 200
    assert gains[200:].tolist() == [0] * 200
    assert chosen[200:].tolist() == sorted(chosen[200:].tolist())


def test_a_graph_of_all_neighbours_gives_the_choice_of_the_complete_graph() -> None:
    points = np.round(vectors(300, 4) * 256) / 256  # their cosines are the same in whatever order terms are added
    for count in (1, 40, 300):
        complete = facility_location(CompleteGraph(points, points), count)
        sparse = facility_location(NeighbourGraph(points, points, 300), count)
        assert complete[0].tolist() == sparse[0].tolist()
        np.testing.assert_allclose(complete[1], sparse[1], atol=1e-9)
