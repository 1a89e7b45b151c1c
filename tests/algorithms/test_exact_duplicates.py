"""Exact duplicates: the best of several copies stands for the others."""

from __future__ import annotations

import numpy as np

from curate.algorithms.exact_duplicates import first_copies
from curate.algorithms.near_duplicates import sketch


def test_the_best_copy_stands_for_the_others() -> None:
    digests = sketch(["a", "b", " a", "b", "c"], 5).digests
    assert first_copies(digests, np.array([3, 4, 2, 0, 1])).tolist() == [2, 3, 2, 3, 4]


def test_a_digest_names_a_text() -> None:
    same, other = sketch(["One  text\n", "One text", "another"], 3).digests[1:]
    assert sketch(["One  text\n"], 1).digests[0].tolist() == same.tolist() != other.tolist()
