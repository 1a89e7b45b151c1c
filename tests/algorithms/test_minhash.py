"""MinHash signatures, bands and buckets."""

from __future__ import annotations

import numpy as np
import pytest

from curate.algorithms.minhash import LONGEST, MISS, bands_for, candidates, least_agreement, signatures


def pairs(jaccard: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` pairs of random sets of 90 shingles each that have this Jaccard index, as one batch."""
    shared = round(2 * 90 * jaccard / (1 + jaccard))
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(count):
        values = rng.integers(0, 2**64, 180 - shared, dtype=np.uint64)
        rows += [values[:90], np.concatenate((values[:shared], values[90:]))]
    return np.concatenate(rows), np.arange(2 * count + 1) * 90


def test_eighteen_bands_of_six_find_what_is_alike_to_0_8() -> None:
    assert bands_for(0.8) == (18, 6)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.99])
def test_bands_miss_no_more_than_promised(threshold: float) -> None:
    bands, rows = bands_for(threshold)
    assert (1 - threshold**rows) ** bands <= MISS
    assert rows == 1 or bands * rows <= LONGEST


def test_a_signature_agrees_in_as_many_components_as_the_jaccard_index_says() -> None:
    rows = signatures(*pairs(0.5, 200))
    assert np.mean(rows[0::2] == rows[1::2]) == pytest.approx(0.5, abs=0.02)


def test_pairs_at_the_threshold_agree_in_enough_components() -> None:
    rows = signatures(*pairs(0.8, 1000))
    assert ((rows[0::2] == rows[1::2]).mean(axis=1) >= least_agreement(0.8)).all()


def test_the_order_and_the_repeats_of_shingles_do_not_matter() -> None:
    one = np.array([1, 2, 3, 3, 2, 1, 1], dtype=np.uint64)
    first, second = signatures(one, np.array([0, 3, 7]))
    assert np.array_equal(first, second)


def bucket_sets(owners: np.ndarray, buckets: np.ndarray) -> dict[int, set[int]]:
    return {row: set(buckets[owners == row].tolist()) for row in owners.tolist()}


@pytest.mark.parametrize("jaccard", [0.8, 0.9])
def test_pairs_at_the_threshold_share_a_bucket(jaccard: float) -> None:
    buckets = bucket_sets(*candidates(signatures(*pairs(jaccard, 1000)), np.arange(2000), *bands_for(0.8)))
    met = [bool(buckets.get(row, set()) & buckets.get(row + 1, set())) for row in range(0, 2000, 2)]
    assert np.mean(met) >= 0.99


BANDS = np.array([[7, 7, 1], [7, 7, 2], [8, 7, 1]], dtype=np.uint16)  # three bands of one component


def test_rows_share_a_bucket_where_a_band_agrees() -> None:
    buckets = bucket_sets(*candidates(BANDS, np.arange(3), 3, 1))
    assert [len(buckets[row]) for row in range(3)] == [3, 2, 2]
    assert len(buckets[0] & buckets[1]) == 2
    assert len(buckets[0] & buckets[2]) == 2
    assert len(buckets[1] & buckets[2]) == 1


def test_bands_do_not_share_buckets() -> None:
    same = np.array([[7, 7], [7, 7]], dtype=np.uint16)
    assert bucket_sets(*candidates(same, np.arange(2), 2, 1))[0] == {1, 3}


def test_only_the_rows_that_are_asked_for_are_candidates() -> None:
    owners, _ = candidates(BANDS, np.array([1, 2]), 3, 1)
    assert owners.tolist() == [1, 2]


def test_a_row_alone_is_no_candidate() -> None:
    assert len(candidates(BANDS, np.array([0]), 3, 1)[0]) == 0
