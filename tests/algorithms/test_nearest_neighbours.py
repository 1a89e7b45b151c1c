"""The neighbour graph, and the nearest chosen point."""

from __future__ import annotations

import numpy as np
import pytest

from curate.algorithms.facility_location import dense, facility_location
from curate.algorithms.nearest_neighbours import nearest_chosen, neighbour_graph


def on_circle(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32)


def test_a_point_is_a_neighbour_of_those_that_have_it_among_their_nearest() -> None:
    graph = neighbour_graph(on_circle(0, 10, 30), 2)  # 0 and 10 have each other, 30 has 10
    rows = [graph.row(point) for point in range(3)]
    assert [who.tolist() for who, _ in rows] == [[0, 1], [0, 1, 2], [2]]
    assert rows[1][1].tolist() == pytest.approx([np.cos(np.radians(10)), 1, np.cos(np.radians(20))], abs=1e-6)


def test_a_point_among_many_copies_keeps_itself() -> None:
    graph = neighbour_graph(np.ones((5, 1), dtype=np.float32), 2)
    assert all(point in graph.row(point)[0] for point in range(5))


def test_with_all_neighbours_the_graph_holds_what_the_dense_table_holds() -> None:
    points = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    sparse, full = neighbour_graph(points, 50), dense(points)
    for point in range(50):
        assert sparse.row(point)[1].tolist() == pytest.approx(full.row(point)[1].tolist(), abs=1e-6)


def test_a_sparse_graph_chooses_nearly_as_well() -> None:
    rng = np.random.default_rng(0)
    points = np.repeat(rng.normal(size=(40, 16)), 25, axis=0) + 0.5 * rng.normal(size=(1000, 16))
    points = (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)
    reached = [
        np.clip(nearest_chosen(points, facility_location(table, 50)[0])[1], 0, 1).mean()
        for table in (neighbour_graph(points, 64), dense(points))
    ]
    assert reached[0] >= 0.99 * reached[1]


def test_each_point_gets_the_nearest_chosen_one_and_a_chosen_one_itself() -> None:
    place, cosine = nearest_chosen(on_circle(0, 0, 40, 90, 100), np.array([4, 1, 0]))
    assert place.tolist() == [2, 1, 1, 0, 0]
    assert cosine.tolist() == pytest.approx([1, 1, np.cos(np.radians(40)), np.cos(np.radians(10)), 1], abs=1e-6)
