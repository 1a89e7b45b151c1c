"""vLLM's own chat endpoint with SmolLM2-135M-Instruct: what a chat teacher and a chat judge do through it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curate import instruct, label, load_model, respond
from curate.models.protocols import ChatModel
from curate.records.labels import VALUES
from curate.records.pool import from_rows
from tests.models.conftest import serve_vllm

pytestmark = pytest.mark.real

QUESTIONS = ["What is 2 plus 3?", "Name the capital of Italy.", "Which colour do you get from blue and yellow?"]
POOL = from_rows([{"id": str(n), "messages": [{"role": "user", "content": q}]} for n, q in enumerate(QUESTIONS)])


@pytest.fixture(scope="module")
def chat(needs_vllm: None, smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatModel]:
    """The model behind the chat address of a real vLLM server."""
    log = tmp_path_factory.mktemp("server") / "log"
    with serve_vllm(smollm2, "smollm2", log, "--max-model-len", "2048") as url:
        model = load_model("smollm2", backend="chat", base_url=url)
        assert isinstance(model, ChatModel)
        yield model
        model.close()


def test_it_responds(chat: ChatModel) -> None:
    kept = respond(POOL, models=[chat], candidates=2, max_tokens=32).kept
    assert len(kept) == 3
    assert all(len(row) == 2 and all(candidate["content"] for candidate in row) for row in kept["candidates"])


def test_it_judges_in_json(chat: ChatModel) -> None:
    labelled = label(POOL, model=chat).kept
    assert len(labelled) == 3
    assert all(row["labels"][name] in values for row in labelled for name, values in VALUES.items())


def test_it_is_prompted_for_instructions(chat: ChatModel) -> None:
    outcome = instruct(model=chat, topics=["law", "cooking"], count=2, max_tokens=64, top_p=0.9)
    assert outcome.stats["by prompting"] == len(outcome.kept) > 0
    assert {row["domain"] for row in outcome.kept} <= {"law", "cooking"}
