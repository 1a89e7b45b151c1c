"""The nearest chosen point, the gains of a choice in its order, and the step to the medoids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.coverage import cover, cover_chosen
from curate.algorithms.medoids import medoids


def on_circle(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack((np.cos(angles), np.sin(angles)), axis=1).astype(np.float32)


def test_each_point_gets_the_nearest_chosen_one_and_a_chosen_one_itself() -> None:
    covered = cover_chosen(on_circle(0, 0, 40, 90, 100), np.array([4, 1, 0]))
    assert covered.nearest.tolist() == [2, 1, 1, 0, 0]
    assert covered.cosine.tolist() == pytest.approx([1, 1, np.cos(np.radians(40)), np.cos(np.radians(10)), 1], abs=1e-6)


def test_the_gains_are_those_of_the_order_and_add_up_to_the_mean_cosine() -> None:
    points = on_circle(0, 60, 180, 180)
    covered = cover(points, points[[0, 2]])
    assert covered.gains.tolist() == pytest.approx([1.5 / 4, 2 / 4], abs=1e-6)  # 180 is opposite to 0: nothing
    assert covered.gains.sum() == pytest.approx(np.clip(covered.cosine, 0, 1).mean())


def test_a_pick_gives_way_to_the_middle_of_those_that_it_stands_for() -> None:
    points = on_circle(0, 10, 20, 180, 190, 200)
    assert medoids(points, np.array([0, 5])).tolist() == [1, 4]


def test_what_a_point_is_worth_by_itself_counts_too() -> None:
    points, bonus = on_circle(0, 10, 20), np.array([0, 0, 0.5])
    assert medoids(points, np.array([0]), bonus).tolist() == [2]


def test_a_pick_gives_way_only_to_its_own_group() -> None:
    points, groups = on_circle(0, 10, 20), np.array([0, 1, 0])
    assert medoids(points, np.array([0]), groups=groups).tolist() == [0]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 20))
def test_the_step_keeps_as_many_and_never_covers_less(seed: int, count: int) -> None:
    points = np.abs(np.random.default_rng(seed).normal(size=(60, 5))).astype(np.float32)  # no cosine below 0
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    before = np.random.default_rng(seed).choice(60, count, replace=False)
    after = medoids(points, before)
    assert len(set(after.tolist())) == count
    assert cover_chosen(points, after).cosine.mean() >= cover_chosen(points, before).cosine.mean() - 1e-6
