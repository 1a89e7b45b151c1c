"""How much of a text repeats itself: in cycles of characters, in lines, and in n-grams.

Lines and n-grams are measures of Gopher (arXiv 2112.11446, table A1): shares of the text's characters that could be
left out because they stood there before, so a text that says the same k times over has (k - 1) / k, whatever its
length. Gopher's third measure, the share of the commonest n-gram, is for web pages: in short answers it takes worked
sums, tables and names for repetition.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curate.algorithms.ngrams import hash_runs
from curate.algorithms.splitmix64 import mix
from curate.algorithms.tokens import CHARACTER, SYMBOL, WORD, classify, code_points, normalise, tokenize

WORDS = 8
CHARACTERS = 16
CYCLE = 16  # characters; what comes round in more of them, the n-grams find
_TIMES = 4
_SPOKEN, _DRAWN = 64, 200  # characters that a cycle must go on for: with a letter or a digit in it, and without
_BREAK = "".join(map(chr, range(0xFDD0, 0xFDD0 + CYCLE + 1)))  # noncharacters, all different: no cycle crosses it
_BATCH = 500  # texts at a time: the arrays of their tokens stay small


def repeated_characters(texts: Sequence[str]) -> np.ndarray:
    """For each text the share of its characters, spaces not counted, in cycles that do not end, float64 (n,).

    A cycle is up to 16 characters that come at least four times in a row, such as "aaaa" and "ha ha ha ha", and for at
    least 64 characters. One of punctuation and symbols alone has to go on for 200, as no ruler or row of a table does.
    """
    shares = np.zeros(len(texts))
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        for row in _suspects(batch):
            shares[start + row] = _cycling(batch[row])
    return shares


def _suspects(texts: Sequence[str]) -> np.ndarray:
    """The texts that may have a cycle: somewhere 8 characters in a row equal those one period later."""
    codes = code_points("".join(text + _BREAK for text in texts) + _BREAK).astype(np.uint8)
    starts = np.cumsum([0, *(len(text) + len(_BREAK) for text in texts)])
    positions = [np.zeros(0, dtype=np.int64)]
    for period in range(1, CYCLE + 1):
        same = codes[period:] == codes[:-period]
        eights = same[: len(same) // 8 * 8].view(np.uint64) == 0x0101010101010101
        positions.append(8 * np.flatnonzero(eights))
    return np.unique(np.searchsorted(starts, np.concatenate(positions), side="right") - 1)


def _cycling(text: str) -> float:
    codes = code_points(text)
    spoken = np.concatenate(([0], np.cumsum(np.isin(classify(codes), (WORD, CHARACTER)))))
    inside = np.zeros(len(codes), dtype=bool)
    for period in range(1, min(CYCLE, len(codes) - 1) + 1):
        same = np.concatenate(([False], codes[period:] == codes[:-period], [False]))
        edges = np.flatnonzero(same[1:] != same[:-1])
        starts, ends = edges[::2], edges[1::2] + period
        least = np.where(spoken[ends] > spoken[starts], _SPOKEN, _DRAWN)
        for run in np.flatnonzero(ends - starts >= np.maximum(least, _TIMES * period)):
            inside[starts[run] : ends[run]] = True
    solid = codes > ord(" ")
    return float((inside & solid).sum() / max(solid.sum(), 1))


def duplicate_lines(texts: Sequence[str]) -> np.ndarray:
    """For each text the share of its characters in lines that an earlier line equals, float64 (n,)."""
    shares = np.zeros(len(texts))
    for row, text in enumerate(texts):
        seen: set[str] = set()
        total = repeated = 0
        for line in filter(None, map(normalise, text.splitlines())):
            total += len(line)
            repeated += len(line) if line in seen else 0
            seen.add(line)
        shares[row] = repeated / max(total, 1)
    return shares


def repeated_ngrams(texts: Sequence[str]) -> np.ndarray:
    """For each text the share of its characters in n-grams that occurred before, float64 (n,).

    n is 8 words, or 16 characters where most tokens are characters of a script without spaces. Spaces, punctuation and
    symbols do not count, nor do n-grams of fewer than 16 characters in all, so the rules of a table, a regular
    expression or a row of figures are no repetition, nor is a text that is not longer than n.
    """
    batches = [_repeated(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
    return np.concatenate([np.zeros(0), *batches])


def _repeated(texts: Sequence[str]) -> np.ndarray:
    tokens = tokenize([normalise(text) for text in texts])
    spoken = tokens.kinds != SYMBOL
    owner, hashes, lengths = tokens.owners[spoken], tokens.hashes[spoken], tokens.lengths[spoken]
    counts = np.bincount(owner, minlength=len(texts))
    single = np.bincount(owner[tokens.kinds[spoken] == CHARACTER], minlength=len(texts))
    size = np.where(2 * single > counts, CHARACTERS, WORDS)[owner]

    total = len(hashes)
    starts = np.flatnonzero(np.arange(total) + size <= np.cumsum(counts)[owner])
    reach = np.concatenate(([0], np.cumsum(lengths)))
    starts = starts[reach[starts + size[starts]] - reach[starts] >= CHARACTERS]
    grams = hash_runs(hashes, starts, size[starts]) ^ mix(owner[starts].astype(np.uint64))  # of its own text only
    again = np.ones(len(starts), dtype=bool)
    again[np.unique(grams, return_index=True)[1]] = False
    opened = np.bincount(starts[again], minlength=total + 1)
    closed = np.bincount((starts + size[starts])[again], minlength=total + 1)
    covered = np.cumsum(opened - closed)[:total] > 0
    shared = np.bincount(owner[covered], weights=lengths[covered], minlength=len(texts))
    return shared / np.maximum(np.bincount(owner, weights=lengths, minlength=len(texts)), 1)
