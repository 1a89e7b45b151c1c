"""`trim`: the band between two quantiles of a score."""

from __future__ import annotations

import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.records.pool import from_rows
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


def labelled(label: str, *rows: tuple[str | None, float]) -> Dataset:
    """Records with a category each, as a label or as a column, and a perplexity."""
    values = [{"labels": {"category": c}} if label == "label" else {"category": c} for c, _ in rows]
    return from_rows(
        [
            {"id": f"r{n}", "messages": [], "scores": {"perplexity": float(score)}, **value}
            for n, (value, (_, score)) in enumerate(zip(values, rows, strict=True))
        ]
    )


@pytest.mark.parametrize("label", ["label", "column"])
def test_within_each_value_of_a_label_or_column_the_band_is_its_own(label: str) -> None:
    rows = [*(("Math", score) for score in (1, 2, 3, 4)), *(("Poetry", score) for score in (30, 10, 40, 20))]
    outcome = trim(labelled(label, *rows), keep=(0.25, 0.75), within="category")
    assert list(outcome.kept["id"]) == ["r1", "r2", "r4", "r7"]
    assert [(row["id"], row["reason"]) for row in outcome.dropped] == [
        ("r0", "too low"),
        ("r3", "too high"),
        ("r5", "too low"),
        ("r6", "too high"),
    ]
    assert outcome.dropped[2]["detail"] == {"score": 10.0, "low": 20.0, "high": 30.0, "category": "Poetry"}


def test_a_small_group_loses_nothing_while_a_large_one_is_trimmed() -> None:
    rows = [*(("Math", score) for score in range(100)), *(("Poetry", 1e6 * score) for score in range(19))]
    outcome = trim(labelled("label", *rows), within="category")
    assert [row["id"] for row in outcome.dropped] == [f"r{n}" for n in (0, 1, 2, 3, 4, 95, 96, 97, 98, 99)]


def test_records_without_a_value_form_a_group_of_their_own() -> None:
    rows = [("Math", 1), ("Math", 2), (None, 100), (None, 200), (None, 300)]
    outcome = trim(labelled("label", *rows), keep=(0.0, 0.7), within="category")
    assert [(row["id"], row["detail"]["high"]) for row in outcome.dropped] == []
    outcome = trim(labelled("label", *rows), keep=(0.0, 0.6), within="category")
    assert [(row["id"], row["detail"]["category"]) for row in outcome.dropped] == [("r4", None)]


def test_a_label_that_nobody_made_is_told() -> None:
    with pytest.raises(CurateError, match=r"needs 'labels\.category' or 'category'"):
        trim(pool(1, 2), within="category")


@pytest.mark.parametrize("column", ["messages", "scores", "tag"])
def test_a_column_that_is_no_value_is_refused(column: str) -> None:
    records = from_rows([{**row, "tag": {"file": "a"}} for row in pool(1, 2)])
    with pytest.raises(CurateError, match=f"within: the column '{column}' holds"):
        trim(records, within=column)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_order_does_not_matter(scores: list[int], random) -> None:
    records = pool(*scores)
    shuffled = records.select(random.sample(range(len(scores)), len(scores)))
    one, other = trim(records, keep=(0.2, 0.8)), trim(shuffled, keep=(0.2, 0.8))
    assert set(one.kept["id"]) == set(other.kept["id"])
    assert len(one.kept) + len(one.dropped) == len(scores)
