"""The whole chain and the scores in a real vLLM engine, which starts once, and ends before other tests go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from curate import choose, deduplicate, diversify, embed, fit, prepare, respond, screen, synthesize
from curate.models.protocols import Embedder, LanguageModel
from curate.models.spec import load_model
from tests.real.conftest import SMOLLM2
from tests.real.test_chain import ANSWERED, MADE, check_records
from tests.real.test_scores import check_ranks, check_scores

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def engine(needs_vllm: None, smollm2: Path, terse: str) -> Iterator[LanguageModel]:
    """The terse model in a vLLM engine of this process, float32."""
    settings = {"dtype": "float32", "max_model_len": 1024, "enforce_eager": True}
    model = load_model(SMOLLM2, backend="vllm", template_file=terse, **settings)
    assert isinstance(model, LanguageModel)
    yield model
    model.close()


def test_the_chain_makes_24_records(engine: LanguageModel, embedder: Embedder) -> None:
    pool = deduplicate(synthesize(model=engine, **MADE).kept, on="instruction", threshold=0.7).kept
    pool = screen(respond(pool, models=[engine], **ANSWERED).kept).kept
    pool = choose(fit(pool, model=engine).kept, by="fit").kept
    pool = embed(prepare(pool, target=engine.chat, max_length=512).kept, model=embedder).kept
    check_records(diversify(pool, count=24).kept)


def test_scores_and_ranks_are_those_of_the_textbook(engine: LanguageModel, textbook: list[dict[str, Any]]) -> None:
    check_scores(engine, textbook)
    check_ranks(engine, textbook)
