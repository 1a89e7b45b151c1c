"""Star clusters: every text that is dropped has a text that stays and resembles it.

Texts are visited from the best to the worst. A text that resembles one that was kept before becomes a ray of that
star, else it is kept and becomes the centre of a star of its own (Aslam, Pelekhov, Rus 2004, with the order of quality
in the place of the degree). Connected components would also drop C where A resembles B and B resembles C, though
nothing that stays resembles C. The result depends on the order of quality alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np


def star_clusters(
    order: np.ndarray, buckets: np.ndarray, similarity: Callable[[int, np.ndarray], np.ndarray], threshold: float
) -> tuple[np.ndarray, np.ndarray]:
    """The centre of each text's star, int64 (n,), and its similarity to it, float64 (n,); a kept text has itself and 1.

    `order` are the row numbers of all n texts, the best first. `buckets`, int64 (n, b), says who can resemble whom:
    texts that share a number; -1 is shared by nobody. `similarity(i, others)` gives the similarity of i to each of
    the others. A text that resembles several centres goes to the closest one, among equals to the best.
    """
    centre = np.arange(len(order))
    closeness = np.ones(len(order))
    centres: defaultdict[int, list[int]] = defaultdict(list)  # by bucket, as places in `order`
    alone = buckets.max(axis=1) < 0
    for place, row in enumerate(order.tolist()):
        if alone[row]:
            continue
        mine = [bucket for bucket in buckets[row].tolist() if bucket >= 0]
        near = sorted({centre for bucket in mine for centre in centres[bucket]})
        if near:
            others = order[near]
            alike = similarity(row, others)
            best = int(alike.argmax())
            if alike[best] >= threshold:
                centre[row], closeness[row] = others[best], alike[best]
                continue
        for bucket in mine:
            centres[bucket].append(place)
    return centre, closeness
