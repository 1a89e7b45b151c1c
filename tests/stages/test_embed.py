"""`embed`, with the real MiniLM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from datasets import Dataset, Value

from curate.models.protocols import Embedder
from curate.records.pool import from_rows
from curate.stages.embed import embed


def record(name: str, instruction: str, response: str) -> dict:
    turns = [("user", instruction), ("assistant", response)]
    return {"id": name, "messages": [{"role": role, "content": content} for role, content in turns]}


POOL = from_rows(
    [
        record("cats", "How do I feed a kitten?", "Buy stocks and bonds."),
        record("pets", "What should a young cat eat?", "Use a hammer and nails."),
        record("money", "How do I invest my savings?", "Give it milk and kitten food."),
    ]
)


def vectors_of(records: Dataset) -> np.ndarray:
    return np.array(records["embedding"][:], dtype=np.float32)


def test_vectors_have_unit_length_and_near_means_alike(embedder: Embedder) -> None:
    outcome = embed(POOL, model=embedder)
    vectors = vectors_of(outcome.kept)
    assert (len(outcome.dropped), vectors.shape) == (0, (3, 384))
    assert outcome.kept.features["embedding"].feature == Value("float32")
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


def test_the_response_or_both_can_be_embedded(embedder: Embedder) -> None:
    instruction, response, both = (
        vectors_of(embed(POOL, model=embedder, on=on).kept) for on in ("instruction", "response", "both")
    )
    assert response[2] @ instruction[0] > response[0] @ instruction[0]
    assert both[0] @ response[0] > instruction[0] @ response[0]


def test_a_record_s_vector_does_not_depend_on_the_others(embedder: Embedder) -> None:
    together = vectors_of(embed(POOL, model=embedder).kept)
    alone = [vectors_of(embed(POOL.select([row]), model=embedder).kept)[0] for row in range(3)]
    assert (together * np.array(alone)).sum(axis=1).min() > 0.9999  # bfloat16 rounds by what is multiplied at once


def test_texts_that_are_embedded_in_parts_are_counted(embedder: Embedder) -> None:
    long = record("long", "Sum this up: " + "the cat sat on the mat. " * 60, "A cat sat.")
    outcome = embed(from_rows([long, record("short", "Hi", "Hello.")]), model=embedder)
    assert outcome.stats == {"texts embedded in parts": 1}
    assert embed(POOL, model=embedder).stats == {}


class Broken:
    """An embedder that overflows on every second text."""

    name = "broken"

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.ones((len(texts), 2), dtype=np.float32)
        vectors[1::2, 0] = np.nan
        return vectors

    def close(self) -> None:
        pass


def test_a_vector_that_is_not_finite_drops_its_record() -> None:
    outcome = embed(POOL, model=Broken())
    assert list(outcome.kept["id"]) == ["cats", "money"]
    assert [(row["id"], row["reason"], row["detail"]) for row in outcome.dropped] == [
        ("pets", "not finite", {"values": 1})
    ]
