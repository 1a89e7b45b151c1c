"""Runs of n tokens, hashed: n words, or more characters where a script has no spaces between words.

The length of a run depends on where it begins: so many tokens from a character of a script without spaces on, so many
from any other token on. Text in several scripts has both kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from curate.algorithms.splitmix64 import mix
from curate.algorithms.tokens import CHARACTER, Tokens


@dataclass(frozen=True)
class Ngrams:
    """The n-grams of n texts, one text after another, in reading order, repeats included.

    `hashes` uint64 (g,); `starts` int64 (g,), the number of the first token of each, and `sizes` int64 (g,), its
    tokens; those of text i are `offsets[i]:offsets[i + 1]`, int64 (n + 1,).
    """

    hashes: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray
    offsets: np.ndarray


def ngrams(tokens: Tokens, words: int, characters: int, to_the_end: bool = False) -> Ngrams:
    """The n-grams of each text: `words` tokens, or `characters` from a character of a script without spaces on.

    With `to_the_end` one begins at every token, and those that would reach beyond the text end with it: shorter ones,
    which are like no others.
    """
    ends = np.repeat(tokens.offsets[1:], np.diff(tokens.offsets))
    size = np.where(tokens.kinds == CHARACTER, characters, words)
    left = ends - np.arange(len(size))
    starts = np.arange(len(size)) if to_the_end else np.flatnonzero(size <= left)
    sizes = np.minimum(size, left)[starts]
    return Ngrams(
        hashes=hash_runs(tokens.hashes, starts, sizes),
        starts=starts,
        sizes=sizes,
        offsets=np.searchsorted(starts, tokens.offsets).astype(np.int64),
    )


def hash_runs(hashes: np.ndarray, starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """One hash of each run of tokens, uint64 (g,): a weighted sum modulo 2**64, mixed with its length."""
    sums = sizes.astype(np.uint64)
    least, most = (int(sizes.min()), int(sizes.max())) if len(sizes) else (0, 0)
    for step in range(least):
        sums += hashes[starts + step] * _weight(step)
    for step in range(least, most):
        longer = np.flatnonzero(sizes > step)
        sums[longer] += hashes[starts[longer] + step] * _weight(step)
    return mix(sums)


@cache
def _weight(step: int) -> np.uint64:
    return np.uint64(int(mix(np.array([step + 1], dtype=np.uint64))[0]) | 1)
