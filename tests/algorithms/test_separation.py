"""A threshold between a pool's bulk and what is bad, when some of the pool is bad too."""

import numpy as np
import pytest

from curate.algorithms.separation import area, separate


def mixed(share, distance, seed=0, count=2000):
    """Bad values, and a pool that holds `share` of the same kind; the bulk lies `distance` deviations below."""
    random = np.random.default_rng(seed)
    bad = random.normal(distance, 1, count)
    pool = np.where(random.random(count) < share, random.normal(distance, 1, count), random.normal(0, 1, count))
    return bad, pool


def test_the_area_is_the_probability_that_a_bad_value_is_larger_and_ties_count_half():
    random = np.random.default_rng(3)
    bad, pool = random.integers(3, 9, 40).astype(float), random.integers(0, 8, 50).astype(float)
    pairs = [(b > p) + 0.5 * (b == p) for b in bad for p in pool]
    assert area(bad, pool) == pytest.approx(np.mean(pairs))


@pytest.mark.parametrize("share", [0.0, 0.05, 0.2])
def test_what_the_pool_has_of_the_bad_is_not_counted_as_its_bulk(share):
    bad, pool = mixed(share, 6)
    division = separate(bad, pool, 0.01)
    assert division.found > 0.97
    assert division.lost <= 0.01
    assert division.dropped == pytest.approx(share, abs=0.02)


def test_no_more_of_the_bulk_is_lost_than_allowed_where_the_two_overlap():
    bad, pool = mixed(0.1, 2)
    good = np.random.default_rng(1).normal(0, 1, 20_000)
    for most in (0.01, 0.05):
        assert np.mean(good > separate(bad, pool, most).threshold) <= most + 0.02


@pytest.mark.parametrize("seed", range(8))
def test_small_samples_suffice_where_the_two_are_apart(seed):
    bad, pool = mixed(0.08, 6, seed, 240)
    good = np.random.default_rng(1).normal(0, 1, 20_000)
    division = separate(bad[:60], pool, 0.01)
    assert division.found > 0.85
    assert np.mean(good > division.threshold) <= 0.01


def test_a_threshold_lies_in_the_middle_of_a_gap():
    division = separate(np.array([10.0, 11, 12]), np.array([0.0, 1, 2, 2, 1]), 0.01)
    assert division.threshold == 6
    assert (division.area, division.found, division.lost, division.dropped) == (1, 1, 0, 0)


def test_equal_samples_cannot_be_told_apart_and_lose_nothing():
    values = np.random.default_rng(2).normal(0, 1, 500)
    division = separate(values, values, 0.01)
    assert division.area == 0.5
    assert division.lost <= 0.01
