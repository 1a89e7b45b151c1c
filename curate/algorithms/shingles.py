"""Shingles: the sets of overlapping token runs by which two texts are compared (Broder 1997).

A shingle is three words; where it begins with a character of a script without spaces it is five characters, which is
about as much text. Mixed text has both kinds. A text shorter than a shingle is one shingle, a text without any token
has none. The similarity of two texts is the Jaccard index of their sets: shared shingles over all shingles.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curate.algorithms.tokens import CHARACTER, mix, tokenize

WORDS = 3
CHARACTERS = 5


def shingles(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The shingles of each text: hashes, uint64 (s,), and offsets, int64 (n + 1,).

    Those of text i are `hashes[offsets[i]:offsets[i + 1]]`, in reading order, repeats included. Texts are taken as they
    are: `tokens.normalise` them first to ignore case, character forms and spacing.
    """
    tokens = tokenize(texts)
    total = len(tokens.hashes)
    counts = np.diff(tokens.offsets)
    ends = np.repeat(tokens.offsets[1:], counts)
    position = np.arange(total)
    size = np.where(tokens.kinds == CHARACTER, CHARACTERS, WORDS)
    whole = position + size <= ends
    owner = np.repeat(np.arange(len(texts)), counts)
    lacking = np.bincount(owner[whole], minlength=len(texts)) == 0
    whole[tokens.offsets[:-1][lacking & (counts > 0)]] = True  # a short text is one shingle

    padded = np.concatenate((tokens.hashes, np.zeros(CHARACTERS, dtype=np.uint64)))
    last = np.minimum(position + size, ends)
    hashes = np.zeros(total, dtype=np.uint64)
    for step in range(CHARACTERS):
        token = np.where(position + step < last, padded[step : step + total], np.uint64(0))
        hashes = mix(hashes + token)
    found = np.bincount(owner[whole], minlength=len(texts))
    return hashes[whole], np.concatenate(([0], np.cumsum(found))).astype(np.int64)


def jaccard(one: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """|A and B| / |A or B| of one set and each of k others, float64 (k,), in [0, 1]; 0 where both are empty.

    A set is a sorted array of distinct hashes, uint64.
    """
    sizes = np.array([len(other) for other in others], dtype=np.int64)
    if not len(one) or not sizes.any():
        return np.zeros(len(others))
    pool = np.concatenate(others)
    places = np.minimum(np.searchsorted(one, pool), len(one) - 1)
    hits = np.concatenate(([0], np.cumsum(one[places] == pool)))
    ends = np.cumsum(sizes)
    shared = hits[ends] - hits[ends - sizes]
    return shared / (len(one) + sizes - shared)
