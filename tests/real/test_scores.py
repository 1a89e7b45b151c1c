"""The scores of `fit` against a textbook loop: one forward pass a text in plain transformers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from curate import fit
from curate.models.protocols import LanguageModel
from curate.records.pool import from_rows
from tests.real.conftest import ROWS

pytestmark = pytest.mark.real


def check_scores(model: LanguageModel, textbook: list[dict[str, Any]]) -> None:
    """The records' scores are those of the textbook."""
    outcome = fit(from_rows(ROWS), model=model, scores=["logprob", "perplexity", "tokens"])
    assert len(outcome.kept) == len(ROWS)
    for scores, expected in zip(outcome.kept["scores"], textbook, strict=True):
        assert scores["tokens"] == expected["tokens"]
        assert scores["logprob"] == pytest.approx(expected["logprob"], abs=1e-3)
        assert scores["perplexity"] == pytest.approx(expected["perplexity"], rel=1e-3)


def check_ranks(model: LanguageModel, textbook: list[dict[str, Any]]) -> None:
    """All ranks but the few where words are so near each other that the order of a sum decides."""
    tokens = [model.chat.tokenize(row["messages"]) for row in ROWS]
    scored = model.score([item.input_ids for item in tokens], [item.assistant_mask for item in tokens])
    found = np.concatenate([scores.ranks for scores in scored])
    expected = np.concatenate([scores["ranks"] for scores in textbook])
    assert (found == expected).mean() > 0.9
    np.testing.assert_allclose(found, expected, rtol=0.05, atol=2)


def test_scores_are_those_of_the_textbook(in_transformers: LanguageModel, textbook: list[dict[str, Any]]) -> None:
    check_scores(in_transformers, textbook)


def test_ranks_are_those_of_the_textbook(in_transformers: LanguageModel, textbook: list[dict[str, Any]]) -> None:
    check_ranks(in_transformers, textbook)


def test_the_answer_to_another_question_is_told_by_its_ifd(in_transformers: LanguageModel) -> None:
    """A real model, where the demo models cannot: only with its own question is an answer likelier than without any."""
    ifd = [scores["ifd"] for scores in fit(from_rows(ROWS[:2]), model=in_transformers, scores=["ifd"]).kept["scores"]]
    assert ifd[0] < 0.9 < ifd[1]
