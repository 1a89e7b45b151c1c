"""The graphs of similarity, against a plain table of cosines."""

from __future__ import annotations

import numpy as np

from curate.algorithms.similarity_graph import complete_graph, neighbour_graph


def unit(n: int, seed: int) -> np.ndarray:
    points = np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def test_a_complete_graph_holds_every_pair_that_is_not_opposed() -> None:
    candidates, points = unit(20, 0), unit(30, 1)
    table = candidates @ points.T
    found = complete_graph(candidates, points)
    assert found.shape == (20, 30)
    np.testing.assert_allclose(found.toarray(), np.clip(table, 0, 1), atol=1e-6)
    assert found.nnz == np.count_nonzero(table > 0)


def test_a_neighbour_graph_holds_the_nearest_candidates_of_each_point_with_their_cosines() -> None:
    candidates, points = unit(2000, 0), unit(300, 1)
    table = candidates @ points.T
    found = neighbour_graph(candidates, points, 20)
    assert found.shape == (2000, 300)
    assert np.diff(found.tocsc().indptr).max() <= 20
    pairs = found.tocoo()
    np.testing.assert_allclose(pairs.data, table[pairs.row, pairs.col], atol=1e-5)
    nearest = np.argsort(-table, axis=0)[:5]
    assert (found.toarray()[nearest, np.arange(300)] > 0).mean() > 0.6


def test_each_point_is_its_own_neighbour() -> None:
    points = unit(500, 2)
    np.testing.assert_allclose(neighbour_graph(points, points, 3).diagonal(), 1, atol=1e-5)
