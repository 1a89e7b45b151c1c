"""MinHash signatures and their bands: which texts may be near-duplicates, without comparing all pairs.

Two sets agree in one component of their MinHash signatures with a probability that equals their Jaccard index (Broder
1997). Locality-sensitive hashing (Indyk and Motwani 1998) cuts a signature into bands of r components: two texts become
a candidate pair when a whole band agrees, which happens with probability 1 - (1 - J**r)**b. Candidates are only that:
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
    """How many bands of how many components find pairs of Jaccard `threshold`, and closer, but for a share of `MISS`.

    The longer a band, the fewer candidates there are that turn out to differ, so the longest are taken for which a
    signature of `LONGEST` components suffices. For 0.8: 18 bands of 6.
    """
    fitting = (rows for rows in range(LONGEST, 1, -1) if rows * _bands(threshold, rows) <= LONGEST)
    rows = next(fitting, 1)
    return _bands(threshold, rows), rows


def least_agreement(threshold: float) -> float:
    """The share of components in which signatures of two texts of Jaccard `threshold` agree, but for 3 in 100,000."""
    return threshold - 4 * math.sqrt(threshold * (1 - threshold) / LONGEST)


def signatures(shingles: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The signature of each set of shingles, uint16 of shape (n, 128), whose bands serve any threshold.

    `shingles` are hashes, uint64 (s,), those of text i are `shingles[offsets[i]:offsets[i + 1]]`; repeats do no harm.
    Sixteen bits of each component are kept (Li and König, arXiv 0910.3349): one that differs agrees once in 65,536.
    """
    matrix = RMinHash.digest_matrix_from_flat_token_hashes(
        np.ascontiguousarray(shingles, dtype=np.uint64), offsets.astype(np.uint64), LONGEST, _SEED
    )
    return np.array(matrix.to_rows(), dtype=np.uint32).astype(np.uint16)


def candidates(signatures: np.ndarray, rows: np.ndarray, bands: int, components: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of `rows` share a whole band: their numbers, int32 (c,), ascending, and a bucket for each, int32 (c,).

    A row stands there once for every band that it shares with another one. Buckets are numbered over all bands: two
    rows are a candidate pair when they stand with the same number. Holds one band of all rows at a time.
    """
    owners, buckets = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
    used = 0
    for band in range(bands):
        keys = _band_keys(signatures[:, band * components : (band + 1) * components])[rows]
        order = np.argsort(keys, kind="stable")
        same = np.diff(keys[order], prepend=keys[order[:1]] + np.uint64(1)) == 0  # as the one before
        shared = same | np.append(same[1:], False)
        owners.append(rows[order[shared]].astype(np.int32))
        buckets.append((np.cumsum(~same[shared]) + used).astype(np.int32))
        used += int(np.count_nonzero(~same[shared])) + 1
    owner, bucket = np.concatenate(owners), np.concatenate(buckets)
    by_owner = np.argsort(owner, kind="stable")
    return owner[by_owner], bucket[by_owner]


def _band_keys(band: np.ndarray) -> np.ndarray:
    """One number for each row, uint64 (n,): equal where a band is equal, else almost surely not."""
    keys = np.zeros(len(band), dtype=np.uint64)
    for component in band.T:
        keys = (keys ^ component) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(32)
    return keys


def _bands(threshold: float, rows: int) -> int:
    agree = threshold**rows
    return 1 if agree == 1 else math.ceil(math.log(MISS) / math.log1p(-agree))
