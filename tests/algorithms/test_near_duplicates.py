"""Near-duplicates, against comparing every pair."""

from __future__ import annotations

import random

import numpy as np

from curate.algorithms.near_duplicates import near_duplicates


def shingle_set(text: str) -> set[tuple[str, ...]]:
    """Three-word shingles, written down once more in the plainest way."""
    words = text.split()
    return {tuple(words[i : i + 3]) for i in range(len(words) - 2)}


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
    centre, closeness = near_duplicates(texts, np.arange(len(texts)), 0.8)

    kept: list[int] = []
    expected = 0
    for row, mine in enumerate(shingled):
        alike = [len(mine & shingled[other]) / len(mine | shingled[other]) for other in kept]
        if alike and max(alike) >= 0.8:
            expected += 1
            assert centre[row] in kept
            assert closeness[row] == max(alike)
        else:
            kept.append(row)
    assert 100 < expected == np.count_nonzero(centre != np.arange(len(texts)))


def test_texts_without_a_word_resemble_nothing() -> None:
    assert near_duplicates(["...", "!!!", "?"], np.arange(3), 0.8)[0].tolist() == [0, 1, 2]


def test_the_better_text_stays() -> None:
    texts = ["a b c d e f g h i j k", "a b c d e f g h i j k l"]  # 9 shingles of 10
    assert near_duplicates(texts, np.array([1, 0]), 0.8)[0].tolist() == [1, 1]
    assert near_duplicates(texts, np.array([0, 1]), 0.9)[0].tolist() == [0, 0]
    assert near_duplicates(texts, np.array([0, 1]), 0.91)[0].tolist() == [0, 1]
