"""MinHash signatures, bands and buckets."""

from __future__ import annotations

import numpy as np
import pytest

from curate.algorithms.minhash import LONGEST, MISS, band_keys, bands_for, buckets, signatures


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


def test_a_signature_agrees_in_as_many_places_as_the_jaccard_index_says() -> None:
    found = signatures(*pairs(0.5, 200), 16, 8)
    assert np.mean(found[0::2] == found[1::2]) == pytest.approx(0.5, abs=0.02)


def test_the_order_and_the_repeats_of_shingles_do_not_matter() -> None:
    one = np.array([1, 2, 3, 3, 2, 1, 1], dtype=np.uint64)
    first, second = signatures(one, np.array([0, 3, 7]), 4, 4)
    assert np.array_equal(first, second)


@pytest.mark.parametrize("jaccard", [0.8, 0.9])
def test_pairs_at_the_threshold_share_a_bucket(jaccard: float) -> None:
    found = buckets(band_keys(signatures(*pairs(jaccard, 1000), *bands_for(0.8))))
    met = ((found[0::2] == found[1::2]) & (found[0::2] >= 0)).any(axis=1)
    assert met.mean() >= 0.99


def test_a_text_alone_in_its_bucket_has_none() -> None:
    keys = np.array([[7, 1], [7, 2], [8, 7]], dtype=np.uint64)
    found = buckets(keys)
    assert found[0, 0] == found[1, 0] >= 0
    assert found[2].tolist() == [-1, -1]
    assert found[:, 1].tolist() == [-1, -1, -1]


def test_bands_do_not_share_buckets() -> None:
    found = buckets(np.array([[7, 7], [7, 7]], dtype=np.uint64))
    assert found[0, 0] != found[0, 1]
