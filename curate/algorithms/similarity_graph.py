"""Which points a candidate covers, and how well: between all pairs, or where they are too many, between neighbours.

A graph is a sparse array (c, m): the cosine of each of c candidates to each of m points, float32, where that is above 0
and the graph has the pair.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.sparse import csr_array

from curate.algorithms.inverted_file import inverted_file

_CELLS = 2  # times the root of the number of candidates
_PROBES = 4  # cells that are looked through, at least
_MET = 4  # candidates in those cells for each neighbour, at least


def complete_graph(candidates: np.ndarray, points: np.ndarray) -> csr_array:
    """All pairs of unit vectors, float32 (c, d) and (m, d). Takes 12 c m bytes while it is made."""
    table = candidates @ points.T
    return csr_array(np.clip(table, 0, 1, out=table))


def neighbour_graph(candidates: np.ndarray, points: np.ndarray, neighbours: int) -> csr_array:
    """Each point with `neighbours` of the candidates that are near to it.

    A search through a few cells of an inverted file finds them: it misses some, and hardly any that matters.
    """
    cells = int(_CELLS * math.sqrt(len(candidates)))
    probes = max(_PROBES, math.ceil(_MET * neighbours * cells / len(candidates)))
    index = inverted_file(candidates, np.arange(len(candidates)), cells, probes)
    index.add(candidates)
    cosines, found = index.search(points, neighbours)
    there = (found >= 0) & (cosines > 0)
    ends = np.concatenate(([0], np.cumsum(there.sum(axis=1))))
    shape = (len(points), len(candidates))
    return csr_array((np.minimum(cosines[there], 1), found[there].astype(np.int32), ends), shape=shape).T.tocsr()
