"""The decoding loop of the `transformers` backend: a batch of prompts in, the tokens that continue them out.

`generate` of transformers takes three to six times as long on a CPU: it prefills a prompt once for every sample, and
computes every row until the last one has finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from curate.models.grammar import mask as grammar_mask
from curate.models.in_process.sampling import draw, streams, uniforms

if TYPE_CHECKING:
    import torch
    from llguidance import LLMatcher

IDLE_SHARE = 1 / 8  # finished rows stay in the batch until they are this share of it: removing rows copies the cache


@dataclass
class Row:
    """One sample of one prompt, and the tokens that it has so far; `limit` is how many it may have."""

    token_ids: Sequence[int]
    seed: int
    sample: int
    limit: int
    tokens: list[int]
    matcher: LLMatcher | None = None  # of the grammar that holds all rows of a batch, or none of them
    finished: bool = False  # by a stop token, which is left out of `tokens`, or by the end of the grammar


def decode(model: Any, rows: Sequence[Row], stop: set[int], temperature: float, top_p: float) -> None:
    """Fills `tokens` and `finished` of each row. Rows of the same prompt share its prefill."""
    import torch

    active = list(rows)
    logits, mask, cache = _prefill(model, [row.token_ids for row in rows])
    states = streams([row.seed for row in rows], [row.sample for row in rows])
    step = 0
    while True:
        if matchers := [row.matcher for row in active if row.matcher]:
            logits = grammar_mask(logits, matchers)
        chosen = draw(logits, uniforms(states, step), temperature, top_p)
        step += 1
        _append(active, chosen.tolist(), stop)
        going = [index for index, row in enumerate(active) if not row.finished and len(row.tokens) < row.limit]
        if not going:
            return
        if len(going) <= len(active) * (1 - IDLE_SHARE):
            kept = torch.tensor(going, device=chosen.device)
            cache.reorder_cache(kept)
            mask, chosen, states = mask[kept], chosen[kept], states[np.array(going)]
            active = [active[index] for index in going]
        positions = mask.sum(-1, keepdim=True)
        mask = torch.cat([mask, mask.new_ones(len(active), 1)], -1)
        output = model(
            input_ids=chosen[:, None],
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        )
        logits, cache = output.logits[:, -1], output.past_key_values


def _append(rows: Sequence[Row], chosen: Sequence[int], stop: set[int]) -> None:
    for row, token in zip(rows, chosen, strict=True):
        if not row.finished and len(row.tokens) < row.limit:
            if token in stop:
                row.finished = True
            else:
                row.tokens.append(token)
                if row.matcher:
                    row.matcher.consume_token(token)
                    row.finished = row.matcher.is_stopped()


def _prefill(model: Any, prompts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor, Any]:
    """The logits after each prompt (rows, vocabulary), the mask (rows, longest) and the cache; padded on the left."""
    import torch

    unique = {tuple(prompt): None for prompt in prompts}
    numbers = {prompt: number for number, prompt in enumerate(unique)}
    longest = max(map(len, unique))
    ids = torch.zeros(len(unique), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for number, prompt in enumerate(unique):
        ids[number, longest - len(prompt) :] = torch.tensor(prompt)
        mask[number, longest - len(prompt) :] = 1
    ids, mask = ids.to(model.device), mask.to(model.device)
    output = model(
        input_ids=ids,
        attention_mask=mask,
        position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
        use_cache=True,
        logits_to_keep=1,
    )
    cache = output.past_key_values
    spread = torch.tensor([numbers[tuple(prompt)] for prompt in prompts], device=model.device)
    cache.reorder_cache(spread)
    return output.logits[:, -1][spread], mask[spread], cache
