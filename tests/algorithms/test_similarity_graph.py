"""The graphs of similarity, against a plain table of cosines."""

from __future__ import annotations

import numpy as np
import pytest

from curate.algorithms.similarity_graph import UNIT, CompleteGraph, NeighbourGraph, SimilarityGraph


def unit(n: int, seed: int) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def table_of(graph: SimilarityGraph) -> np.ndarray:
    """What the graph says of all pairs, (c, m)."""
    table = np.zeros(graph.shape)
    for candidate in range(graph.shape[0]):
        points, similarities = graph.covered_by(candidate)
        np.maximum.at(table[candidate], points, similarities)
    return table


def test_a_complete_graph_holds_every_pair_opposed_ones_as_0() -> None:
    candidates, points = unit(20, 0), unit(30, 1)
    graph = CompleteGraph(candidates, points)
    assert graph.shape == (20, 30)
    np.testing.assert_allclose(table_of(graph), np.clip(candidates @ points.T, 0, 1), atol=1e-6)


def test_a_neighbour_graph_holds_the_nearest_candidates_of_each_point_with_their_cosines() -> None:
    candidates, points = unit(2000, 0), unit(300, 1)
    cosines = candidates @ points.T
    table = table_of(NeighbourGraph(candidates, points, 20))
    assert table.shape == (2000, 300)
    there = table > 0
    assert there.sum(axis=0).max() <= 20
    np.testing.assert_allclose(table[there], cosines[there], atol=1e-5)
    nearest = np.argsort(-cosines, axis=0)[:5]
    assert there[nearest, np.arange(300)].mean() > 0.6


def test_each_point_is_its_own_neighbour() -> None:
    points = unit(500, 2)
    np.testing.assert_allclose(table_of(NeighbourGraph(points, points, 3)).diagonal(), 1, atol=1e-5)


@pytest.mark.parametrize("kind", ["complete", "neighbours", "more neighbours than candidates"])
def test_totals_and_losses_are_those_of_the_table_and_exact(kind: str) -> None:
    candidates, points = unit(40, 3), unit(150, 4)
    graph: SimilarityGraph = (
        CompleteGraph(candidates, points)
        if kind == "complete"
        else NeighbourGraph(candidates, points, 12 if kind == "neighbours" else 60)
    )
    table = table_of(graph)
    assert (table / UNIT == np.rint(table / UNIT)).all()
    assert graph.totals().tolist() == table.sum(axis=1).tolist()

    some = np.arange(0, 150, 2)
    before, now = np.float32([[0.25], [0.75]]).repeat(len(some), axis=1)
    gained = [np.maximum(table[:, some] - served, 0).sum(axis=1) for served in (before, now)]
    assert graph.losses(some, before, now).tolist() == (gained[0] - gained[1]).tolist()
    assert graph.losses(some[:0], before[:0], now[:0]).tolist() == [0] * 40
