"""The three language backends give the same model's scores: transformers, vLLM in process, and a real vLLM server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from curate.models.protocols import LanguageModel, Prompt, Sampling, TokenScores

RANDOM = np.random.default_rng(3)
PROMPTS = [RANDOM.integers(3, 380, length).tolist() for length in (1, 5, 17, 17, 60)]
RESPONSES = [RANDOM.integers(3, 380, length).tolist() for length in (40, 1, 80, 80, 150)]
SEQUENCES = [prompt + response for prompt, response in zip(PROMPTS, RESPONSES, strict=True)]
MASKS = [[0] * len(prompt) + [1] * len(response) for prompt, response in zip(PROMPTS, RESPONSES, strict=True)]
NEAR = 1e-4  # two logits closer than this may change places with the order of a sum


@pytest.fixture(scope="module")
def references(tiny: LanguageModel) -> list[torch.Tensor]:
    """The logits of each response position (t, vocabulary), float64, from a plain forward pass."""
    from transformers import AutoModelForCausalLM

    plain = AutoModelForCausalLM.from_pretrained(tiny.chat.name, dtype=torch.float32)
    with torch.inference_mode():
        return [
            plain(torch.tensor([prompt + response])).logits[0, len(prompt) - 1 : -1].double()
            for prompt, response in zip(PROMPTS, RESPONSES, strict=True)
        ]


def check(scores: list[TokenScores], references: list[torch.Tensor]) -> None:
    """The scores of `SEQUENCES` are those of the plain forward pass."""
    compared = 0
    for scored, logits, response in zip(scores, references, RESPONSES, strict=True):
        chosen = logits[range(len(response)), response][:, None]
        expected = (chosen.squeeze(1) - logits.logsumexp(-1)).numpy()
        np.testing.assert_allclose(scored.logprobs, expected, atol=1e-3)
        clear = ((logits - chosen).abs() < NEAR).sum(-1).numpy() == 1  # nothing but the token itself is near it
        ranks = 1 + (logits > chosen).sum(-1).numpy()
        np.testing.assert_array_equal(scored.ranks[clear], ranks[clear])
        compared += int(clear.sum())
    assert compared > 0.9 * sum(map(len, RESPONSES))


@pytest.mark.parametrize("backend", ["tiny", "vllm_tiny", "served_tiny"])
@pytest.mark.parametrize("order", [1, -1])
def test_scores_agree(backend: str, order: int, references: list[torch.Tensor], request: pytest.FixtureRequest) -> None:
    model: LanguageModel = request.getfixturevalue(backend)
    check(model.score(SEQUENCES[::order], MASKS[::order])[::order], references)


@pytest.mark.parametrize("order", [1, -1])
def test_prefixes_that_vllm_has_cached_change_no_score(
    vllm_tiny: LanguageModel, references: list[torch.Tensor], order: int
) -> None:
    """Completions and other scores leave every prefix in the cache; read from there, it would have stale scores."""
    prompts = [Prompt(sequence, 0) for sequence in SEQUENCES]
    written = vllm_tiny.complete(prompts, Sampling((), 4, n=2))
    for _ in range(2):
        check(vllm_tiny.score(SEQUENCES[::order], MASKS[::order])[::order], references)
    with ThreadPoolExecutor(2) as pool:
        again = pool.submit(vllm_tiny.complete, prompts[::order], Sampling((), 4, n=2))
        scores = pool.submit(vllm_tiny.score, SEQUENCES * 4, MASKS * 4).result()
        assert again.result()[::order] == written
    for copy in range(4):
        check(scores[copy * len(SEQUENCES) :][: len(SEQUENCES)], references)
