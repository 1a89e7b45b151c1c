"""The scorer gives what a textbook computation gives, for every architecture, packed or not, in any order."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from curate.errors import CurateError
from curate.models.in_process.scoring import Scorer
from curate.models.protocols import LanguageModel
from tests.conftest import BASE
from tests.models.small import SMALL

RANDOM = np.random.default_rng(0)
NEAR = 1e-4  # two logits closer than this may change places with the order of a sum

Sequences = list[list[int]]


def textbook(model: Any, sequence: Sequence[int], mask: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities and logits of the scored tokens, from all logits of the whole sequence."""
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([sequence])).logits[0, :-1].float()
    scored = torch.tensor(mask[1:], dtype=torch.bool)
    logits, tokens = logits[scored].double(), torch.tensor(sequence[1:])[scored]
    logprobs = torch.log_softmax(logits, -1).gather(1, tokens[:, None])[:, 0]
    return logprobs.numpy(), (logits - logits.gather(1, tokens[:, None])).numpy()


def a_pool(vocabulary: int, context: int) -> tuple[Sequences, Sequences]:
    """Ragged candidates of shared prompts, conversations of several turns, single tokens, and the whole context."""
    shapes = [[(9, n)] for n in (5, 12, 1, 30)] + [[(20, 7)], [(3, 4), (6, 5), (2, 1)], [(1, 1)]]
    shapes += [[(context - 10, 10)], [(1, context - 1)], [(5, 8), (4, 0)]]
    prompt = RANDOM.integers(3, vocabulary, 9).tolist()
    sequences, masks = [], []
    for turns in shapes:
        mask = [bit for length, scored in turns for bit in [0] * length + [1] * scored]
        tokens = RANDOM.integers(3, vocabulary, len(mask)).tolist()
        sequences.append([*prompt, *tokens[9:]] if turns[0][0] == 9 else tokens)
        masks.append(mask)
    return sequences, masks


def check(scorer: Any, plain: Any, sequences: Sequences, masks: Sequences) -> None:
    for scores, sequence, mask in zip(scorer.score(sequences, masks), sequences, masks, strict=True):
        logprobs, above = textbook(plain, sequence, mask)
        np.testing.assert_allclose(scores.logprobs, logprobs, atol=1e-5)
        clear = (np.abs(above) < NEAR).sum(-1) == 1  # nothing but the token itself is near it
        np.testing.assert_array_equal(scores.ranks[clear], 1 + (above > 0).sum(-1)[clear])
        assert (scores.logprobs.dtype, scores.ranks.dtype) == (np.float32, np.int64)


@pytest.fixture(scope="module")
def demo() -> Iterator[Any]:
    """The shipped base model as transformers loads it, float32."""
    return transformers.AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)


@pytest.mark.parametrize("row", [1, 64, 2048])
def test_the_demo_model_scores_as_the_textbook_does(
    row: int, demo: Any, base32: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base32._scorer, "_limit", row)  # type: ignore[attr-defined]
    check(base32, demo, *a_pool(4096, base32.context_length))


@pytest.fixture(scope="module")
def base32() -> Iterator[LanguageModel]:
    from curate import load_model

    model = load_model(str(BASE), dtype="float32", device="cpu")
    assert isinstance(model, LanguageModel)
    model.score([[5, 6]], [[0, 1]])
    yield model
    model.close()


LINEAR = {"linear_num_key_heads": 2, "linear_num_value_heads": 2, "linear_key_head_dim": 8, "linear_value_head_dim": 8}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
HYBRID = ["linear_attention", "full_attention"]
DYNAMIC = {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10000.0}
PACKED = {  # the family, and the longest text that is packed
    "Qwen3": ({"head_dim": 8}, "any"),
    "Llama": ({}, "any"),
    "Qwen2": ({}, "any"),
    "GPT2": ({}, "any"),
    "Cohere": ({"logit_scale": 0.25}, "any"),
    "Granite": ({"logits_scaling": 4.0}, "any"),
    "Mixtral": ({"num_local_experts": 4, "sliding_window": None}, "any"),
    "Mistral": ({"sliding_window": 24}, 24),
    "Gemma3": ({"head_dim": 8, "sliding_window": 16, "final_logit_softcapping": 2.0}, 16),
    "Gemma2": ({"head_dim": 8, "sliding_window": 16, "attn_logit_softcapping": 1.0}, 0),  # SDPA has no soft cap
    "Lfm2": ({"layer_types": ["conv", "full_attention"]}, 0),
    "Qwen3Next": ({"layer_types": HYBRID, "head_dim": 8, **EXPERTS, **LINEAR}, 0),
    "Mamba": ({"state_size": 4}, 0),
    "Bloom": ({"n_head": 4, "n_layer": 2}, 0),  # its own attention, with biases that grow with the distance
    "Llama dynamic": ({"rope_parameters": DYNAMIC}, 0),
}


def build(family: str) -> Any:
    """A tiny model of this family with random weights."""
    options = {**SMALL, **PACKED[family][0]}
    name = family.split()[0]
    if name == "GPT2":
        options = {"vocab_size": 300, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128} | {
            "initializer_range": 0.3
        }
    config = "Gemma3TextConfig" if name == "Gemma3" else f"{name}Config"
    head = "GPT2LMHeadModel" if name == "GPT2" else f"{name}ForCausalLM"
    torch.manual_seed(1)
    return getattr(transformers, head)(getattr(transformers, config)(**options)).eval()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("family", PACKED)
def test_families_are_packed_where_that_is_sound(family: str, dtype: torch.dtype) -> None:
    from curate.models.in_process.attention import use_grouped_attention

    model = build(family).to(dtype)
    use_grouped_attention(model)
    with torch.inference_mode():
        longest = Scorer(model)._longest_packed
    expected = PACKED[family][1]
    assert longest == (expected if expected != "any" else longest)
    assert expected != "any" or longest > 1000


@pytest.mark.parametrize("family", PACKED)
def test_every_family_scores_as_the_textbook_does(family: str, tmp_path: Path) -> None:
    from curate.models.in_process.attention import use_grouped_attention

    plain, model = build(family), build(family)
    if "softcapping" in str(PACKED[family][0]):
        plain.set_attn_implementation("eager")
    use_grouped_attention(model)
    with torch.inference_mode():
        check(Scorer(model), plain, *a_pool(300, 128))


def test_a_head_that_the_model_changes_by_itself_is_found_out() -> None:
    class Doubled(transformers.Qwen3ForCausalLM):
        def forward(self, *args: Any, **kwargs: Any) -> Any:
            output = super().forward(*args, **kwargs)
            output.logits = output.logits * 2
            return output

    torch.manual_seed(1)
    model = Doubled(transformers.Qwen3Config(**SMALL, head_dim=8)).eval()
    with torch.inference_mode():
        check(Scorer(model), model, *a_pool(300, 128))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("bfloat16", 2e-2)])
def test_scores_do_not_depend_on_order_and_company(seed: int, dtype: str, tolerance: float) -> None:
    from curate import load_model

    model: Any = load_model(str(BASE), dtype=dtype, device="cpu")
    sequences, masks = a_pool(4096, 400)
    alone = [model.score([sequence], [mask])[0] for sequence, mask in zip(sequences, masks, strict=True)]
    order = list(range(len(sequences)))
    random.Random(seed).shuffle(order)
    cut = 1 + seed
    for part in (order[:cut], order[cut:]):
        together = model.score([sequences[n] for n in part], [masks[n] for n in part])
        for scores, number in zip(together, part, strict=True):
            np.testing.assert_allclose(scores.logprobs, alone[number].logprobs, atol=tolerance)


def test_the_output_layer_runs_a_few_positions_at_a_time(base32: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with length times vocabulary: the logits of 1,000 tokens never exist together."""
    sequences, masks = [[7 + n % 90 for n in range(1000)]], [[0] * 10 + [1] * 990]
    (whole,) = base32.score(sequences, masks)
    sizes: list[int] = []
    monkeypatch.setattr(base32._scorer, "_rows", 64)
    head = base32._model.get_output_embeddings()
    handle = head.register_forward_hook(lambda module, args, output: sizes.append(output.shape[0]))
    (pieces,) = base32.score(sequences, masks)
    handle.remove()
    assert (max(sizes), sum(sizes)) == (64, 990)
    np.testing.assert_allclose(pieces.logprobs, whole.logprobs, atol=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from /proc")
def test_4096_tokens_of_a_large_vocabulary_take_less_than_a_gibibyte() -> None:
    """Measured by the process's own peak: the logits alone would be 2.3 GiB."""
    script = Path(__file__).with_name("score_large_vocabulary.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    output = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, env=environment)
    assert 0 < int(output.stdout) < 2**30


def test_a_sequence_with_nothing_to_score_has_no_scores(tiny: LanguageModel) -> None:
    nothing, something = tiny.score([[5, 6], [5, 6]], [[0, 0], [0, 1]])
    assert nothing.logprobs.shape == nothing.ranks.shape == (0,)
    assert something.logprobs.shape == (1,)


@pytest.mark.parametrize(
    ("sequence", "mask", "message"),
    [
        ([5, 6], [1, 1], "the first token of a sequence is to be scored; it needs one before it"),
        ([5, 6], [0], "a sequence has 2 tokens and its mask 1; they must be as many"),
        (
            [5] * 257,
            [0] * 200 + [1] * 57,
            "a sequence has 257 tokens, more than the context of tiny (256 tokens)",
        ),
    ],
)
def test_what_cannot_be_scored_is_told(tiny: LanguageModel, sequence: list[int], mask: list[int], message: str) -> None:
    with pytest.raises(CurateError) as error:
        tiny.score([sequence], [mask])
    assert str(error.value) == message
