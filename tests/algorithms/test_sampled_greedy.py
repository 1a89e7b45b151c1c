"""Facility location on a sample: exact where all pairs can be compared, and close to it where they cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms import sampled_greedy as module
from curate.algorithms.coverage import cover_chosen
from curate.algorithms.facility_location import facility_location
from curate.algorithms.sampled_greedy import sampled_greedy
from curate.algorithms.similarity_graph import CompleteGraph


def clusters(number: int, size: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    points = np.repeat(rng.normal(size=(number, 16)), size, axis=0) + 0.5 * rng.normal(size=(number * size, 16))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def objective(points: np.ndarray, chosen: np.ndarray) -> float:
    return float(np.clip(cover_chosen(points, chosen).cosine, 0, 1).mean())


def test_up_to_the_limit_it_is_the_greedy_choice() -> None:
    points = clusters(20, 10)
    assert sampled_greedy(points, 30).tolist() == facility_location(CompleteGraph(points, points), 30)[0].tolist()


@pytest.mark.parametrize("count", [10, 40, 200])  # a sample, all pairs; a sample, neighbours; all points, neighbours
def test_beyond_it_the_objective_is_nearly_that_of_the_greedy_choice(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    points = clusters(50, 40)
    exact = objective(points, facility_location(CompleteGraph(points, points), count)[0])
    monkeypatch.setattr(module, "PAIRWISE", 400)
    chosen = sampled_greedy(points, count)
    assert len(set(chosen.tolist())) == count
    assert objective(points, chosen) >= 0.98 * exact


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([15, 60, 1000]))
def test_quotas_are_met_to_a_record_however_small_the_sample(seed: int, pairwise: int) -> None:
    rng = np.random.default_rng(seed)
    points = clusters(12, 10, seed)
    groups = rng.choice(3, size=120, p=[0.9, 0.07, 0.03])
    quotas = np.minimum([4, 3, 3], np.bincount(groups, minlength=3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PAIRWISE", pairwise)
        patch.setattr(module, "PER_PICK", 2)
        chosen = sampled_greedy(points, int(quotas.sum()), rng.random(120), 0.3, groups, quotas)
    assert np.bincount(groups[chosen], minlength=3).tolist() == quotas.tolist()
    assert len(set(chosen.tolist())) == quotas.sum()
