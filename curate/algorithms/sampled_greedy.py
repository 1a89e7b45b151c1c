"""Facility location on pools whose pairs are too many to compare, in a time that grows in line with the choice.

F is a mean over the points that ask to be covered, so a sample of them estimates it for every choice at once (Wei,
Iyer, Bilmes 2014); and a pick matters for its neighbours, so a sparse graph of them serves where the sample is large
(Lindgren, Wu, Dimakis, arXiv 1703.02690). The greedy choice is made on the sample; then all points of the pool say
which pick is nearest, and each pick gives way to the best of the points that it stands for (`medoids`).
"""

from __future__ import annotations

import math

import numpy as np

from curate.algorithms.blocks import Vectors
from curate.algorithms.facility_location import facility_location
from curate.algorithms.medoids import medoids
from curate.algorithms.similarity_graph import CompleteGraph, NeighbourGraph, SimilarityGraph

PAIRWISE = 4096  # points of which all pairs are compared
PER_PICK = 32  # points that a sample has for each pick, at least
NEIGHBOURS = 3  # of a point, times the points for each pick


def sampled_greedy(
    vectors: Vectors,
    count: int,
    quality: np.ndarray | None = None,
    weight: float = 0.0,
    groups: np.ndarray | None = None,
    quotas: np.ndarray | None = None,
) -> np.ndarray:
    """`count` of n rows, in the order of their choice, int64 (count,).

    `quality` is float64 (n,) in [0, 1], and `weight` its part in F; `groups`, int64 (n,), are the points' groups, and
    `quotas`, int64 (g,), the number of each that is chosen: together `count`, and never more than there are. Up to
    `PAIRWISE` points the choice is the exact greedy one.
    """
    total = len(vectors)
    bonus = np.zeros(total) if quality is None else quality * (weight / count)
    cover_weight = 1.0 if quality is None else 1 - weight
    group = np.zeros(total, dtype=np.int64) if groups is None else groups
    quota = np.array([count]) if quotas is None else quotas
    size = max(PAIRWISE, PER_PICK * count)
    if total <= size:
        rows = np.arange(total)
        candidates = points = vectors[:]
    else:
        clients = np.sort(np.random.default_rng(0).choice(total, size, replace=False))
        rows = _with_enough(clients, group, quota)
        candidates, points = vectors[rows], vectors[clients]
    graph: SimilarityGraph
    if len(points) <= PAIRWISE:
        graph = CompleteGraph(candidates, points)
    else:
        graph = NeighbourGraph(candidates, points, math.ceil(NEIGHBOURS * len(rows) / count))
    chosen = rows[facility_location(graph, count, bonus[rows], cover_weight / len(points), group[rows], quota)[0]]
    return chosen if total <= size else medoids(vectors, chosen, bonus * (total / cover_weight), groups)


def _with_enough(rows: np.ndarray, groups: np.ndarray, quotas: np.ndarray) -> np.ndarray:
    """`rows`, and as many more of a group as its quota asks for, ascending."""
    random = np.random.default_rng(1)
    more = [rows]
    for group in np.flatnonzero(PER_PICK * quotas > np.bincount(groups[rows], minlength=len(quotas))):
        members = np.setdiff1d(np.flatnonzero(groups == group), rows)
        lacking = PER_PICK * quotas[group] - np.count_nonzero(groups[rows] == group)
        more.append(random.choice(members, min(lacking, len(members)), replace=False))
    return np.sort(np.concatenate(more))
