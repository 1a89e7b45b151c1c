"""Shingles: the sets of overlapping token runs by which two texts are compared (Broder 1997).

A shingle is three words; where it begins with a character of a script without spaces it is five characters, which is
about as much text. Mixed text has both kinds. The last ones of a text are shorter, so that its last word is in as many
shingles as any other: in a short request that is often the topic. The similarity of two texts is the Jaccard index of
their sets: shared shingles over all shingles. A text without any token has none.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from curate.algorithms.ngrams import ngrams
from curate.algorithms.tokens import tokenize

WORDS = 3
CHARACTERS = 5


def shingles(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The shingles of each text: hashes, uint64 (s,), and offsets, int64 (n + 1,).

    Those of text i are `hashes[offsets[i]:offsets[i + 1]]`, in reading order, repeats included. Texts are taken as they
    are: `tokens.normalise` them first to ignore case, character forms and spacing.
    """
    grams = ngrams(tokenize(texts), WORDS, CHARACTERS, to_the_end=True)
    return grams.hashes, grams.offsets


def shingle_sets(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The set of shingles of each text, as `shingles` gives them, but sorted and each one once."""
    hashes, offsets = shingles(texts)
    for begin, end in itertools.pairwise(offsets.tolist()):
        hashes[begin:end].sort()
    once = np.ones(len(hashes), dtype=bool)
    once[1:] = hashes[1:] != hashes[:-1]
    once[offsets[:-1][np.diff(offsets) > 0]] = True
    before = np.concatenate(([0], np.cumsum(once)))
    return hashes[once], before[offsets]


def jaccard(one: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """|A and B| / |A or B| of one set and each of k others, float64 (k,), in [0, 1]; 0 where both are empty.

    A set is a sorted array of distinct hashes, uint64.
    """
    sizes = np.array([len(other) for other in others], dtype=np.int64)
    if not len(one) or not sizes.any():
        return np.zeros(len(others))
    pool = np.concatenate(others)
    entries = np.minimum(np.searchsorted(one, pool), len(one) - 1)
    hits = np.concatenate(([0], np.cumsum(one[entries] == pool)))
    ends = np.cumsum(sizes)
    shared = hits[ends] - hits[ends - sizes]
    return shared / (len(one) + sizes - shared)
