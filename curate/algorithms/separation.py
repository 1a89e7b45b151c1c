"""Where to divide a pool's bulk from what is known to be bad, when some of the pool is bad too.

Larger values are worse throughout. The pool's own share of bad values is estimated from the two samples: beyond a high
threshold, where no good value lies, it is the ratio of what the pool has there to what the bad have there (Blanchard,
Lee and Scott, "Semi-supervised novelty detection", JMLR 11, 2010).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from curate.algorithms.ranks import unit_ranks

PRICE = 10  # of a good value that is lost, in bad ones that are found, as shares
TAIL = (0.25, 0.5)  # of the bad, that lies beyond the thresholds from which their share of the pool is estimated


@dataclass(frozen=True)
class Separation:
    """A threshold: what exceeds it is bad. `area` is that under the ROC curve, of the bad against the pool's bulk.

    `found` is the share of the bad beyond it, `lost` that of the pool's bulk, `dropped` that of the pool.
    """

    threshold: float
    area: float
    found: float
    lost: float
    dropped: float


def area(bad: np.ndarray, pool: np.ndarray) -> float:
    """The probability that a bad value exceeds one of the pool, ties counting half (the area under the ROC curve)."""
    ranks = unit_ranks(np.concatenate([bad, pool])) * (len(bad) + len(pool) - 1)
    return float((ranks[: len(bad)].sum() - len(bad) * (len(bad) - 1) / 2) / (len(bad) * len(pool)))


def separate(bad: np.ndarray, pool: np.ndarray, most_lost: float) -> Separation:
    """The threshold that finds most of `bad`, less ten times what it loses of the bulk of `pool`.

    It loses at most `most_lost`, as far as a sample can tell: to two standard errors. Both are float arrays, (n,) and
    (m,), not empty, without NaN. Of equally good thresholds it is the highest.
    """
    values = np.unique(np.concatenate([bad, pool]))
    thresholds = np.append((values[1:] + values[:-1]) / 2, values[-1])
    found = _beyond(bad, thresholds)
    dropped = _beyond(pool, thresholds)
    in_tail = (found >= TAIL[0]) & (found <= TAIL[1])
    share = min(float(np.median(dropped[in_tail] / found[in_tail])), 0.5) if in_tail.any() else 0.0
    lost = np.clip((dropped - share * found) / (1 - share), 0, 1)
    error = 2 * np.sqrt(dropped * (1 - dropped) / len(pool))
    gain = np.where(lost - error <= most_lost, found - PRICE * lost, -np.inf)
    best = len(gain) - 1 - int(np.argmax(gain[::-1]))
    told = min((area(bad, pool) - share / 2) / (1 - share), 1.0)
    return Separation(float(thresholds[best]), told, float(found[best]), float(lost[best]), float(dropped[best]))


def _beyond(values: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """The share of `values` beyond each threshold."""
    return 1 - np.searchsorted(np.sort(values), thresholds, side="right") / len(values)
