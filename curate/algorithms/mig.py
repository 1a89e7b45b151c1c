"""MIG: the choice that holds the most information in a graph of labels (arXiv 2504.13835).

    E(S) = sum_l phi( sum_{x in S} q_x (v_x A)_l ),   phi(z) = z ** 0.8

A point x carries labels v_x with its quality q_x; A passes a part of that on to related labels, and phi, being concave,
makes the next of the same less worth than the first of something new. A = W / (column sums of W), where W_lm is the
cosine of two labels from 0.9 upwards, else 0. E is monotone and submodular, so the lazy greedy choice of true gains
reaches at least 1 - 1/e of the best; the paper's code takes the gradient in place of the gain.

The paper's labels are tags that a model wrote for each instruction. Here they come from the embeddings, so that every
pool has them: the centres of spherical k-means, of which a point carries the four nearest by their cosines.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import faiss
import numpy as np

from curate.algorithms.blocks import Vectors, blocks

EXPONENT = 0.8
RELATED = 0.9
LABELS = 1000
CARRIED = 4
_TRAINED_ON = 64  # points for each label
_NEAR = 4096  # points whose gains are kept up to date


@dataclass(frozen=True)
class Labels:
    """The labels of n points: `carried` int64 (n, r), their `strength` float32 (n, r), and A, float32 (l, l)."""

    carried: np.ndarray
    strength: np.ndarray
    passed_on: np.ndarray

    def of(self, rows: np.ndarray) -> np.ndarray:
        """v A of these points, float32 (len(rows), l)."""
        spread = self.passed_on[self.carried[rows]]
        passed: np.ndarray = np.einsum("nr,nrl->nl", self.strength[rows], spread)
        return passed


def find_labels(vectors: Vectors) -> Labels:
    """Labels from the vectors alone: one for every eight points, `LABELS` at most."""
    number = min(LABELS, max(len(vectors) // 8, 1))
    sample = np.random.default_rng(0).permutation(len(vectors))[: _TRAINED_ON * number]
    points = vectors[np.sort(sample)]
    means = faiss.Kmeans(points.shape[1], number, niter=10, spherical=True, seed=1, min_points_per_centroid=1)
    means.train(points)
    centres = np.asarray(means.centroids)
    carried = np.zeros((len(vectors), min(CARRIED, number)), dtype=np.int64)
    strength = np.zeros(carried.shape, dtype=np.float32)
    for rows, block in blocks(vectors):
        cosines, carried[rows] = faiss.knn(block, centres, carried.shape[1], faiss.METRIC_INNER_PRODUCT)
        strength[rows] = np.maximum(cosines, 0)
    related = centres @ centres.T
    np.fill_diagonal(related, 1)
    weights = np.where(related >= RELATED, related, 0)
    return Labels(carried, strength, weights / weights.sum(axis=0))


def mig(
    labels: Labels,
    count: int,
    quality: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    quotas: np.ndarray | None = None,
) -> np.ndarray:
    """`count` of n points in the order of their choice, int64 (count,).

    `quality` is float64 (n,), not negative; without it all are worth 1. `groups`, int64 (n,), and `quotas`, int64 (g,),
    say how many a group may have.
    """
    total = len(labels.carried)
    worth = np.ones(total) if quality is None else quality
    group = np.zeros(total, dtype=np.int64) if groups is None else groups
    left = np.array([count]) if quotas is None else quotas.copy()
    state = np.zeros(len(labels.passed_on))

    def gains(rows: np.ndarray) -> np.ndarray:
        added = labels.of(rows) * worth[rows, None]
        gained: np.ndarray = ((state + added) ** EXPONENT - state**EXPONENT).sum(axis=1)
        return gained

    bound = np.concatenate([gains(np.arange(total)[start : start + 1024]) for start in range(0, total, 1024)])
    chosen: list[int] = []
    while len(chosen) < count:
        bound[left[group] == 0] = -np.inf
        near, others = _highest(bound)
        bound[near] = np.concatenate([gains(near[start : start + 1024]) for start in range(0, len(near), 1024)])
        heap = [(-gain, row) for gain, row in zip(bound[near].tolist(), near.tolist(), strict=True)]
        heapq.heapify(heap)
        while heap and len(chosen) < count and -heap[0][0] >= others:
            row = heap[0][1]
            if not left[group[row]]:
                heapq.heappop(heap)
                continue
            fresh = (-float(gains(np.array([row]))[0]), row)
            bound[row] = -fresh[0]
            heapq.heapreplace(heap, fresh)
            if heap[0] != fresh or bound[row] < others:
                continue
            heapq.heappop(heap)
            state += labels.of(np.array([row]))[0] * worth[row]
            left[group[row]] -= 1
            bound[row] = -np.inf
            chosen.append(row)
    return np.array(chosen, dtype=np.int64)


def _highest(bound: np.ndarray) -> tuple[np.ndarray, float]:
    """The rows that may gain the most, ascending, and the most that any other may gain."""
    open_ = np.flatnonzero(bound > -np.inf)
    if len(open_) <= _NEAR:
        return open_, -np.inf
    order = np.argpartition(-bound, _NEAR)
    return np.sort(order[:_NEAR]), float(bound[order[_NEAR]])
