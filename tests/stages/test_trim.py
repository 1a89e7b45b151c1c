"""`trim`: the band between two quantiles of a score."""

from __future__ import annotations

import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.records import from_rows
from curate.stages.trim import trim


def pool(*perplexities: float, name: str = "perplexity") -> Dataset:
    return from_rows(
        [{"id": f"r{i}", "messages": [], "scores": {name: float(score)}} for i, score in enumerate(perplexities)]
    )


def test_what_lies_below_the_band_is_too_low_and_what_lies_above_too_high() -> None:
    outcome = trim(pool(5, 1, 3, 2, 4), keep=(0.2, 0.8))
    assert list(outcome.kept["id"]) == ["r2", "r3", "r4"]
    assert [(row["id"], row["reason"], row["detail"]) for row in outcome.dropped] == [
        ("r0", "too high", {"score": 5.0, "low": 2.0, "high": 4.0}),
        ("r1", "too low", {"score": 1.0, "low": 2.0, "high": 4.0}),
    ]


def test_a_small_pool_keeps_all_under_the_default() -> None:
    assert len(trim(pool(1, 2, 1000)).dropped) == 0


def test_equal_scores_stay_together() -> None:
    assert len(trim(pool(1, 1, 1, 1, 2), keep=(0.4, 1.0)).dropped) == 0


def test_any_score_can_be_named() -> None:
    outcome = trim(pool(1, 2, name="ifd"), by="ifd", keep=(0.5, 1.0))
    assert list(outcome.kept["id"]) == ["r1"]


def test_a_score_that_nobody_made_is_told() -> None:
    with pytest.raises(CurateError, match=r"needs 'scores\.perplexity'"):
        trim(pool(1, 2, name="ifd"))


def test_an_empty_band_is_refused() -> None:
    with pytest.raises(CurateError, match=r"the first quantile must be below the second, found 0\.9 and 0\.1"):
        trim(pool(1, 2), keep=(0.9, 0.1))


def test_a_share_above_1_is_refused() -> None:
    with pytest.raises(CurateError, match="keep"):
        trim(pool(1, 2), keep=(0.1, 1.5))


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(scores: list[int], random) -> None:
    records = pool(*scores)
    shuffled = records.select(random.sample(range(len(scores)), len(scores)))
    one, other = trim(records, keep=(0.2, 0.8)), trim(shuffled, keep=(0.2, 0.8))
    assert set(one.kept["id"]) == set(other.kept["id"])
    assert len(one.kept) + len(one.dropped) == len(scores)
