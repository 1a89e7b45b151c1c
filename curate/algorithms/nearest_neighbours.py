"""The nearest neighbours among unit vectors by cosine, exact, through FAISS."""

from __future__ import annotations

import faiss
import numpy as np

from curate.algorithms.facility_location import Similarities

_ROWS = 1024


def neighbour_graph(embeddings: np.ndarray, k: int) -> Similarities:
    """Each point as a neighbour of those that have it among their k nearest; cosines, clipped at 0.

    `embeddings` are unit vectors, float32 (n, d). Every point is among its own k nearest. Takes 12 n k bytes, and twice
    as many while it is built.
    """
    points = np.arange(len(embeddings), dtype=np.int64)
    index = faiss.IndexFlatIP(embeddings.shape[1])
    index.add(embeddings)
    values, nearest = index.search(embeddings, min(k, len(points)))
    lost = points[(nearest != points[:, None]).all(axis=1)]  # among more than k copies of itself
    nearest[lost, -1], values[lost, -1] = lost, 1
    near = nearest.ravel()
    by_near = np.argsort(near, kind="stable")
    return Similarities(
        neighbours=by_near // nearest.shape[1],
        values=np.clip(values.ravel()[by_near], 0, 1),
        offsets=np.concatenate(([0], np.cumsum(np.bincount(near, minlength=len(points))))).astype(np.int64),
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
