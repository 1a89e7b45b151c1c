"""Near-duplicates by their words: MinHash proposes, the true Jaccard index decides.

No pair is called a duplicate that is not one. Of the pairs that are, MinHash misses at most a share of `minhash.MISS`,
less the closer they are.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from curate.algorithms.minhash import LONGEST, bands_for, candidates, least_agreement, signatures
from curate.algorithms.shingles import jaccard, shingle_sets, shingles
from curate.algorithms.tokens import batches, fold, normalise

VERSION = 2  # of what `sketch` computes


class Sketches(NamedTuple):
    """What is kept of n texts: 16 bytes that name the text, its MinHash signature, and whether it has any token.

    `digests` uint8 (n, 16), `signatures` uint16 (n, 128), `spoken` bool (n,).
    """

    digests: np.ndarray
    signatures: np.ndarray
    spoken: np.ndarray


def sketch(texts: Iterable[str], count: int) -> Sketches:
    """The sketches of `count` texts; they serve any threshold. Takes 273 bytes a text.

    Shingles are those of normalised texts; a text's name is of its composed form (NFC) with single white space.
    """
    sketches = Sketches(
        np.empty((count, 16), dtype=np.uint8), np.empty((count, LONGEST), dtype=np.uint16), np.empty(count, dtype=bool)
    )
    done = 0
    for batch in batches(texts):
        rows = slice(done, done + len(batch))
        done = rows.stop
        hashes, offsets = shingles([normalise(text) for text in batch])
        names = b"".join(map(_name, batch))
        sketches.digests[rows] = np.frombuffer(names, dtype=np.uint8).reshape(-1, 16)
        sketches.signatures[rows] = signatures(hashes, offsets)
        sketches.spoken[rows] = np.diff(offsets) > 0
    return sketches


def _name(text: str) -> bytes:
    """16 bytes that two texts have in common where they are equal in composed form (NFC), with single white space."""
    same = " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())
    return hashlib.blake2b(same.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class NearDuplicates:
    """The likeness of rows whose texts' shingles have a Jaccard index of at least `threshold`.

    `first`, int64 (n,), is the row whose text stands for each row's: `first_copies`. `texts_of` gives the texts of
    some rows, which are read again where MinHash proposes them. Takes 8 bytes for each of their shingles.
    """

    def __init__(
        self, sketches: Sketches, first: np.ndarray, threshold: float, texts_of: Callable[[np.ndarray], Iterable[str]]
    ) -> None:
        rows = np.flatnonzero((first == np.arange(len(first))) & sketches.spoken)
        owners, self._buckets = candidates(sketches.signatures, rows, *bands_for(threshold))
        proposed, bounds = np.unique(owners, return_index=True)
        self._first, self._threshold = first, threshold
        self._signatures, self._agreement = sketches.signatures, least_agreement(threshold)
        self._text = np.full(len(first), -1, dtype=np.int32)  # the number of a row's text among the proposed ones
        self._text[proposed] = np.arange(len(proposed))
        self._bounds = np.append(bounds, len(owners))
        self._hashes, self._ends = _sets(texts_of(proposed))
        self._centres: list[tuple[int, int]] = []  # row and text, the best first
        # The centres in each bucket are a linked list: of one centre, the next one's entry is at the entry of its own.
        self._number = np.full(len(owners), -1, dtype=np.int32)
        self._next = np.full(len(owners), -1, dtype=np.int32)
        self._head = np.full(int(self._buckets.max(initial=0)) + 1, -1, dtype=np.int32)

    def prepare(self, rows: np.ndarray) -> None:
        """Nothing to do."""

    def closest(self, row: int) -> tuple[int, float]:
        """The closest centre, among equally close ones the best."""
        text = int(self._text[self._first[row]])
        numbers = self._met(text) if text >= 0 else []
        if not numbers:
            return -1, 0.0
        rows = np.array([self._centres[number][0] for number in numbers])
        agreement = (self._signatures[rows] == self._signatures[row]).mean(axis=1)
        near = [self._centres[numbers[n]] for n in np.flatnonzero(agreement >= self._agreement).tolist()]
        if not near:
            return -1, 0.0
        alike = jaccard(self._set(text), [self._set(other) for _, other in near])
        most = int(alike.argmax())
        return (near[most][0], float(alike[most])) if alike[most] >= self._threshold else (-1, 0.0)

    def add(self, row: int) -> None:
        """`row` is a centre from now on."""
        text = int(self._text[self._first[row]])
        if text >= 0:
            entries = slice(self._bounds[text], self._bounds[text + 1])
            buckets = self._buckets[entries]
            self._number[entries] = len(self._centres)
            self._next[entries] = self._head[buckets]
            self._head[buckets] = np.arange(entries.start, entries.stop)
            self._centres.append((row, text))

    def _met(self, text: int) -> list[int]:
        """The numbers of the centres that share a bucket with this text, ascending."""
        entries = self._head[self._buckets[self._bounds[text] : self._bounds[text + 1]]]
        numbers: set[int] = set()
        while len(entries := entries[entries >= 0]):
            numbers.update(self._number[entries].tolist())
            entries = self._next[entries]
        return sorted(numbers)

    def _set(self, text: int) -> np.ndarray:
        return self._hashes[self._ends[text] : self._ends[text + 1]]


def _sets(texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """The shingle sets of texts, one after another, uint64, and where each begins, int64 (n + 1,)."""
    hashes, sizes = [np.zeros(0, dtype=np.uint64)], [np.zeros(1, dtype=np.int64)]
    for batch in batches(map(fold, texts)):
        sets, offsets = shingle_sets(batch)
        hashes.append(sets)
        sizes.append(np.diff(offsets))
    return np.concatenate(hashes), np.cumsum(np.concatenate(sizes))
