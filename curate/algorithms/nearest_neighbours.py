"""The nearest neighbours among unit vectors by cosine, exact, through FAISS."""

from __future__ import annotations

import faiss
import numpy as np

from curate.algorithms.facility_location import Similarities

_ROWS = 1024


def neighbour_graph(embeddings: np.ndarray, k: int) -> Similarities:
    """The pairs of which one is among the k nearest of the other; their cosine, clipped at 0.

    `embeddings` are unit vectors, float32 (n, d). Takes at most 24 n k bytes.
    """
    n = len(embeddings)
    index = faiss.IndexFlatIP(embeddings.shape[1])
    index.add(embeddings)
    values, neighbours = index.search(embeddings, min(k, n))
    points = np.arange(n, dtype=np.int64)
    one = np.concatenate((np.repeat(points, neighbours.shape[1]), neighbours.ravel(), points))
    other = np.concatenate((neighbours.ravel(), np.repeat(points, neighbours.shape[1]), points))
    both = np.concatenate((values.ravel(), values.ravel(), np.ones(n, dtype=np.float32)))
    pairs, first = np.unique((one * n + other)[::-1], return_index=True)  # the last entry: a point is like itself, 1
    return Similarities(
        neighbours=pairs % n,
        values=np.clip(both[::-1][first], 0, 1),
        offsets=np.searchsorted(pairs, np.arange(n + 1) * n).astype(np.int64),
    )


def nearest_chosen(embeddings: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each point the place in `chosen` of the nearest chosen point, int64 (n,), and their cosine, float32 (n,).

    A chosen point has itself; among equally near ones the first in `chosen` counts.
    """
    place = np.zeros(len(embeddings), dtype=np.int64)
    cosine = np.zeros(len(embeddings), dtype=np.float32)
    for start in range(0, len(embeddings), _ROWS):
        part = embeddings[start : start + _ROWS] @ embeddings[chosen].T
        place[start : start + _ROWS] = part.argmax(axis=1)
        cosine[start : start + _ROWS] = part.max(axis=1)
    place[chosen] = np.arange(len(chosen))
    cosine[chosen] = 1
    return place, cosine
