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
        ("one two three four five", 5),
        ("one", 1),
        ("一二三四五六七", 7),
        ("我用英语说 hi there 你好", 9),
        ("", 0),
        ("?!", 0),
    ],
)
def test_a_shingle_begins_at_every_word_and_at_every_character_of_a_spaceless_script(text: str, count: int) -> None:
    assert len(sets(text)[0]) == count


def test_mixed_text_has_both_kinds() -> None:
    # five tokens from each Chinese character on, three from each word: the last one is in those from 说, there, 你, 好
    one, other = sets("我用英语说 hi there 你好", "我用英语说 hi there 你们")
    assert jaccard(one, [other]).tolist() == [5 / 13]


def test_a_repeated_shingle_counts_once_in_the_set() -> None:
    assert len(sets("a b c a b c")[0]) == 5  # abc bca cab, abc again, bc c


def test_jaccard_is_shared_over_all() -> None:
    one, other = sets("a b c d e", "a b c d f")  # abc bcd cde de e | abc bcd cdf df f
    assert jaccard(one, [other]).tolist() == [2 / 8]


def test_jaccard_of_chinese() -> None:
    one, other = sets("今天天气很好啊", "今天天气很好吗")  # 7 shingles each, of which 5 hold the last character
    assert jaccard(one, [other]).tolist() == [2 / 12]


def test_the_last_word_is_in_as_many_shingles_as_one_in_the_middle() -> None:
    text, middle, last = sets("a b c d e f g", "a b c x e f g", "a b c d e f x")
    assert jaccard(text, [middle, last]).tolist() == [4 / 10, 4 / 10]


def test_jaccard_against_several() -> None:
    one, same, nothing, empty = sets("a b c d", "a b c d", "x y z", "")
    assert jaccard(one, [same, nothing, empty]).tolist() == [1, 0, 0]
    assert jaccard(empty, [one, empty]).tolist() == [0, 0]


def test_word_order_matters() -> None:
    one, other = sets("dog bites man", "man bites dog")
    assert jaccard(one, [other]).tolist() == [0]
