"""Shingles, and the Jaccard index of two sets of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from curate.algorithms.shingles import jaccard, shingles


def sets(*texts: str) -> list[np.ndarray]:
    hashes, offsets = shingles(texts)
    return [np.unique(hashes[start:end]) for start, end in itertools.pairwise(offsets)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("one two three four five", 3),
        ("one two three", 1),
        ("one", 1),
        ("一二三四五六七", 3),
        ("一二", 1),
        ("", 0),
        ("?!", 0),
    ],
)
def test_three_words_or_five_characters_make_a_shingle(text: str, count: int) -> None:
    assert len(sets(text)[0]) == count


def test_mixed_text_has_both_kinds() -> None:
    # from each Chinese character five tokens on, from each word three: 我用英语说hi there 你好 -> 5 + 2
    assert len(sets("我用英语说 hi there 你好")[0]) == 7


def test_a_repeated_shingle_counts_once_in_the_set() -> None:
    assert len(sets("a b c a b c")[0]) == 3


def test_jaccard_is_shared_over_all() -> None:
    one, other = sets("a b c d e", "a b c d f")  # abc bcd cde | abc bcd cdf
    assert jaccard(one, [other]).tolist() == [2 / 4]


def test_jaccard_of_chinese() -> None:
    one, other = sets("今天天气很好啊", "今天天气很好吗")  # 3 shingles each, 2 shared
    assert jaccard(one, [other]).tolist() == [2 / 4]


def test_jaccard_against_several() -> None:
    one, same, nothing, empty = sets("a b c d", "a b c d", "x y z", "")
    assert jaccard(one, [same, nothing, empty]).tolist() == [1, 0, 0]
    assert jaccard(empty, [one, empty]).tolist() == [0, 0]


def test_word_order_matters() -> None:
    one, other = sets("dog bites man", "man bites dog")
    assert jaccard(one, [other]).tolist() == [0]
