"""Grouped attention computes what the attention of transformers computes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from curate.models.in_process.attention import BLOCK, _grouped_sdpa, _in_blocks, _sdpa


@pytest.mark.parametrize("key_heads", [1, 2, 4])
@pytest.mark.parametrize("positions", [1, 3])
@pytest.mark.parametrize("masked", [True, False])
def test_equals_sdpa(key_heads: int, positions: int, masked: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(5, 4, positions, 8, generator=generator)
    key, value = torch.randn(2, 5, key_heads, 11, 8, generator=generator)
    mask = None
    if masked:
        mask = torch.rand(5, 1, positions, 11, generator=generator) < 0.6
        mask[..., 0] = True
    module = SimpleNamespace(num_key_value_groups=4 // key_heads, is_causal=True)
    expected, _ = sdpa_attention_forward(module, query, key, value, mask, scaling=0.3, is_causal=False)
    grouped, _ = _grouped_sdpa(module, query, key, value, mask, scaling=0.3, is_causal=False)
    torch.testing.assert_close(grouped, expected)


@pytest.mark.parametrize("key_heads", [1, 2, 4])
@pytest.mark.parametrize("old", [0, 5])
@pytest.mark.parametrize("new", [1, BLOCK, 2 * BLOCK + 3])
@pytest.mark.parametrize("scaling", [None, 0.3])
def test_blocks_equal_sdpa_and_a_plain_causal_mask(key_heads: int, old: int, new: int, scaling: float | None) -> None:
    generator = torch.Generator().manual_seed(0)
    query = torch.randn(1, 4, new, 8, generator=generator)
    key, value = torch.randn(2, 1, key_heads, old + new, 8, generator=generator)
    mask = torch.ones(new, old + new, dtype=torch.bool).tril(old)
    repeated = (part.repeat_interleave(4 // key_heads, 1) for part in (key, value))
    expected = torch.nn.functional.scaled_dot_product_attention(query, *repeated, attn_mask=mask, scale=scaling)
    for attend in (_in_blocks, _sdpa):
        torch.testing.assert_close(attend(query, key, value, scaling), expected)
