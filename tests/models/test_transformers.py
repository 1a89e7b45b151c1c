"""The transformers backend: completions that depend on their own seed, and scores that equal a plain forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from curate.errors import CurateError
from curate.models import transformers as backend
from curate.models.protocols import Completion, LanguageModel, Prompt, Sampling
from curate.models.spec import load_model
from tests.models.small import SMALL

PROMPTS = [Prompt(list(range(5, 5 + length)), seed) for seed, length in enumerate([3, 9, 4, 30, 9, 17])]
FREE = Sampling(stop_token_ids=(), max_tokens=24, temperature=1.0)


def reference_logits(model: LanguageModel, ids: list[int]) -> torch.Tensor:
    """All logits of one sequence, from the plain model."""
    from transformers import AutoModelForCausalLM

    plain = AutoModelForCausalLM.from_pretrained(model.chat.name, dtype=torch.float32)
    with torch.inference_mode():
        logits: torch.Tensor = plain(torch.tensor([ids])).logits[0].double()
    return logits


def test_the_same_call_gives_the_same_text(tiny: LanguageModel) -> None:
    assert tiny.complete(PROMPTS, FREE) == tiny.complete(PROMPTS, FREE)


def test_a_prompts_text_is_the_same_alone_in_a_batch_and_in_another_order(tiny: LanguageModel) -> None:
    together = tiny.complete(PROMPTS, FREE)
    assert [tiny.complete([prompt], FREE)[0] for prompt in PROMPTS] == together
    assert tiny.complete(PROMPTS[::-1], FREE)[::-1] == together


def test_a_sample_is_the_same_however_many_are_asked_for(tiny: LanguageModel) -> None:
    many = tiny.complete(PROMPTS, Sampling((), 24, n=4))
    assert [samples[:1] for samples in many] == tiny.complete(PROMPTS, FREE)


def test_other_seeds_and_samples_give_other_texts(tiny: LanguageModel) -> None:
    prompts = [Prompt(PROMPTS[0].token_ids, seed) for seed in range(5)]
    texts = [sample.text for samples in tiny.complete(prompts, Sampling((), 24, n=3)) for sample in samples]
    assert len(set(texts)) == 15


def test_batches_that_memory_divides_give_the_same_texts(tiny: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    together = tiny.complete(PROMPTS, FREE)
    monkeypatch.setattr(backend, "CPU_MEMORY", 1)
    assert tiny.complete(PROMPTS, FREE) == together


def test_again_is_asked_for_each_prompt_until_it_keeps_the_completions(tiny: LanguageModel) -> None:
    """What comes in while others go on, longer or shorter than what it replaces, is what it is alone."""
    chains = {0: [Prompt([7] * 40, 50), Prompt([8], 51)], 3: [PROMPTS[0]], 5: [PROMPTS[5]]}
    sampling = Sampling((), 24, n=2)
    asked: list[tuple[int, int]] = []

    def again(number: int, completions: Sequence[Completion]) -> Prompt | None:
        asked.append((number, len(completions)))
        turn = sum(other == number for other, _ in asked) - 1
        return chains.get(number, [])[turn] if turn < len(chains.get(number, [])) else None

    last = [chains.get(number, [prompt])[-1] for number, prompt in enumerate(PROMPTS)]
    assert tiny.complete(PROMPTS, sampling, again) == [tiny.complete([prompt], sampling)[0] for prompt in last]
    assert sorted(asked) == sorted((n, 2) for n in range(6) for _ in range(1 + len(chains.get(n, []))))


def test_a_replacement_goes_in_before_what_waits(tiny: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "CPU_MEMORY", 1)  # one row at a time
    asked: list[int] = []

    def again(number: int, _: Sequence[Completion]) -> Prompt | None:
        asked.append(number)
        return PROMPTS[0] if asked.count(number) < 3 else None

    tiny.complete([PROMPTS[0]] * 3, Sampling((), 2), again)
    assert asked == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_greedy_takes_the_likeliest_token_at_every_step(tiny: LanguageModel) -> None:
    ids = list(PROMPTS[1].token_ids)
    for _ in range(8):
        ids.append(int(reference_logits(tiny, ids)[-1].argmax()))
    (completion,) = tiny.complete([PROMPTS[1]], Sampling((), 8, temperature=0.0))[0]
    assert completion.text == tiny.chat.tokenizer.decode(ids[9:])


def test_first_tokens_come_up_as_often_as_the_model_says(tiny: LanguageModel) -> None:
    ids, draws = list(PROMPTS[2].token_ids), 4000
    expected = torch.softmax(reference_logits(tiny, ids)[-1] / 1.5, -1).numpy()
    words = tiny.chat.tokenizer.batch_decode([[token] for token in range(len(expected))])
    texts = [sample.text for sample in tiny.complete([Prompt(ids, 7)], Sampling((), 1, temperature=1.5, n=draws))[0]]
    for word in [words[token] for token in np.argsort(-expected)[:20]]:
        probability = sum(p for p, other in zip(expected, words, strict=True) if other == word)
        assert abs(texts.count(word) / draws - probability) < 4.5 * np.sqrt(probability / draws), word


def test_a_stop_token_ends_the_text_and_is_left_out(tiny: LanguageModel) -> None:
    (full,) = tiny.complete([PROMPTS[3]], FREE)[0]
    tokens = [int(token) for token in greedy_tokens(tiny, PROMPTS[3], 12)]
    stop = tokens[5]
    (cut,) = tiny.complete([PROMPTS[3]], Sampling((stop,), 12, temperature=0.0))[0]
    assert cut.finish_reason == "stop"
    assert cut.text == tiny.chat.tokenizer.decode(tokens[: tokens.index(stop)])
    assert full.finish_reason == "length"


def greedy_tokens(model: LanguageModel, prompt: Prompt, count: int) -> list[int]:
    ids = list(prompt.token_ids)
    for _ in range(count):
        ids.append(int(reference_logits(model, ids)[-1].argmax()))
    return ids[len(prompt.token_ids) :]


def test_special_tokens_other_than_the_stop_stay_visible(tiny: LanguageModel) -> None:
    samples = tiny.complete([PROMPTS[0]], Sampling((), 200, temperature=2.0, n=20))[0]
    assert any("<|im_end|>" in sample.text for sample in samples)


def test_max_tokens_shrinks_to_what_the_context_leaves(tiny: LanguageModel) -> None:
    prompt = Prompt([9] * 250, 1)
    (completion,) = tiny.complete([prompt], Sampling((), 100))[0]
    longer = tiny.complete([prompt], Sampling((), 6))[0][0]
    assert completion == longer
    assert completion.finish_reason == "length"


@pytest.mark.parametrize(
    ("length", "message"),
    [
        (0, "a prompt is empty; a model needs at least one token to go on from"),
        (256, "a prompt has 256 tokens, which leaves no room in the context of tiny (256 tokens)"),
    ],
)
def test_a_prompt_that_cannot_be_completed_is_told(tiny: LanguageModel, length: int, message: str) -> None:
    with pytest.raises(CurateError) as error:
        tiny.complete([Prompt([5] * length, 0)], FREE)
    assert str(error.value) == message


FAMILIES = {
    "capped logits": ("Gemma2Config", "Gemma2ForCausalLM", {"head_dim": 8, "final_logit_softcapping": 0.05}),
    "scaled logits": ("CohereConfig", "CohereForCausalLM", {"logit_scale": 0.25}),
    "sliding windows": ("Gemma3TextConfig", "Gemma3ForCausalLM", {"head_dim": 8, "sliding_window": 4}),
    "biases": ("Qwen2Config", "Qwen2ForCausalLM", {}),
    "recurrent layers": ("Lfm2Config", "Lfm2ForCausalLM", {"layer_types": ["conv", "full_attention"]}),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_other_architectures_score_and_complete_as_they_should(
    family: str, tiny_directory: Path, tmp_path: Path
) -> None:
    import transformers

    config, architecture, special = FAMILIES[family]
    torch.manual_seed(1)
    plain = getattr(transformers, architecture)(getattr(transformers, config)(**SMALL, **special))
    plain.save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(tiny_directory).save_pretrained(tmp_path)
    model = load_model(str(tmp_path), dtype="float32", device="cpu")
    assert isinstance(model, LanguageModel)
    ids = [(11 * n) % 290 + 3 for n in range(40)]
    with torch.inference_mode():
        expected = torch.log_softmax(plain.eval()(torch.tensor([ids])).logits[0, 9:-1].double(), -1)
    (scores,) = model.score([ids], [[0] * 10 + [1] * 30])
    np.testing.assert_allclose(scores.logprobs, expected[range(30), ids[10:]].numpy(), atol=1e-5)
    prompts = [Prompt(ids[:length], length) for length in (4, 9, 15)]
    together = model.complete(prompts, Sampling((), 12))
    assert [model.complete([prompt], Sampling((), 12))[0] for prompt in prompts] == together
    turns = iter([prompts[2]])  # in the place of the first
    greedy = model.complete(prompts[:2], Sampling((), 6, 0.0), lambda number, _: None if number else next(turns, None))
    with torch.inference_mode():
        for prompt, (completion,) in zip(prompts[2:0:-1], greedy, strict=True):
            written = list(prompt.token_ids)
            for _ in range(6):
                written.append(int(plain(torch.tensor([written])).logits[0, -1].argmax()))
            assert completion.text == model.chat.tokenizer.decode(written[-6:])


def test_scores_are_the_same_after_completions(tiny: LanguageModel) -> None:
    sequences, masks = [[5, 6, 7, 8], [9] * 30], [[0, 1, 1, 1], [0] * 20 + [1] * 10]
    before = tiny.score(sequences, masks)
    tiny.complete(PROMPTS[:1], FREE)
    for one, other in zip(before, tiny.score(sequences, masks), strict=True):
        np.testing.assert_array_equal(one.logprobs, other.logprobs)


def test_threads_may_share_a_model(tiny: LanguageModel) -> None:
    from concurrent.futures import ThreadPoolExecutor

    expected = [tiny.complete([prompt], FREE) for prompt in PROMPTS]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda prompt: tiny.complete([prompt], FREE), PROMPTS)) == expected


def test_only_safetensors_load(tiny_directory: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    AutoModelForCausalLM.from_pretrained(tiny_directory).config.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny_directory).save_pretrained(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(CurateError, match=r"has no safetensors weights, found pytorch_model\.bin; convert them"):
        load_model(str(tmp_path))
