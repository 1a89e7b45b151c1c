"""FAISS's inverted file (Sivic and Zisserman 2003): vectors in cells, of which a search looks through a few."""

from __future__ import annotations

import faiss
import numpy as np

from curate.algorithms.blocks import Vectors

_TRAINING = 20  # rows for each cell
_ITERATIONS = 2


def inverted_file(vectors: Vectors, rows: np.ndarray, cells: int, probes: int) -> faiss.IndexIVFFlat:
    """An empty index by cosine of `cells` cells, learnt from unit vectors at equal steps of `rows`, int64 (n,)."""
    dimensions = vectors.shape[1]
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dimensions), dimensions, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.spherical = True
    index.cp.niter = _ITERATIONS
    index.cp.min_points_per_centroid = 1
    index.nprobe = probes
    index.train(vectors[rows[:: max(1, len(rows) // (_TRAINING * cells))]])
    return index
