"""`deduplicate`: exact and near-duplicates; the better record survives."""

from __future__ import annotations

from typing import Any

import pytest
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.records import from_rows
from curate.stage import Outcome
from curate.stages.deduplicate import deduplicate


def record(name: str, instruction: str, response: str | None = None, logprob: float | None = None) -> dict[str, Any]:
    messages = [{"role": "user", "content": instruction}]
    if response is not None:
        messages.append({"role": "assistant", "content": response})
    return {"id": name, "messages": messages} | ({} if logprob is None else {"scores": {"logprob": logprob}})


def told(outcome: Outcome) -> list[tuple[str, str, dict[str, Any]]]:
    return [(row["id"], row["reason"], row["detail"]) for row in outcome.dropped]


TWELVE = "one two three four five six seven eight nine ten eleven twelve"  # ten shingles
THIRTEEN = TWELVE + " thirteen"  # those ten and another
CHINESE = "请用简单的语言解释一下什么是机器学习以及它的用处"  # 24 characters, 20 shingles


def test_the_same_text_in_another_case_and_spacing_is_an_exact_duplicate() -> None:
    outcome = deduplicate(from_rows([record("a", "What is AI?"), record("b", " what  is\nＡＩ？")]))
    assert told(outcome) == [("a", "exact duplicate", {"survivor": "b", "similarity": 1.0, "threshold": 0.8})]


def test_a_text_that_shares_most_shingles_is_a_near_duplicate() -> None:
    outcome = deduplicate(from_rows([record("short", TWELVE), record("long", THIRTEEN)]))
    detail = {"survivor": "long", "similarity": pytest.approx(10 / 11), "threshold": 0.8}
    assert told(outcome) == [("short", "near duplicate", detail)]


def test_chinese_is_compared_by_characters() -> None:
    outcome = deduplicate(
        from_rows([record("a", CHINESE), record("b", CHINESE + "呢"), record("c", "怎么学习机器翻译？")])
    )
    detail = {"survivor": "b", "similarity": pytest.approx(20 / 21), "threshold": 0.8}
    assert told(outcome) == [("a", "near duplicate", detail)]
    assert list(outcome.kept["id"]) == ["b", "c"]


def test_mixed_text_is_compared_by_both() -> None:
    text = "请把下面这句话翻译成英文：machine learning is a branch of computer science，谢谢"
    outcome = deduplicate(
        from_rows([record("a", text), record("b", text + "！"), record("c", text.replace("英", "法"))])
    )
    assert ("a", "near duplicate", {"survivor": "b", "similarity": 1.0, "threshold": 0.8}) in told(outcome)


def test_below_the_threshold_both_stay() -> None:
    assert len(deduplicate(from_rows([record("a", TWELVE), record("b", THIRTEEN)]), threshold=0.92).dropped) == 0


def test_different_sums_are_no_duplicates() -> None:
    assert len(deduplicate(from_rows([record("a", "What is 7 + 5?"), record("b", "What is 7 - 5?")])).dropped) == 0


def test_the_end_of_a_chain_stays() -> None:
    a, b, c = "a b c d e f g h i j", "b c d e f g h i j k", "c d e f g h i j k l"  # neighbours: 7/9; ends: 6/10
    records = from_rows([record("1", a), record("2", b), record("3", c)])
    assert list(deduplicate(records, threshold=0.75).kept["id"]) == ["1", "3"]


def test_an_exact_copy_of_a_dropped_record_points_to_the_record_that_stays() -> None:
    outcome = deduplicate(from_rows([record("a", TWELVE), record("b", TWELVE.upper()), record("c", THIRTEEN)]))
    assert [(row[0], row[1], row[2]["survivor"]) for row in told(outcome)] == [
        ("a", "near duplicate", "c"),
        ("b", "near duplicate", "c"),
    ]


def test_by_default_the_longest_conversation_survives() -> None:
    records = from_rows([record("a", "Why?", "Because of the rain."), record("b", "Why?", "No.")])
    assert list(deduplicate(records).kept["id"]) == ["a"]


def test_the_best_fit_survives_when_asked_for() -> None:
    records = from_rows([record("a", "Why?", "A long answer.", -2.0), record("b", "Why?", "Short.", -1.0)])
    assert list(deduplicate(records, keep_best="fit").kept["id"]) == ["b"]


def test_ties_go_to_the_smaller_id() -> None:
    assert list(deduplicate(from_rows([record("b", "Why?"), record("a", "Why?")])).kept["id"]) == ["a"]


def test_on_response_only_the_answers_count() -> None:
    records = from_rows(
        [record("a", "One thing?", TWELVE), record("b", "Another?", TWELVE), record("c", "One thing?", "x")]
    )
    assert list(deduplicate(records, on="response").kept["id"]) == ["a", "c"]
    assert list(deduplicate(records, on="instruction").kept["id"]) == ["a", "b"]
    assert len(deduplicate(records, on="both").dropped) == 0


def test_fit_needs_a_score() -> None:
    with pytest.raises(CurateError, match=r"needs 'scores\.logprob'"):
        deduplicate(from_rows([record("a", "Why?")]), keep_best="fit")


def test_responses_need_to_be_there() -> None:
    with pytest.raises(CurateError, match="needs 'response'"):
        deduplicate(from_rows([record("a", "Why?")]), on="response")


WORDS = st.lists(st.sampled_from(["go", "to", "the", "sea", "海", "边"]), min_size=1, max_size=7).map(" ".join)


@settings(deadline=None, max_examples=25)
@given(st.lists(WORDS, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_a_dropped_record_has_a_kept_twin_and_the_order_does_not_matter(texts: list[str], random) -> None:
    records: Dataset = from_rows([record(f"r{i:02}", text) for i, text in enumerate(texts)])
    outcome = deduplicate(records, threshold=0.5)
    assert len(outcome.kept) + len(outcome.dropped) == len(texts)
    kept = set(outcome.kept["id"])
    assert all(detail["survivor"] in kept and detail["similarity"] >= 0.5 for _, _, detail in told(outcome))

    shuffled = deduplicate(records.select(random.sample(range(len(texts)), len(texts))), threshold=0.5)
    assert set(shuffled.kept["id"]) == kept
    assert sorted(told(shuffled), key=lambda row: row[0]) == told(outcome)
