"""How selection.py measures `deduplicate` and its peers: what they drop, and whether it was to be dropped."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np
from selection_data import embeddings, perturbed, responses, true_pairs
from selection_shared import Clock, NoEncoder, pool_of

JACCARD, COSINE = 0.8, 0.9


def texts_of(options: Namespace, row: str) -> list[str]:
    """The texts among which a row looks for near-duplicates."""
    return responses(options) if row == "near-duplicates" else perturbed(options, 200_000)


def near_duplicates(options: Namespace, row: str, tool: str) -> tuple[Clock, str]:
    """Drops what repeats an earlier text; pairs are judged by the true Jaccard index, as `true_pairs` has it."""
    texts = texts_of(options, row)
    tools = {
        "curate": _by_curate,
        "rensa": _by_rensa,
        "datasketch": _by_datasketch,
        "SetSimilaritySearch": _by_set_similarity_search,
    }
    clock, dropped = tools[tool](texts)
    pairs = true_pairs(options, row, texts, JACCARD)
    return clock, f"{len(texts) / clock.seconds:,.0f} records a second; {_judged(texts, pairs, dropped)}"


def _by_curate(texts: list[str]) -> tuple[Clock, dict[int, int]]:
    from curate import deduplicate

    pool = pool_of(texts)
    with Clock() as clock:
        dropped = deduplicate(pool, on="response", threshold=JACCARD).dropped
    return clock, _survivors(dropped)


def _by_rensa(texts: list[str]) -> tuple[Clock, dict[int, int]]:
    from rensa import RMinHash, RMinHashLSH

    dropped: dict[int, int] = {}
    with Clock() as clock:
        index = RMinHashLSH(threshold=JACCARD, num_perm=128, num_bands=16)
        for number, text in enumerate(texts):
            sketch = RMinHash(num_perm=128, seed=42)
            sketch.update(_grams(text))
            if alike := index.query(sketch):
                dropped[number] = int(min(alike))
            else:
                index.insert(number, sketch)
    return clock, dropped


def _by_datasketch(texts: list[str]) -> tuple[Clock, dict[int, int]]:
    from datasketch import MinHash, MinHashLSH

    dropped: dict[int, int] = {}
    with Clock() as clock:
        index = MinHashLSH(threshold=JACCARD, num_perm=128)
        for number, text in enumerate(texts):
            sketch = MinHash(num_perm=128)
            sketch.update_batch([gram.encode() for gram in _grams(text)])
            if alike := index.query(sketch):
                dropped[number] = int(min(alike))
            else:
                index.insert(number, sketch)
    return clock, dropped


def _by_set_similarity_search(texts: list[str]) -> tuple[Clock, dict[int, int]]:
    from SetSimilaritySearch import all_pairs

    dropped: dict[int, int] = {}
    with Clock() as clock:
        pairs = all_pairs([set(_grams(text)) for text in texts], "jaccard", JACCARD)
        for first, second in sorted((int(min(pair[:2])), int(max(pair[:2]))) for pair in pairs):
            if first not in dropped:
                dropped.setdefault(second, first)
    return clock, dropped


def _grams(text: str) -> list[str]:
    """Three words, fewer at the end of the text, as `true_pairs` has them; the peers get the same."""
    words = text.lower().split()
    return [" ".join(words[n : n + 3]) for n in range(len(words))] or [""]


def _judged(texts: list[str], pairs: np.ndarray, dropped: dict[int, int]) -> str:
    """Recall: the share of true pairs of which one is gone; precision: that of the dropped with a true survivor."""
    gone = np.zeros(len(texts), dtype=bool)
    gone[list(dropped)] = True
    recall = float((gone[pairs[:, 0]] | gone[pairs[:, 1]]).mean()) if len(pairs) else 1.0
    known = set(map(tuple, pairs.tolist()))
    right = sum((min(pair), max(pair)) in known or _same(*(texts[n] for n in pair)) for pair in dropped.items())
    return f"recall {recall:.4f} of {len(pairs):,} pairs, precision {right / max(len(dropped), 1):.4f}"


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same but for white space: those without any word have no shingle in common."""
    return one.split() == other.split()


def semantic_duplicates(options: Namespace, row: str, tool: str) -> tuple[Clock, str]:
    vectors = embeddings(options)
    names = [str(number) for number in range(len(vectors))]
    if tool == "curate":
        from curate import deduplicate
        from curate.records.pool import set_embeddings

        pool = set_embeddings(pool_of(names), vectors)
        with Clock() as clock:
            dropped = deduplicate(pool, on="response", threshold=None, cosine=COSINE).dropped
        survivors = _survivors(dropped)
    else:
        from semhash import SemHash

        with Clock() as clock:
            result = SemHash.from_embeddings(vectors, names, model=NoEncoder()).self_deduplicate(threshold=COSINE)
        survivors = {int(d.record): int(d.duplicates[0][0]) for d in result.filtered if d.duplicates}
    stays = np.ones(len(vectors), dtype=bool)
    stays[list(survivors)] = False
    close = sum(float(vectors[one] @ vectors[other]) >= COSINE - 1e-4 for one, other in survivors.items())
    table = vectors[stays] @ vectors[stays].T
    missed = (np.count_nonzero(table >= COSINE + 1e-4) - np.count_nonzero(table.diagonal() >= COSINE + 1e-4)) // 2
    precision = close / max(len(survivors), 1)
    return clock, f"{len(survivors):,} dropped; precision {precision:.4f}; {missed} pairs left in"


def _survivors(dropped: Any) -> dict[int, int]:
    """For each dropped record the one that it repeats, by their numbers in the pool."""
    return {int(name): int(detail["survivor"]) for name, detail in zip(dropped["id"], dropped["detail"], strict=True)}
