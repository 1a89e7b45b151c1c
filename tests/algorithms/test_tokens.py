"""Tokens: words, single characters of scripts without spaces, symbols."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.algorithms.tokens import CHARACTER, SYMBOL, WORD, fold, normalise, tokenize


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("Write a poem.", [5, 1, 4]),
        ("don't", [3, 1]),
        ("我喜欢猫。", [1, 1, 1, 1]),
        ("用 Python 写", [1, 6, 1]),
        ("ราคา", [1, 1, 1, 1]),
        ("한국어 문장", [3, 2]),
        ("3 + 4", [1, 1, 1]),
        ("3*4", [1, 1, 1]),
        ("| --- |", [1, 3, 1]),
        ("👍👍", [1, 1]),
        ("!!x", [1, 1]),  # the first is before no word
        ("##x ##", [1, 1]),
        ("C## \\\\d", [1, 1, 1, 1]),
        (" ,.!? ", []),
        ("", []),
    ],
)
def test_the_tokens_of_a_text(text: str, lengths: list[int]) -> None:
    assert tokenize([text]).lengths.tolist() == lengths


@given(st.text(alphabet="a1#&@\\!+-*. 猫²", max_size=12))
def test_tokens_end_after_they_begin_and_before_the_next_one(text: str) -> None:
    tokens = tokenize([text])
    assert len(tokens.starts) == len(tokens.ends) == len(tokens.kinds) == len(tokens.hashes)
    assert (tokens.starts < tokens.ends).all()
    assert (tokens.ends[:-1] <= tokens.starts[1:]).all()


def test_every_token_has_a_kind() -> None:
    assert tokenize(["猫 cat = 😺"]).kinds.tolist() == [CHARACTER, WORD, SYMBOL, CHARACTER]


def test_the_same_token_has_the_same_hash_wherever_it_stands() -> None:
    tokens = tokenize(["the cat saw", "saw: the dog", "猫和猫"])
    the, cat, saw, saw_again, the_again, dog, mao, he, mao_again = tokens.hashes.tolist()
    assert (the, saw, mao) == (the_again, saw_again, mao_again)
    assert len({the, cat, saw, dog, mao, he}) == 6


def test_a_plus_is_no_minus() -> None:
    plus, minus = tokenize(["3 + 4", "3 - 4"]).hashes.reshape(2, 3).tolist()
    assert plus != minus


def test_offsets_give_each_text_its_own_tokens() -> None:
    assert tokenize(["", "one two", "...", "three"]).offsets.tolist() == [0, 0, 2, 2, 3]


def test_no_texts_have_no_tokens() -> None:
    assert tokenize([]).offsets.tolist() == [0]


def test_hashes_are_the_same_in_every_process() -> None:
    code = "from curate.algorithms.tokens import tokenize; print(tokenize(['hello 世界']).hashes.tolist())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert other.strip() == str(tokenize(["hello 世界"]).hashes.tolist())


@given(st.lists(st.text()))
def test_a_batch_gives_what_each_text_gives_alone(texts: list[str]) -> None:
    together = tokenize(texts)
    alone = [tokenize([text]) for text in texts]
    assert together.hashes.tolist() == [value for tokens in alone for value in tokens.hashes.tolist()]
    assert np.diff(together.offsets).tolist() == [len(tokens.hashes) for tokens in alone]


@given(st.text())
def test_a_folded_text_has_the_tokens_of_the_normalised_one(text: str) -> None:
    assert tokenize([fold(text)]).hashes.tolist() == tokenize([normalise(text)]).hashes.tolist()


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  Hello \n\t World ", "hello world"),
        ("ＡＢＣ　１２３", "abc 123"),
        ("STRASSE straße", "strasse strasse"),
        ("全角，逗号", "全角,逗号"),
    ],
)
def test_normalising_unifies_case_width_and_spaces(text: str, normal: str) -> None:
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("the C major scale", "the C# major scale"),
        ("hello world in F", "hello world in F#"),
        ("is x true", "is !x true"),
        (r"what does \d match", r"what does \D match"),
        (r"what does \d match", "what does d match"),
        ("differentiate x2", "differentiate x²"),
        ("water is H2O", "water is H₂O"),
        ("spending on R D", "spending on R&D"),
        ("a == b", "a != b"),
    ],
)
def test_symbols_that_carry_meaning_make_another_text(one: str, other: str) -> None:
    assert tokenize([normalise(one)]).hashes.tolist() != tokenize([normalise(other)]).hashes.tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hi!", "hi"),
        ("What? No!", "what no"),
        ("# A heading", "A heading"),
        ("bread & butter", "bread butter"),
        ("ＡＢＣ", "abc"),
        ("salt, and pepper.", "Salt and pepper"),
    ],
)
def test_punctuation_case_and_width_do_not(one: str, other: str) -> None:
    assert tokenize([normalise(one)]).hashes.tolist() == tokenize([normalise(other)]).hashes.tolist()
