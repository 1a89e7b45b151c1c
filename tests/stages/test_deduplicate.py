"""`deduplicate`: exact and near-duplicates; the better record survives."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms import semantic_duplicates
from curate.errors import CurateError
from curate.outcome import Outcome
from curate.records.cache import cached_in
from curate.records.pool import from_rows
from curate.stages.deduplicate import EXACT, NEAR, SEMANTIC, deduplicate


def record(name: str, instruction: str, response: str | None = None, **scores: float) -> dict[str, Any]:
    messages = [{"role": "user", "content": instruction}]
    if response is not None:
        messages.append({"role": "assistant", "content": response})
    return {"id": name, "messages": messages} | ({"scores": scores} if scores else {})


def embedded(name: str, instruction: str, degrees: float, **scores: float) -> dict[str, Any]:
    """A record whose embedding points in this direction."""
    angle = math.radians(degrees)
    return {**record(name, instruction, **scores), "embedding": [math.cos(angle), math.sin(angle)]}


def told(outcome: Outcome) -> list[tuple[str, str, dict[str, Any]]]:
    return [(row["id"], row["reason"], row["detail"]) for row in outcome.dropped]


TWELVE = "one two three four five six seven eight nine ten eleven twelve"  # twelve shingles
THIRTEEN = "zero " + TWELVE  # those twelve and another
CHINESE = "请用简单的语言解释一下什么是机器学习以及它的用处"  # 24 characters, 24 shingles


def test_the_same_text_in_another_form_and_spacing_is_an_exact_duplicate() -> None:
    outcome = deduplicate(from_rows([record("a", "What is café?"), record("b", " What  is\ncafe\u0301?")]))
    assert told(outcome) == [("a", "exact duplicate", {"survivor": "b", "similarity": 1.0, "threshold": 1.0})]


def test_a_text_that_shares_most_shingles_is_a_near_duplicate() -> None:
    outcome = deduplicate(from_rows([record("short", TWELVE), record("long", THIRTEEN)]))
    detail = {"survivor": "long", "similarity": pytest.approx(12 / 13), "threshold": 0.8}
    assert told(outcome) == [("short", "near duplicate", detail)]


def test_chinese_is_compared_by_characters() -> None:
    outcome = deduplicate(
        from_rows([record("a", CHINESE), record("b", "您好，" + CHINESE), record("c", "怎么学习机器翻译？")])
    )
    detail = {"survivor": "b", "similarity": pytest.approx(24 / 26), "threshold": 0.8}
    assert told(outcome) == [("a", "near duplicate", detail)]
    assert list(outcome.kept["id"]) == ["b", "c"]


def test_mixed_text_is_compared_by_both() -> None:
    text = "请把下面这句话翻译成英文：machine learning is a branch of computer science，谢谢"
    outcome = deduplicate(
        from_rows([record("a", text), record("b", text + "！"), record("c", text.replace("英", "法"))])
    )
    assert ("a", "near duplicate", {"survivor": "b", "similarity": 1.0, "threshold": 0.8}) in told(outcome)


def test_below_the_threshold_both_stay() -> None:
    assert len(deduplicate(from_rows([record("a", TWELVE), record("b", THIRTEEN)]), threshold=0.93).dropped) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 7 + 5?", "What is 7 - 5?"),
        ("Write a program in F please now", "Write a program in F# please now"),
        ("Which notes are in the C major scale?", "Which notes are in the C# major scale?"),
        ("Explain the meaning of x in this line", "Explain the meaning of !x in this line"),
        (r"How do I match \d in Python?", r"How do I match \D in Python?"),
        ("Differentiate x2 and show the steps", "Differentiate x² and show the steps"),
    ],
)
def test_symbols_that_carry_meaning_make_no_duplicates(one: str, other: str) -> None:
    assert len(deduplicate(from_rows([record("a", one), record("b", other)])).dropped) == 0


def test_another_case_is_a_near_duplicate_and_no_exact_one() -> None:
    (row,) = told(deduplicate(from_rows([record("a", "Polish the text"), record("b", "polish the text")])))
    assert row == ("b", NEAR, {"survivor": "a", "similarity": 1.0, "threshold": 0.8})


def test_short_requests_with_another_topic_at_the_end_are_no_duplicates() -> None:
    knitting = "Give me two ideas for an article about knitting"
    records = from_rows(  # 6 / 12 and 8 / 10 like the first
        [
            record("a", knitting),
            record("b", knitting.replace("knitting", "birdwatching")),
            record("c", knitting.replace("Give", "Show")),
        ]
    )
    assert [(row[0], row[2]["survivor"]) for row in told(deduplicate(records, threshold=0.7))] == [("c", "a")]


def test_the_end_of_a_chain_stays() -> None:
    a, b, c = "a b c d e f g h i j", "b c d e f g h i j k", "c d e f g h i j k l"  # neighbours: 7/13; ends: 6/14
    records = from_rows([record("1", a), record("2", b), record("3", c)])
    assert list(deduplicate(records, threshold=0.5).kept["id"]) == ["1", "3"]


def test_an_exact_copy_of_a_dropped_record_points_to_the_record_that_stays() -> None:
    outcome = deduplicate(from_rows([record("a", TWELVE), record("b", TWELVE + " "), record("c", THIRTEEN)]))
    assert [(row[0], row[1], row[2]["survivor"]) for row in told(outcome)] == [
        ("a", "near duplicate", "c"),
        ("b", "near duplicate", "c"),
    ]


def test_by_default_the_longest_conversation_survives() -> None:
    records = from_rows([record("a", "Why?", "Because of the rain."), record("b", "Why?", "No.")])
    assert list(deduplicate(records).kept["id"]) == ["a"]


@pytest.mark.parametrize(("keep_best", "score"), [("fit", "logprob"), ("quality", "quality"), ("reward", "reward")])
def test_the_best_score_survives_when_asked_for(keep_best: str, score: str) -> None:
    records = from_rows(
        [record("a", "Why?", "A long answer.", **{score: -2.0}), record("b", "Why?", "Short.", **{score: -1.0})]
    )
    assert list(deduplicate(records, keep_best=keep_best).kept["id"]) == ["b"]


def test_ties_go_to_the_smaller_id() -> None:
    assert list(deduplicate(from_rows([record("b", "Why?"), record("a", "Why?")])).kept["id"]) == ["a"]


def test_on_response_only_the_answers_count() -> None:
    records = from_rows(
        [
            record("a", "The first thing, please?", TWELVE),
            record("b", "Another?", TWELVE),
            record("c", "The first thing, please?", "x"),
        ]
    )
    assert list(deduplicate(records, on="response").kept["id"]) == ["a", "c"]
    assert list(deduplicate(records, on="instruction").kept["id"]) == ["a", "b"]
    assert len(deduplicate(records, on="both").dropped) == 0


@pytest.mark.parametrize(("keep_best", "score"), [("fit", "logprob"), ("quality", "quality"), ("reward", "reward")])
def test_a_score_has_to_be_there(keep_best: str, score: str) -> None:
    with pytest.raises(CurateError, match=rf"needs 'scores\.{score}'"):
        deduplicate(from_rows([record("a", "Why?")]), keep_best=keep_best)


def test_without_a_threshold_only_copies_are_duplicates() -> None:
    records = from_rows([record("a", TWELVE + " "), record("b", TWELVE), record("c", THIRTEEN)])
    assert [(row[0], row[1]) for row in told(deduplicate(records, threshold=None))] == [("b", EXACT)]


def test_other_words_with_the_same_meaning_are_a_semantic_duplicate() -> None:
    records = from_rows([embedded("a", "How warm is it?", 0), embedded("b", "What is the temperature?", 20)])
    detail = {"survivor": "b", "similarity": pytest.approx(math.cos(math.radians(20))), "threshold": 0.9}
    assert told(deduplicate(records, cosine=0.9)) == [("a", SEMANTIC, detail)]
    assert len(deduplicate(records, cosine=0.95).dropped) == 0
    assert len(deduplicate(records).dropped) == 0


def test_the_surest_reason_is_told() -> None:
    records = from_rows([embedded("a", f" {THIRTEEN}", 0), embedded("b", TWELVE, 0), embedded("c", THIRTEEN, 0)])
    assert [(row[0], row[1]) for row in told(deduplicate(records, cosine=0.9))] == [("b", NEAR), ("c", EXACT)]


def test_a_copy_of_a_semantic_duplicate_with_another_embedding_stays() -> None:
    records = from_rows(
        [embedded("a", "A long question?", 0), embedded("b", "Short? ", 10), embedded("c", "Short?", 90)]
    )
    assert list(deduplicate(records, cosine=0.9).kept["id"]) == ["a", "c"]


def test_what_stays_has_its_distance_to_the_nearest_other_that_stays() -> None:
    records = from_rows(
        [embedded("a", "aaa", 0, reward=1), embedded("b", "b", 5, reward=1), embedded("c", "c", 60, reward=1)]
    )
    kept = deduplicate(records, cosine=0.9).kept
    scores = {"neighbour_distance": pytest.approx(2 - 2 * 0.5), "reward": 1}
    assert {row["id"]: row["scores"] for row in kept} == {"a": scores, "c": scores}


def test_of_two_identical_records_the_better_one_has_a_distance_above_zero() -> None:
    records = from_rows([embedded("a", "x", 0), embedded("b", "x", 0), embedded("c", "z", 90)])
    assert [row["neighbour_distance"] for row in deduplicate(records, cosine=1).kept["scores"]] == pytest.approx([2, 2])


def test_a_record_alone_has_no_neighbour() -> None:
    assert deduplicate(from_rows([embedded("a", "x", 0)]), cosine=1).kept["scores"][:] == [{"neighbour_distance": None}]


def test_an_embedding_that_is_not_finite_is_named() -> None:
    records = from_rows([embedded("a", "x", 0), embedded("b", "y", math.nan)])
    with pytest.raises(CurateError, match="embedding of record 'b' is not finite"):
        deduplicate(records, cosine=0.9)


def test_cosine_needs_embeddings() -> None:
    with pytest.raises(CurateError, match="needs 'embedding'"):
        deduplicate(from_rows([record("a", "Why?")]), cosine=0.9)


def test_a_search_that_is_not_exhaustive_says_what_it_found(monkeypatch) -> None:
    monkeypatch.setattr(semantic_duplicates, "EXACT", 100)
    angles = np.random.default_rng(0).uniform(0, 360, 400)
    records = from_rows([embedded(f"r{row}", f"question {row}", angle) for row, angle in enumerate(angles)])
    outcome = deduplicate(records, cosine=0.99)
    assert 5 < len(outcome.kept) < 50
    assert 95 < outcome.stats["percent of semantic duplicates found"] <= 100


def test_another_threshold_finds_the_sketches_of_the_last_time(tmp_path, monkeypatch) -> None:
    records = from_rows([record("a", TWELVE), record("b", THIRTEEN)])
    with cached_in(tmp_path):
        assert len(deduplicate(records, threshold=0.95).kept) == 2
        monkeypatch.setattr("curate.stages.deduplicate.sketch", None)
        assert len(deduplicate(records, threshold=0.9).kept) == 1


def test_responses_need_to_be_there() -> None:
    with pytest.raises(CurateError, match="needs 'response'"):
        deduplicate(from_rows([record("a", "Why?")]), on="response")


WORDS = st.lists(st.sampled_from(["go", "to", "the", "sea", "海", "边"]), min_size=1, max_size=7).map(" ".join)
POOLS = st.lists(
    st.tuples(WORDS, st.sampled_from(range(0, 360, 15)), st.sampled_from([1, 2, 3])), min_size=1, max_size=12
)


@settings(deadline=None, max_examples=40)
@given(POOLS, st.randoms(use_true_random=False))
def test_a_dropped_record_has_a_better_kept_twin_and_the_order_does_not_matter(pool, random) -> None:
    rows = [embedded(f"r{i:02}", text, angle, reward=reward) for i, (text, angle, reward) in enumerate(pool)]
    records: Dataset = from_rows(rows)
    outcome = deduplicate(records, threshold=0.5, cosine=0.9, keep_best="reward")
    assert len(outcome.kept) + len(outcome.dropped) == len(pool)
    kept = {row["id"]: row["scores"]["reward"] for row in outcome.kept}
    for row in outcome.dropped:
        survivor, detail = kept[row["detail"]["survivor"]], row["detail"]
        assert detail["similarity"] >= detail["threshold"] - 1e-6
        assert (-survivor, detail["survivor"]) < (-row["scores"]["reward"], row["id"])

    shuffled = deduplicate(
        records.select(random.sample(range(len(pool)), len(pool))), threshold=0.5, cosine=0.9, keep_best="reward"
    )
    assert {row["id"]: row["scores"] for row in shuffled.kept} == {row["id"]: row["scores"] for row in outcome.kept}
    assert sorted(told(shuffled), key=lambda row: row[0]) == told(outcome)
