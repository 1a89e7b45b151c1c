"""MinHash signatures and their bands: which texts may be near-duplicates, without comparing all pairs.

Two sets agree in one place of their MinHash signatures with a probability that equals their Jaccard index (Broder
1997). Locality-sensitive hashing (Indyk and Motwani 1998) cuts a signature into bands of r places: two texts become a
candidate pair when a whole band agrees, which happens with probability 1 - (1 - J**r)**b. Candidates are only that:
whoever uses them compares the sets themselves.

Signatures are Fast Similarity Sketches (Dahlgaard, Knudsen, Thorup, arXiv 1704.04370), as `rensa` computes them.
"""

from __future__ import annotations

import math

import numpy as np
from rensa import RMinHash

MISS = 0.005
LONGEST = 128
_SEED = 0x5EED


def bands_for(threshold: float) -> tuple[int, int]:
    """How many bands of how many places find pairs of Jaccard `threshold`, and closer ones, but for a share of `MISS`.

    The more places a band has, the fewer candidates there are that turn out to differ, so the longest bands are taken
    for which a signature of `LONGEST` places suffices. For 0.8: 18 bands of 6.
    """
    fitting = (rows for rows in range(LONGEST, 1, -1) if rows * _bands(threshold, rows) <= LONGEST)
    rows = next(fitting, 1)
    return _bands(threshold, rows), rows


def signatures(shingles: np.ndarray, offsets: np.ndarray, bands: int, rows: int) -> np.ndarray:
    """The signature of each set of shingles, uint32 of shape (n, bands, rows).

    `shingles` are hashes, uint64 (s,), those of text i are `shingles[offsets[i]:offsets[i + 1]]`; repeats do no harm.
    """
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        np.ascontiguousarray(shingles, dtype=np.uint64), offsets.astype(np.uint64), bands * rows, _SEED
    )
    return np.array(matrix.to_rows(), dtype=np.uint32).reshape(-1, bands, rows)


def band_keys(signatures: np.ndarray) -> np.ndarray:
    """One number for each band, uint64 of shape (n, bands): equal when the bands are equal, else almost surely not."""
    keys = np.zeros(signatures.shape[:2], dtype=np.uint64)
    for row in range(signatures.shape[2]):
        keys = (keys ^ signatures[:, :, row]) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(32)
    return keys


def buckets(keys: np.ndarray) -> np.ndarray:
    """The bucket of each text in each band, int64 of shape (n, bands); -1 where a text has its bucket to itself.

    Buckets are numbered over all bands: two texts are a candidate pair when they share a number.
    """
    found = np.full(keys.shape, -1, dtype=np.int64)
    used = 0
    for band in range(keys.shape[1]):
        _, bucket, sizes = np.unique(keys[:, band], return_inverse=True, return_counts=True)
        shared = sizes[bucket] > 1
        found[shared, band] = bucket[shared] + used
        used += len(sizes)
    return found


def _bands(threshold: float, rows: int) -> int:
    agree = threshold**rows
    return 1 if agree == 1 else math.ceil(math.log(MISS) / math.log1p(-agree))
