"""The models that the repository ships."""

from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

MODELS = Path(__file__).parents[2] / "data" / "models"
TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello there!"},
]


@pytest.mark.parametrize(
    ("name", "end"), [("demo-chat", "<|im_end|>"), ("demo-judge", "<|im_end|>"), ("demo-base", "<|endoftext|>")]
)
def test_a_demo_model_loads_and_is_small(name: str, end: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(MODELS / name)
    model = AutoModelForCausalLM.from_pretrained(MODELS / name)
    assert tokenizer.eos_token == end
    assert tokenizer.pad_token == "<|endoftext|>"
    assert model.config.eos_token_id == tokenizer.eos_token_id
    assert model.config.vocab_size == len(tokenizer)
    assert (MODELS / name / "model.safetensors").stat().st_size < 15_000_000
    assert "licence" in (MODELS / name / "README.md").read_text(encoding="utf-8").lower()


def test_both_demo_models_read_text_as_the_same_tokens() -> None:
    first, second = (AutoTokenizer.from_pretrained(MODELS / name) for name in ("demo-chat", "demo-base"))
    assert first.get_vocab() == second.get_vocab()


def test_the_template_is_chatml_without_a_default_system_turn() -> None:
    tokenizer = AutoTokenizer.from_pretrained(MODELS / "demo-chat")
    text = tokenizer.apply_chat_template(TURNS[1:2], tokenize=False, add_generation_prompt=True)
    assert text == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"


def test_the_template_marks_what_the_assistant_writes() -> None:
    tokenizer = AutoTokenizer.from_pretrained(MODELS / "demo-chat")
    encoded = tokenizer.apply_chat_template(TURNS, return_dict=True, return_assistant_tokens_mask=True)
    marked = [token for token, mark in zip(encoded["input_ids"], encoded["assistant_masks"], strict=True) if mark]
    assert tokenizer.decode(marked) == "Hello there!<|im_end|>\n"
