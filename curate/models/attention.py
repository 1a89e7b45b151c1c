"""Attention for decoding: queries that share a key head are computed together, instead of copying that head for each.

With padding in the batch, the SDPA attention of transformers repeats keys and values for every query head, at every
step. For one new token a row, the queries of a group can stand in for several positions of one head: the same sums,
without the copies. On a CPU this halves the time of a step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

NAME = "curate_grouped_sdpa"


def use_grouped_attention(model: Any) -> None:
    """Switches `model` over, if SDPA attention is what it uses."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    if model.config._attn_implementation == "sdpa":
        AttentionInterface.register(NAME, _grouped_sdpa)
        AttentionMaskInterface.register(NAME, sdpa_mask)
        model.set_attn_implementation(NAME)


def _grouped_sdpa(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    **rest: Any,
) -> tuple[torch.Tensor, None]:
    """`query` (rows, heads, positions, width), `key` and `value` (rows, key heads, positions, width)."""
    import torch
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    rows, heads, positions, width = query.shape
    one_group = heads == key.shape[1]
    if positions > 1 or one_group or attention_mask is None or rest.get("position_bias") is not None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, scaling=scaling, **rest)
    grouped = query.reshape(rows, key.shape[1], heads // key.shape[1], width)
    mask = attention_mask[:, :1]  # the same for every head
    output = torch.nn.functional.scaled_dot_product_attention(grouped, key, value, attn_mask=mask, scale=scaling)
    return output.reshape(rows, 1, heads, value.shape[-1]), None
