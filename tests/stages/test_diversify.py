"""`diversify`: exactly N records that cover the most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.models.protocols import Embedder
from curate.outcome import counter_lines
from curate.records.pool import from_rows
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


def test_a_pool_that_is_read_as_needed_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    records = pool(CLUSTERS).select([4, 0, 3, 1])
    whole = diversify(records, count=2)
    monkeypatch.setattr(module, "IN_MEMORY", 0)
    assert diversify(records, count=2).kept.to_list() == whole.kept.to_list()


def test_what_is_taken_out_of_a_pool_is_chosen_from_alone() -> None:
    assert list(diversify(pool(CLUSTERS).select([0, 3, 1]), count=2).kept["id"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("method", "expected"),
    [("k-center", ["e", "d"]), ("deita", ["b", "d"]), ("mig", ["b", "c"]), ("longest", ["a", "b"])],
)
def test_other_methods(method: str, expected: list[str]) -> None:
    records = pool(CLUSTERS, (1, 9, 8, 3, 2))
    score = "reward" if method in ("deita", "mig") else None
    assert list(diversify(records, count=2, method=method, quality=score).kept["id"]) == expected


def test_longest_counts_the_characters_of_all_responses() -> None:
    turns = {"x": ["ab", "cd"], "y": ["abc"], "z": ["abcde"]}
    rows = [
        {
            "id": name,
            "messages": [m for text in texts for m in ({"role": "user", "content": "?" * 9}, turn(text))],
            "embedding": [1.0, 0.0],
        }
        for name, texts in turns.items()
    ]
    assert list(diversify(from_rows(rows), count=2, method="longest").kept["id"]) == ["z", "x"]


def turn(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def test_random_depends_on_the_seed_alone() -> None:
    records = pool(list(range(0, 100, 5)))
    picks = [list(diversify(records, count=8, method="random", seed=seed).kept["id"]) for seed in (0, 0, 1)]
    assert picks[0] == picks[1] != picks[2]


def test_deita_that_runs_out_says_how_many_there_were() -> None:
    with pytest.raises(CurateError, match="count is 3, but deita finds only 2 records of 5 .* raise threshold"):
        diversify(pool(CLUSTERS, (1, 2, 3, 4, 5)), count=3, method="deita", quality="reward")


def test_a_quality_is_needed_or_refused_as_the_method_has_it() -> None:
    with pytest.raises(CurateError, match="deita goes by quality"):
        diversify(pool(CLUSTERS), count=1, method="deita")
    with pytest.raises(CurateError, match="k-center takes no quality; methods that do: facility-location, deita, mig"):
        diversify(pool(CLUSTERS, (1, 2, 3, 4, 5)), count=1, method="k-center", quality="reward")


def grouped(values: Sequence[str | None], name: str = "domain") -> Dataset:
    """Records in different directions, whose column or label has these values."""
    return from_rows(
        [
            {"id": chr(ord("a") + place), "messages": [], "embedding": [float(np.cos(place)), float(np.sin(place))]}
            | ({"labels": {name: value}} if name == "category" else {name: value})
            for place, value in enumerate(values)
        ]
    )


@pytest.mark.parametrize("method", ["facility-location", "k-center", "mig", "random", "longest"])
@pytest.mark.parametrize("name", ["domain", "category"])
def test_each_group_gets_an_equal_part(method: str, name: str) -> None:
    kept = diversify(grouped(["math"] * 6 + ["code"] * 3, name), count=4, method=method, balance=name).kept
    values = kept["domain"] if name == "domain" else [labels["category"] for labels in kept["labels"]]
    assert sorted(values) == ["code", "code", "math", "math"]


def test_groups_get_the_shares_that_are_given_and_those_without_get_nothing() -> None:
    records = grouped(["math"] * 6 + ["code"] * 6 + ["law"] * 3)
    kept = diversify(records, count=4, balance={"domain": {"math": 3, "code": 1}}).kept
    assert sorted(kept["domain"]) == ["code", "math", "math", "math"]


def test_what_a_small_group_lacks_goes_to_the_others_and_is_said() -> None:
    outcome = diversify(grouped(["math"] * 6 + ["code"]), count=4, balance="domain")
    assert sorted(outcome.kept["domain"]) == ["code", "math", "math", "math"]
    assert outcome.stats["code too few by"] == 1


def test_balance_needs_values_that_are_there() -> None:
    with pytest.raises(CurateError, match="record 'b' has no domain"):
        diversify(grouped(["math", None]), count=1, balance="domain")
    with pytest.raises(CurateError, match="no record has the domain 'mth'; did you mean 'math'"):
        diversify(grouped(["math", "code"]), count=1, balance={"domain": {"mth": 1}})
    with pytest.raises(CurateError, match="only 1 records have a domain with a share"):
        diversify(grouped(["math", "code"]), count=2, balance={"domain": {"math": 1}})
    with pytest.raises(CurateError, match=r"needs 'labels\.domain' or 'domain'"):
        diversify(pool(CLUSTERS), count=1, balance="domain")


def test_stats_compare_the_coverage_with_that_of_the_baselines() -> None:
    stats = diversify(pool(CLUSTERS), count=2).stats
    assert stats["coverage 0.8"] == 1.0
    assert stats["coverage 0.8 longest"] == 1.0  # a and b: one of each cluster
    assert 0 < stats["coverage 0.8 random"] <= 1


def test_stats_say_how_the_choice_differs_from_the_pool_in_its_scores_and_lengths() -> None:
    outcome = diversify(pool(CLUSTERS, quality=(1, 2, 3, 4, 5)), count=2)  # c and a
    assert outcome.stats["median reward: chosen"] == 2
    assert outcome.stats["median reward: pool"] == 3
    assert outcome.stats["median response characters: pool"] == 0
    (table,) = (line for line in counter_lines("diversify", outcome.stats) if "medians" in line)
    assert table.splitlines()[-1].split() == ["reward", "2", "3"]


def test_a_score_that_some_records_lack_has_the_median_of_the_others() -> None:
    rows = [{**row, "scores": {"ifd": 0.5}} if row["id"] == "a" else row for row in pool(CLUSTERS).to_list()]
    stats = diversify(from_rows(rows), count=1).stats
    assert "median ifd: chosen" not in stats  # c has none
    assert stats["median ifd: pool"] == 0.5


def test_a_model_embeds_what_has_no_embedding(embedder: Embedder) -> None:
    texts = ["How do I feed a kitten?", "What should a kitten eat?", "How do I invest my savings?"]
    rows = [{"id": str(n), "messages": [{"role": "user", "content": text}]} for n, text in enumerate(texts)]
    outcome = diversify(from_rows(rows), count=2, model=embedder)
    assert "2" in list(outcome.kept["id"])
    assert "embedding" not in outcome.kept.column_names


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
