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


def test_to_the_end_a_run_begins_at_every_token_and_the_last_ones_are_shorter() -> None:
    grams = ngrams(tokenize(["one two", "", "one two three four", "一二三四五六"]), 3, 5, to_the_end=True)
    assert grams.offsets.tolist() == [0, 2, 2, 6, 12]
    assert grams.sizes.tolist() == [2, 1, 3, 3, 2, 1, 5, 5, 4, 3, 2, 1]


def test_the_same_run_has_the_same_hash_and_another_order_another_one() -> None:
    first, second, turned = ngrams(tokenize(["a b c", "a b c", "c b a"]), 3, 5).hashes.tolist()
    assert first == second != turned


def test_a_run_differs_from_the_run_that_it_begins() -> None:
    hashes = ngrams(tokenize(["a b", "a b c"]), 3, 5, to_the_end=True).hashes.tolist()
    assert len(set(hashes)) == 5  # ab b | abc bc c
