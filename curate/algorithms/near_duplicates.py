"""Near-duplicates by their words: MinHash proposes, the true Jaccard index decides.

No pair is called a duplicate that is not one. Of the pairs that are, MinHash misses at most a share of `minhash.MISS`,
less the closer they are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curate.algorithms.minhash import band_keys, bands_for, buckets, signatures
from curate.algorithms.shingles import jaccard, shingles
from curate.algorithms.star_clusters import star_clusters

_BATCH = 1000  # texts at a time: the arrays of their characters stay in the processor's cache


def near_duplicates(texts: Sequence[str], order: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """For each text the text that stands for it, int64 (n,), and their Jaccard index, float64 (n,).

    A text that stays stands for itself. `order` are the row numbers, the best first: the better text stays, and a
    text is only given to one that stays. Texts are compared as they are, so normalise them first; one without any
    token resembles nothing.
    """
    bands, rows = bands_for(threshold)
    keys = np.zeros((len(texts), bands), dtype=np.uint64)
    empty = np.zeros(len(texts), dtype=bool)
    for start in range(0, len(texts), _BATCH):
        hashes, offsets = shingles(texts[start : start + _BATCH])
        keys[start : start + _BATCH] = band_keys(signatures(hashes, offsets, bands, rows))
        empty[start : start + _BATCH] = np.diff(offsets) == 0
    groups = buckets(keys)
    groups[empty] = -1
    sets = _sets(texts, np.flatnonzero((groups >= 0).any(axis=1)))
    return star_clusters(order, groups, lambda row, others: jaccard(sets[row], [sets[o] for o in others]), threshold)


def _sets(texts: Sequence[str], rows: np.ndarray) -> dict[int, np.ndarray]:
    """The shingle sets of these rows alone, as `jaccard` wants them."""
    sets = {}
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH].tolist()
        hashes, offsets = shingles([texts[row] for row in batch])
        for number, row in enumerate(batch):
            sets[row] = np.unique(hashes[offsets[number] : offsets[number + 1]])
    return sets
