"""A pool's embeddings in two dimensions, for a map: principal components, then t-SNE (van der Maaten, Hinton 2008)."""

from __future__ import annotations

import numpy as np

COMPONENTS = 50  # that t-SNE is given, as its authors advise
ITERATIONS = 500  # half of the library's own: the picture is the same
PERPLEXITY = 30.0  # neighbours that shape a point's surroundings


def project(vectors: np.ndarray, seed: int = 0) -> np.ndarray:
    """Points in the plane for vectors (n, d), float64 (n, 2): near where the vectors are near. The seed repeats it."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    count, dimensions = vectors.shape
    if count < 4 or dimensions < 3:
        return np.pad(vectors, ((0, 0), (0, 2)))[:, :2].astype(np.float64)
    reduced = PCA(min(COMPONENTS, count - 1, dimensions), random_state=seed).fit_transform(vectors)
    perplexity = min(PERPLEXITY, (count - 1) / 3)
    points: np.ndarray = TSNE(
        2, perplexity=perplexity, init="pca", max_iter=ITERATIONS, random_state=seed
    ).fit_transform(reduced)
    return points.astype(np.float64)
