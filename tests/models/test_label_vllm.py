"""`label` on a vLLM engine: the shipped judge, held to the schema."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from curate import label
from curate.models.protocols import LanguageModel
from curate.models.spec import load_model
from curate.records.labels import VALUES
from curate.records.pool import from_rows
from tests.conftest import JUDGE

QUESTIONS = ["What is 12 + 30?", "Is Poland in Europe?", "Write a poem about rain.", "Fix this: She go home.", "?"]
ROWS = [{"id": text, "messages": [{"role": "user", "content": text}]} for text in QUESTIONS]


@pytest.fixture(scope="module")
def engine(needs_vllm: None) -> Iterator[LanguageModel]:
    """The shipped judge in a vLLM engine of this process."""
    model = load_model(str(JUDGE), backend="vllm", dtype="float32", enforce_eager=True)
    assert isinstance(model, LanguageModel)
    yield model
    model.close()


def test_the_engine_says_what_transformers_says(engine: LanguageModel, judge: LanguageModel) -> None:
    labelled, expected = (label(from_rows(ROWS), model=model).kept for model in (engine, judge))
    assert labelled["labels"][:] == expected["labels"][:]
    assert all(row[name] in values for row in labelled["labels"] for name, values in VALUES.items())
