"""Drawing next tokens so that a prompt's text does not depend on what else is in the batch.

Every sample of every prompt has its own stream of uniform numbers, one a step, made by a counter-based generator from
(prompt seed, sample number, step). The token is the inverse of the cumulative distribution, in the order of the
vocabulary, at that number: exact sampling, at one random number a token instead of one for every entry of the
vocabulary, as the Gumbel-max trick would need.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from curate.algorithms.splitmix64 import GAMMA, mix

if TYPE_CHECKING:
    import torch

BLOCK = 64  # the cumulative sum runs over blocks first, then inside one: a full one in float64 costs ten times as much
NUCLEUS_STEPS = (64, 512)  # how many of the likeliest tokens to sort before sorting all of them


def streams(seeds: Sequence[int], samples: Sequence[int]) -> np.ndarray:
    """The state (uint64) of each stream: one for each pair of a prompt's seed and a sample's number."""
    keys = np.array([seed & 0xFFFFFFFFFFFFFFFF for seed in seeds], dtype=np.uint64)
    return mix(mix(keys + GAMMA) + np.asarray(samples, dtype=np.uint64) + GAMMA)


def uniforms(states: np.ndarray, steps: np.ndarray | int) -> np.ndarray:
    """The number of each stream at its step, or at the same one: float64 in [0, 1), 53 random bits."""
    return (mix(states + np.asarray(steps, np.uint64) + GAMMA) >> np.uint64(11)) * 2.0**-53


def draw(logits: torch.Tensor, numbers: np.ndarray, temperature: float, top_p: float) -> torch.Tensor:
    """One token id (int64) for each row of `logits` (rows, vocabulary), at `numbers` (rows,) in [0, 1).

    `temperature` 0 takes the likeliest token. The nucleus is the smallest set of likeliest tokens whose probabilities
    add to `top_p` or more; tokens as likely as its last one belong to it.
    """
    import torch

    if temperature == 0:
        return logits.argmax(-1)
    probabilities = torch.softmax(logits.float() / temperature, -1)
    if top_p < 1:
        probabilities *= probabilities >= _nucleus_floor(probabilities, top_p)[:, None]
    blocks = torch.nn.functional.pad(probabilities, (0, -probabilities.shape[1] % BLOCK)).unflatten(1, (-1, BLOCK))
    ends = blocks.sum(-1, dtype=torch.float64).cumsum(-1)
    target = torch.from_numpy(numbers).to(logits.device)[:, None] * ends[:, -1:]
    block = _first_beyond(ends, target)
    start = torch.where(block > 0, ends.gather(1, (block - 1).clamp(min=0)), 0.0)
    inside = blocks.gather(1, block[:, :, None].expand(-1, 1, BLOCK)).squeeze(1).double().cumsum(-1)
    return (block * BLOCK + _first_beyond(inside, target - start)).squeeze(1)


def _first_beyond(ends: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """In each row of the cumulative `ends`, the first entry that lies beyond `target`, never one that adds nothing.

    Rounding can leave no such entry: then the last one that adds something.
    """
    import torch

    last = (ends < ends[:, -1:]).sum(-1, keepdim=True)
    return torch.minimum((ends <= target).sum(-1, keepdim=True), last)


def _nucleus_floor(probabilities: torch.Tensor, top_p: float) -> torch.Tensor:
    """The smallest probability inside each row's nucleus; sorts no more of a row than it must."""
    import torch

    rows, vocabulary = probabilities.shape
    floor = probabilities.new_zeros(rows)
    left = torch.arange(rows, device=probabilities.device)
    for size in (*NUCLEUS_STEPS, vocabulary):
        top = probabilities[left].topk(min(size, vocabulary)).values
        inside = (top.cumsum(-1) - top < top_p).sum(-1, keepdim=True)
        floor[left] = top.gather(1, inside - 1).squeeze(1)
        left = left[inside.squeeze(1) == top.shape[1]]
        if not len(left) or size >= vocabulary:
            break
    return floor
