"""Groups of near-duplicates: the connected components of the graph of texts whose Jaccard index reaches a threshold."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from curate.algorithms.exact_duplicates import first_copies
from curate.algorithms.minhash import bands_for, candidates
from curate.algorithms.near_duplicates import Sketches
from curate.algorithms.shingles import jaccard, shingle_sets
from curate.algorithms.tokens import fold


class Groups:
    """A partition of n rows, in which groups grow together (union-find, Tarjan 1975)."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def of(self, row: int) -> int:
        """The row that stands for the group of this one."""
        while (parent := self._parent[row]) != row:
            self._parent[row] = row = self._parent[parent]
        return row

    def join(self, one: int, other: int) -> None:
        """The groups of both rows are one from now on."""
        one, other = sorted((self.of(one), self.of(other)))
        self._parent[other] = one

    def numbers(self) -> np.ndarray:
        """The smallest row of each row's group, int64 (n,)."""
        return np.array([self.of(row) for row in range(len(self._parent))], dtype=np.int64)


def join_near(groups: Groups, sketches: Sketches, threshold: float, texts: Sequence[str]) -> None:
    """Joins the rows whose texts are the same or have a Jaccard index of at least `threshold`, and what hangs by them.

    `sketches` are those of `texts`. Of the pairs that reach the threshold, MinHash misses at most 0.5%.
    """
    first = first_copies(sketches.digests, np.arange(len(sketches.digests)))
    for row, copy in enumerate(first.tolist()):
        groups.join(row, copy)
    rows = np.flatnonzero((first == np.arange(len(first))) & sketches.spoken)
    owners, buckets = candidates(sketches.signatures, rows, *bands_for(threshold))
    proposed = np.unique(owners)
    hashes, ends = shingle_sets([fold(texts[row]) for row in proposed.tolist()])
    sets = dict(zip(proposed.tolist(), (hashes[begin:end] for begin, end in pairwise(ends.tolist())), strict=True))
    order = np.argsort(buckets, kind="stable")
    bounds = np.flatnonzero(np.diff(buckets[order])) + 1
    for members in np.split(owners[order], bounds):
        for one, other in combinations(members.tolist(), 2):
            if groups.of(one) != groups.of(other) and jaccard(sets[one], [sets[other]])[0] >= threshold:
                groups.join(one, other)
