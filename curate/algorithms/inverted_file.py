"""FAISS's inverted file (Sivic and Zisserman 2003): vectors in cells, of which a search looks through a few."""

from __future__ import annotations

import faiss
import numpy as np

TRAINING = 40  # rows for each cell
_ITERATIONS = 4


def inverted_file(sample: np.ndarray, cells: int, probes: int) -> faiss.IndexIVFFlat:
    """An empty index by cosine of at most `cells` cells, learnt from `sample`, unit vectors, float32 (n, d)."""
    cells = min(cells, len(sample))
    dimensions = sample.shape[1]
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dimensions), dimensions, cells, faiss.METRIC_INNER_PRODUCT)
    index.cp.spherical = True
    index.cp.niter = _ITERATIONS
    index.cp.min_points_per_centroid = 1
    index.nprobe = probes
    index.train(sample)
    return index
