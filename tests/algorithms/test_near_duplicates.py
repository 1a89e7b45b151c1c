"""Near-duplicates, against comparing every pair."""

from __future__ import annotations

import random

import numpy as np
import pytest

from curate.algorithms.near_duplicates import NearDuplicates, sketch
from curate.algorithms.star_clusters import Stars, star_clusters


def near_duplicates(texts: list[str], threshold: float, order: list[int] | None = None) -> Stars:
    rows = np.arange(len(texts))
    near = NearDuplicates(sketch(texts, len(texts)), rows, threshold, lambda wanted: [texts[row] for row in wanted])
    return star_clusters(rows if order is None else np.array(order), [near])


def shingle_set(text: str) -> set[tuple[str, ...]]:
    """Three-word shingles to the end of the text, written down once more in the plainest way."""
    words = text.split()
    return {tuple(words[i : i + 3]) for i in range(len(words))}


def noisy_copies(originals: int, copies: int) -> list[str]:
    """Texts of 60 words from a large vocabulary, and copies of each with up to six words exchanged."""
    rng = random.Random(0)
    texts = []
    for _ in range(originals):
        words = [f"w{rng.randrange(3000)}" for _ in range(60)]
        texts.append(" ".join(words))
        for _ in range(copies):
            changed = list(words)
            for _ in range(rng.randrange(7)):
                changed[rng.randrange(60)] = f"w{rng.randrange(3000)}"
            texts.append(" ".join(changed))
    return texts


def test_it_decides_as_the_comparison_of_all_pairs_does() -> None:
    texts = noisy_copies(80, 4)
    shingled = [shingle_set(text) for text in texts]
    stars = near_duplicates(texts, 0.8)

    kept: list[int] = []
    missed = 0
    for row, mine in enumerate(shingled):
        alike = [len(mine & shingled[other]) / len(mine | shingled[other]) for other in kept]
        if stars.centre[row] != row:
            assert stars.centre[row] in kept
            assert stars.similarity[row] == max(alike) >= 0.8
        else:
            missed += bool(alike) and max(alike) >= 0.8
            kept.append(row)
    assert np.count_nonzero(stars.likeness == 0) > 100
    assert missed <= 1


@pytest.mark.parametrize(
    "text",
    [
        "请用简单的语言解释一下什么是机器学习以及它的用处",
        "この文章をやさしい日本語で要約してください。要点は三つまでにしてください",
        "ช่วยอธิบายความหมายของปัญญาประดิษฐ์ให้เข้าใจง่ายหน่อยครับ",
        "请把下面这句话翻译成英文：machine learning is a branch of computer science，谢谢",
    ],
    ids=["Chinese", "Japanese", "Thai", "mixed"],
)
def test_a_copy_with_another_end_is_found_in_scripts_without_spaces(text: str) -> None:
    # Of the shortest, 19 of 24 and 23 shingles are shared: those that do not reach the last character.
    assert near_duplicates([text, text[:-1], text[::-1]], 19 / 28).centre.tolist() == [0, 0, 2]


def test_of_two_centres_the_closer_one_counts_and_among_equals_the_better_one() -> None:
    words = [f"w{number}" for number in range(40)]
    far, near, row = (" ".join(w) for w in ([*words, "x"], ["x", *words], words))  # 38 / 43 and 40 / 41 like the last
    assert near_duplicates([far, near, row], 0.87, [0, 1, 2]).centre.tolist() == [0, 1, 1]  # 38 / 44 like each other
    other = " ".join(["y", *words])  # one more shingle than the row, as `near`
    assert near_duplicates([near, other, row], 0.96, [1, 0, 2]).centre.tolist() == [0, 1, 1]


def test_texts_without_a_word_resemble_nothing() -> None:
    assert near_duplicates(["...", "!!!", "?"], 0.8).centre.tolist() == [0, 1, 2]
