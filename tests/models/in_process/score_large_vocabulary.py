"""Prints the bytes by which scoring 4,096 tokens of a vocabulary of 152,000 raises this process's peak memory."""

import re
from pathlib import Path

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from curate.models.in_process.attention import use_grouped_attention
from curate.models.in_process.scoring import Scorer


def peak() -> int:
    """Of this program alone, where `getrusage` would begin with what its parent had."""
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text()).group(1))


config = Qwen3Config(
    vocab_size=152_000,
    hidden_size=32,
    intermediate_size=32,
    num_hidden_layers=1,
    num_attention_heads=1,
    num_key_value_heads=1,
    head_dim=32,
    tie_word_embeddings=True,
)
model = Qwen3ForCausalLM(config).eval()
use_grouped_attention(model)
with torch.inference_mode():
    scorer = Scorer(model)
    before = peak()
    (scores,) = scorer.score([[n % 1000 for n in range(4100)]], [[0] * 4 + [1] * 4096])
assert len(scores.logprobs) == 4096
print(peak() - before)
