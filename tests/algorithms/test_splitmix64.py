"""SplitMix64: the numbers of the published generator."""

from __future__ import annotations

import numpy as np

from curate.algorithms.splitmix64 import GAMMA, mix


def test_the_numbers_of_a_seed_are_those_of_the_reference() -> None:
    seed, steps = np.uint64(1234567), np.arange(1, 6, dtype=np.uint64)
    assert mix(seed + steps * GAMMA).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_different_numbers_stay_different_and_the_argument_stays_as_it_is() -> None:
    values = np.arange(100_000, dtype=np.uint64)
    assert len(np.unique(mix(values))) == 100_000
    assert values[1] == 1
