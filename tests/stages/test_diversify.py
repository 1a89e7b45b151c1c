"""`diversify`: exactly N records that cover the most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.records import from_rows
from curate.stages import diversify as module
from curate.stages.diversify import diversify


def pool(degrees: Sequence[float], quality: Sequence[float] | None = None) -> Dataset:
    """Records named a, b, c ... whose embeddings stand at these angles."""
    rows = []
    for place, angle in enumerate(np.radians(degrees)):
        row = {"id": chr(ord("a") + place), "messages": [], "embedding": [float(np.cos(angle)), float(np.sin(angle))]}
        rows.append(row | ({"scores": {"reward": float(quality[place])}} if quality else {}))
    return from_rows(rows)


CLUSTERS = (180, 0, 5, 182, 10)  # a and d point west; b, c and e east


def test_one_of_each_cluster_is_chosen_the_larger_cluster_first() -> None:
    outcome = diversify(pool(CLUSTERS), count=2)
    assert list(outcome.kept["id"]) == ["c", "a"]


def test_a_pick_says_its_rank_its_gain_and_how_many_it_represents() -> None:
    scores = list(diversify(pool(CLUSTERS), count=2).kept["scores"])
    assert [(s["rank"], s["represents"]) for s in scores] == [(1, 3), (2, 2)]
    east, west = (2 * np.cos(np.radians(5)) + 1) / 5, (np.cos(np.radians(2)) + 1) / 5
    assert [s["gain"] for s in scores] == pytest.approx([east, west], abs=1e-6)


def test_what_is_not_chosen_names_the_record_that_stands_for_it() -> None:
    dropped = diversify(pool(CLUSTERS), count=2).dropped
    five, two = (pytest.approx(np.cos(np.radians(angle)), abs=1e-6) for angle in (5, 2))
    assert [(row["id"], row["reason"], row["detail"]) for row in dropped] == [
        ("b", "not chosen", {"nearest": "c", "similarity": five}),
        ("d", "not chosen", {"nearest": "a", "similarity": two}),
        ("e", "not chosen", {"nearest": "c", "similarity": five}),
    ]


def test_quality_decides_between_records_that_cover_alike() -> None:
    records = pool((0, 0, 0, 90, 90), quality=(1, 2, 3, 5, 4))
    assert list(diversify(records, count=2, quality="reward").kept["id"]) == ["c", "d"]


def test_the_unit_of_the_quality_does_not_matter() -> None:
    small, large = (pool(CLUSTERS, [scale * value for value in (3, 1, 4, 1.5, 5)]) for scale in (1e-6, 1e6))
    chosen = [list(diversify(p, count=3, quality="reward", weight=0.5).kept["id"]) for p in (small, large)]
    assert chosen[0] == chosen[1]


def test_without_weight_quality_changes_nothing() -> None:
    records = pool(CLUSTERS, (1, 9, 2, 8, 3))
    assert list(diversify(records, count=2, quality="reward", weight=0).kept["id"]) == ["c", "a"]


def test_copies_are_chosen_last_by_id() -> None:
    assert list(diversify(pool((0, 0, 0, 90)), count=4).kept["id"]) == ["a", "d", "b", "c"]


def test_a_pool_that_is_too_small_is_told() -> None:
    with pytest.raises(CurateError, match="count is 9, but only 5 records came in; lower count"):
        diversify(pool(CLUSTERS), count=9)


def test_an_embedding_that_is_not_finite_is_told() -> None:
    records = from_rows([{"id": "x", "messages": [], "embedding": [float("nan"), 1.0]}])
    with pytest.raises(CurateError, match="embedding of record 'x' is not finite"):
        diversify(records, count=1)


def test_embeddings_and_scores_need_to_be_there() -> None:
    with pytest.raises(CurateError, match="needs 'embedding'"):
        diversify(from_rows([{"id": "x", "messages": []}]), count=1)
    with pytest.raises(CurateError, match=r"needs 'scores\.reward'"):
        diversify(pool(CLUSTERS), count=1, quality="reward")


def test_a_large_pool_is_chosen_from_nearly_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    records = pool(np.random.default_rng(0).uniform(0, 360, 400).tolist())

    def covered() -> float:
        return sum(detail["similarity"] for detail in diversify(records, count=20).dropped["detail"])

    exact = covered()
    monkeypatch.setattr(module, "DENSE", 100)
    monkeypatch.setattr(module, "NEIGHBOURS", 64)
    assert covered() >= 0.99 * exact


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.sampled_from([0, 30, 31, 90, 180, 200.5]), min_size=1, max_size=15),
    st.integers(1, 15),
    st.randoms(use_true_random=False),
)
def test_exactly_count_come_out_and_the_order_does_not_matter(angles: list[float], count: int, random) -> None:
    count = min(count, len(angles))
    records = pool(angles, [random.randrange(4) for _ in angles])
    outcome = diversify(records, count=count, quality="reward")
    assert (len(outcome.kept), len(outcome.dropped)) == (count, len(angles) - count)
    assert sum(scores["represents"] for scores in outcome.kept["scores"]) == len(angles)

    shuffled = diversify(records.select(random.sample(range(len(angles)), len(angles))), count=count, quality="reward")
    assert shuffled.kept.to_list() == outcome.kept.to_list()
