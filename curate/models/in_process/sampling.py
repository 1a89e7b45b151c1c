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
FIRST_BLOCKS = 96  # in which to look for a nucleus before looking everywhere


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
    targets = torch.from_numpy(numbers).to(logits.device)
    if missing := -probabilities.shape[1] % BLOCK:
        probabilities = torch.nn.functional.pad(probabilities, (0, missing))
    blocks = probabilities.unflatten(1, (-1, BLOCK))
    return _invert(blocks, targets) if top_p == 1 else _draw_from_nuclei(blocks, targets, top_p)


def _draw_from_nuclei(blocks: torch.Tensor, targets: torch.Tensor, top_p: float) -> torch.Tensor:
    """One token id for each row of probabilities (rows, blocks, BLOCK), from a few of its blocks where they will do.

    Those with the highest maxima have all that is likelier than the lowest of these maxima. If a nucleus ends above
    that, no other block has a part of it.
    """
    import torch

    count = blocks.shape[1]
    bounds, chosen = blocks.amax(-1).topk(min(FIRST_BLOCKS, count))
    chosen = chosen.sort().values  # in the order of the vocabulary
    near = blocks[torch.arange(len(blocks), device=blocks.device)[:, None], chosen]
    floors = _nucleus_floors(near.flatten(1), top_p)
    drawn = _invert(near * (near >= floors[:, :, None]), targets)
    tokens = chosen.gather(1, (drawn // BLOCK)[:, None]).squeeze(1) * BLOCK + drawn % BLOCK
    if count > FIRST_BLOCKS and (wide := (floors <= bounds[:, -1:]).squeeze(1)).any():
        rows = blocks[wide]
        floors = _nucleus_floors(rows.flatten(1), top_p)
        tokens[wide] = _invert(rows * (rows >= floors[:, :, None]), targets[wide])
    return tokens


def _nucleus_floors(weights: torch.Tensor, top_p: float) -> torch.Tensor:
    """The smallest weight in the nucleus of each row (rows, n): shape (rows, 1)."""
    import torch

    if weights.device.type == "cpu":  # where NumPy sorts sixteen times as fast as torch
        ordered = torch.from_numpy(np.sort(weights.numpy(), -1))
    else:
        ordered = weights.sort(-1).values
    sums = ordered.cumsum(-1, dtype=torch.float64)
    first = torch.searchsorted(sums, sums[:, -1:] - top_p, right=True)  # of those beyond which less than top_p is left
    return ordered.gather(1, first.clamp(max=ordered.shape[1] - 1))


def _invert(blocks: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The index in each row of weights (rows, blocks, BLOCK) at which their running sum passes `targets` of the sum."""
    import torch

    ends = blocks.sum(-1).double().cumsum(-1)
    target = targets[:, None] * ends[:, -1:]
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
