"""Targets: tokenizers of many families, saved as directories without weights."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tests.chat.conftest import bpe, template_of, tokenizer_for

__all__ = ["bpe", "template_of", "tokenizer_for"]  # fixtures


@pytest.fixture(scope="session")
def target_of(template_of, tmp_path_factory) -> Callable[[str], Path]:
    """The directory of a family's tokenizer: `target_of("qwen3")`."""

    def make(name: str) -> Path:
        directory = tmp_path_factory.mktemp("targets") / name
        template_of(name).tokenizer.save_pretrained(directory)
        return directory

    return make


@pytest.fixture
def small_model(target_of) -> Callable[[str], Path]:
    """A family's tokenizer with a model that has just begun: `small_model("llama3")`."""

    def make(name):
        directory = target_of(name)
        vocabulary = len(json.loads((directory / "tokenizer.json").read_text())["model"]["vocab"])
        sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
        torch.manual_seed(0)
        config = LlamaConfig(vocab_size=vocabulary + 64, num_key_value_heads=1, **sizes)
        LlamaForCausalLM(config).save_pretrained(directory)
        return directory

    return make
