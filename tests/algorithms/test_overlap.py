"""Overlap of records with the texts of a benchmark."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.overlap import OverlapIndex

ITEM = "one two three four five six seven eight nine ten eleven twelve"  # five runs of eight words


def share(record: str, units="words") -> float:
    (overlaps,) = OverlapIndex([ITEM, "something else entirely"], units).overlaps([[record]])
    return max((overlap.share for overlap in overlaps), default=0)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (ITEM, 12 / 12),
        ("two three four five six seven eight nine", 8 / 12),
        ("zero one two three four five six seven eight and nine", 8 / 12),
        ("two three four five six seven eight", 0),
        ("one two three four x five six seven eight", 0),
        ("five six seven eight nine ten eleven twelve. ONE two three four five six seven eight!", 12 / 12),
    ],
)
def test_a_word_is_matched_when_it_lies_in_a_shared_run_of_eight(record: str, expected: float) -> None:
    assert share(record) == expected


def test_the_overlap_shows_what_both_texts_share() -> None:
    (overlaps,) = OverlapIndex([ITEM], "words").overlaps(
        [["Well,", "TWO three, four five six seven eight nine ... and so on"]]
    )
    assert [(o.text, o.item, o.record) for o in overlaps] == [
        (0, "two three four five six seven eight nine", "two three, four five six seven eight nine")
    ]


def test_each_record_and_each_text_is_told_apart() -> None:
    other = "a completely different text that has more than eight words in it"
    overlaps = OverlapIndex([ITEM, other], "words").overlaps([["nothing"], [f"{other} {ITEM}"], [ITEM], []])
    assert [sorted(overlap.text for overlap in record) for record in overlaps] == [[], [0, 1], [0], []]


def test_a_run_of_masked_places_alone_is_no_match() -> None:
    names = "Ann Bob Cy, 1 Dan 2 Eve 3 Fay 4 Gus 5 Hal 6 Ian 7"
    others = "Zoe 9 Yan 8 Xi 7 Wes 6 Vic 5 Uma 4 Tim 3 Sam 2"
    assert OverlapIndex([names], "templates").overlaps([[others]]) == [[]]


def test_a_benchmark_of_short_texts_alone_can_be_searched() -> None:
    overlaps = OverlapIndex(["Hello there"], "words").overlaps([["hello THERE!"], ["hello there my friend"]])
    assert [[overlap.text for overlap in record] for record in overlaps] == [[0], []]


WORDS = st.lists(st.sampled_from("abc"), max_size=24)


@settings(deadline=None)
@given(WORDS, WORDS)
def test_it_counts_as_the_definition_says(item: list[str], record: list[str]) -> None:
    runs = {tuple(record[at : at + 8]) for at in range(len(record) - 7)}
    matched = {p for at in range(len(item) - 7) if tuple(item[at : at + 8]) in runs for p in range(at, at + 8)}
    (overlaps,) = OverlapIndex([" ".join(item)], "words").overlaps([[" ".join(record)]])
    if len(item) >= 8:
        assert sum(overlap.share for overlap in overlaps) == pytest.approx(len(matched) / len(item))
    else:
        assert bool(overlaps) == (item == record != [])
