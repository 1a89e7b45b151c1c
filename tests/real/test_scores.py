"""The scores of `fit` against a textbook loop: one forward pass a text in plain transformers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from curate import fit
from curate.models.protocols import LanguageModel
from curate.records.pool import from_rows

pytestmark = pytest.mark.real

PAIRS = [
    ("Name three primary colours.", "Red, yellow and blue."),
    ("Name three primary colours.", "The capital of Peru is Lima."),
    ("What is 12 + 30?", "42"),
    ("Write a haiku about rain.", "Soft rain on the roof,\nthe gutters hum all evening,\nthe garden drinks deep."),
    ("Add two numbers in Python.", "```python\ndef add(a, b):\n    return a + b\n```"),
    ("Was ist ein Baum?", "Ein Baum ist eine große, verholzte Pflanze mit Stamm und Krone."),
]
ROWS = [
    {
        "id": str(row),
        "messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}],
    }
    for row, (question, answer) in enumerate(PAIRS)
]


@pytest.fixture(scope="module")
def textbook(smollm2: Path, in_transformers: LanguageModel) -> list[dict[str, float]]:
    """Scores of each record by the definitions: s(y|x) = (1/|y|) sum_t log p(y_t | x, y_<t), and the rank of y_t."""
    import torch
    from transformers import AutoModelForCausalLM

    plain = AutoModelForCausalLM.from_pretrained(smollm2, dtype=torch.float32)
    scores = []
    for row in ROWS:
        tokens = in_transformers.chat.tokenize(row["messages"])
        with torch.inference_mode():
            logits = plain(torch.tensor([tokens.input_ids])).logits[0].double()
        logprobs, ranks = [], []
        for position, (token, bit) in enumerate(zip(tokens.input_ids, tokens.assistant_mask, strict=True)):
            if bit:
                before = logits[position - 1]
                logprobs.append(float(before[token] - before.logsumexp(-1)))
                ranks.append(1 + int((before > before[token]).sum()))
        mean = sum(logprobs) / len(logprobs)
        scores.append({"logprob": mean, "perplexity": np.exp(-mean), "tokens": len(logprobs), "ranks": ranks})
    return scores


@pytest.mark.parametrize("backend", ["in_transformers", "in_vllm"])
def test_scores_are_those_of_the_textbook(backend: str, textbook: list, request: pytest.FixtureRequest) -> None:
    model: LanguageModel = request.getfixturevalue(backend)
    outcome = fit(from_rows(ROWS), model=model, scores=["logprob", "perplexity", "tokens"])
    assert len(outcome.kept) == len(ROWS)
    for scores, expected in zip(outcome.kept["scores"], textbook, strict=True):
        assert scores["tokens"] == expected["tokens"]
        assert scores["logprob"] == pytest.approx(expected["logprob"], abs=1e-3)
        assert scores["perplexity"] == pytest.approx(expected["perplexity"], rel=1e-3)


@pytest.mark.parametrize("backend", ["in_transformers", "in_vllm"])
def test_ranks_are_those_of_the_textbook(backend: str, textbook: list, request: pytest.FixtureRequest) -> None:
    """All but the few where two words are so near each other that the order of a sum decides."""
    model: LanguageModel = request.getfixturevalue(backend)
    tokens = [model.chat.tokenize(row["messages"]) for row in ROWS]
    scored = model.score([item.input_ids for item in tokens], [item.assistant_mask for item in tokens])
    found = np.concatenate([scores.ranks for scores in scored])
    expected = np.concatenate([scores["ranks"] for scores in textbook])
    assert (found == expected).mean() > 0.9
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=2)


def test_the_answer_to_another_question_is_told_by_its_ifd(in_transformers: LanguageModel) -> None:
    """A real model, where the demo models cannot: only with its own question is an answer likelier than without any."""
    ifd = [scores["ifd"] for scores in fit(from_rows(ROWS[:2]), model=in_transformers, scores=["ifd"]).kept["scores"]]
    assert ifd[0] < 0.9 < ifd[1]
