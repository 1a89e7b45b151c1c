"""Runs of tokens."""

from __future__ import annotations

import pytest

from curate.algorithms.ngrams import ngrams
from curate.algorithms.tokens import tokenize


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("one two three four", [0, 1]),
        ("one two", []),
        ("一二三四五六", [0, 1]),
        ("我 like it much 你", [0, 1, 2]),  # five characters from the first on, three words from the next ones on
    ],
)
def test_a_run_has_three_words_or_five_characters(text: str, starts: list[int]) -> None:
    assert ngrams(tokenize([text]), 3, 5).starts.tolist() == starts


def test_a_short_text_can_count_as_one_run() -> None:
    grams = ngrams(tokenize(["one two", "", "one two three"]), 3, 5, whole=True)
    assert grams.offsets.tolist() == [0, 1, 1, 2]
    assert grams.sizes.tolist() == [2, 3]


def test_the_same_run_has_the_same_hash_and_another_order_another_one() -> None:
    first, second, turned = ngrams(tokenize(["a b c", "a b c", "c b a"]), 3, 5).hashes.tolist()
    assert first == second != turned


def test_a_run_differs_from_the_run_that_it_begins() -> None:
    short, long = ngrams(tokenize(["a b", "a b c"]), 3, 5, whole=True).hashes.tolist()
    assert short != long
