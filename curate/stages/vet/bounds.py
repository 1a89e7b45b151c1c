"""The bounds beyond which an answer is bad, set for a pool by answers that were made bad on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from curate.algorithms.separation import Separation, separate
from curate.stages.vet.signs import SIGNS

OTHER_QUESTION = "answers another question"
CUT_OFF = "cut off"
GIBBERISH = "gibberish"

REASONS: Mapping[str, tuple[str, ...]] = {
    OTHER_QUESTION: ("ifd", "relevance"),
    CUT_OFF: ("end_logprob",),
    GIBBERISH: ("logprob", "ifd"),
}
"""What an answer is dropped for, in this order, and the signs that all have to be beyond their bounds."""

NEGATIVES = {OTHER_QUESTION: "swapped", CUT_OFF: "cut", GIBBERISH: "shuffled"}
LEAST_AREA = 0.9  # under the curve, below which the signs cannot tell this pool's good answers from bad ones
LEAST_PAIRS = 30  # of the pool, and of bad answers, from which bounds can be set


@dataclass(frozen=True)
class Division:
    """The bounds for one reason, none where its signs cannot tell, and how well they divide good from bad."""

    bounds: dict[str, float]
    separation: Separation | None


def divide(
    reason: str, pool: Mapping[str, np.ndarray], negatives: Mapping[str, np.ndarray], most_lost: float
) -> Division:
    """The bounds for `reason`, from the signs of a sample of the pool and of answers that are bad in this way.

    With several signs, their bounds lie equally far from the pool's medians, in median absolute deviations.
    """
    names = [name for name in REASONS[reason] if not np.isnan(pool[name]).all()]
    centres = {name: _centre(pool[name]) for name in names}
    worst, bad = (_joint(signs, centres) for signs in (pool, negatives))
    if not names or min(len(worst), len(bad)) < LEAST_PAIRS:
        return Division({}, None)
    separation = separate(bad, worst, most_lost)
    if separation.area < LEAST_AREA:
        return Division({}, separation)
    bounds = {
        name: median + SIGNS[name] * separation.threshold * deviation for name, (median, deviation) in centres.items()
    }
    return Division(bounds, separation)


def _centre(values: np.ndarray) -> tuple[float, float]:
    """The median, and the median absolute deviation from it."""
    median = float(np.nanmedian(values))
    return median, max(float(np.nanmedian(np.abs(values - median))), 1e-6)


def _joint(signs: Mapping[str, np.ndarray], centres: Mapping[str, tuple[float, float]]) -> np.ndarray:
    """For each answer, how far the sign that speaks least against it lies from the median, towards the bad."""
    if not centres:
        return np.zeros(0)
    distances = [SIGNS[name] * (signs[name] - median) / deviation for name, (median, deviation) in centres.items()]
    joint: np.ndarray = np.minimum.reduce(distances)
    return joint[~np.isnan(joint)]
