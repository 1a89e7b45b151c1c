"""The keys and values of a running batch, in rows that new prompts can take while the others go on.

A row's tokens end in the last column that is filled, however many they are: a step then writes one column, and two
columns are as far apart as their tokens, which is what a sliding window needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, TypeAlias

import torch
from transformers.cache_utils import Cache, DynamicLayer

BLOCK = 64  # columns that new buffers have free: copying what they hold costs about as much as a step
KINDS = {"full_attention", "sliding_attention"}  # of layers: what they see depends on how far tokens are apart
TOLERANCE = 0.1  # RMS error of the logits in the trial, in standard deviations; bfloat16 stays below it

Plan: TypeAlias = Sequence[int | tuple[int, ...]]
"""The rows of the batch to come: one of the batch before, by its index, or a new one, by all tokens but its last."""
States: TypeAlias = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of a token sequence, by layer: (heads, tokens, width)."""


class Batch:
    """The rows of a batch in the cache that its model makes: any model, but none comes in while others go on."""

    joins = False

    def __init__(self, model: Any) -> None:
        self._model = model
        self._cache: Any = None
        self._width = 0  # columns that are filled
        self._lengths: list[int] = []  # tokens of each row, which are in the last columns

    def arrange(self, plan: Plan) -> None:
        """Makes the batch that `plan` says: some of the rows, or nothing but new ones."""
        if kept := [entry for entry in plan if isinstance(entry, int)]:
            self._cache.reorder_cache(torch.tensor(kept, device=self._model.device))
            self._lengths = [self._lengths[row] for row in kept]
        else:
            self._prefill([entry for entry in plan if not isinstance(entry, int)])

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """The logits (rows, vocabulary) after one more token of each row."""
        lengths = torch.tensor(self._lengths, device=self._model.device)[:, None]
        output = self._model(
            input_ids=torch.tensor(tokens, device=lengths.device)[:, None],
            attention_mask=(torch.arange(self._width + 1, device=lengths.device) >= self._width - lengths).long(),
            position_ids=lengths,
            past_key_values=self._cache,
            use_cache=True,
        )
        self._cache = output.past_key_values
        self._width += 1
        self._lengths = [length + 1 for length in self._lengths]
        logits: torch.Tensor = output.logits[:, -1]
        return logits

    def _prefill(self, prompts: Sequence[tuple[int, ...]]) -> None:
        """Reads the prompts, padded on the left; equal ones once."""
        self._lengths = [len(prompt) for prompt in prompts]
        self._cache, self._width = None, max(self._lengths)
        if not self._width:
            return
        unique = list(dict.fromkeys(prompts))
        ids = torch.tensor([[0] * (self._width - len(prompt)) + list(prompt) for prompt in unique])
        mask = torch.tensor([[0] * (self._width - len(prompt)) + [1] * len(prompt) for prompt in unique])
        ids, mask = ids.to(self._model.device), mask.to(self._model.device)
        self._cache = self._model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(-1) - 1).clamp(min=0),
            use_cache=True,
            logits_to_keep=1,
        ).past_key_values
        numbers = {prompt: number for number, prompt in enumerate(unique)}
        self._cache.reorder_cache(torch.tensor([numbers[prompt] for prompt in prompts], device=ids.device))


class Slots(Batch):
    """The rows of a batch of which a new one can take the place of any other, and shares what an equal one has."""

    joins = True

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self._cache = Columns()
        self._prompts: list[tuple[int, ...]] = []

    def arrange(self, plan: Plan) -> None:
        """Makes the batch that `plan` says; a row that moves goes to a smaller index, and not to one that stays."""
        new = {row: entry for row, entry in enumerate(plan) if not isinstance(entry, int)}
        states = self._states(dict.fromkeys(prompt for prompt in new.values() if prompt))
        self._cache.move({row: entry for row, entry in enumerate(plan) if isinstance(entry, int) and entry != row})
        self._prompts = [self._prompts[entry] if isinstance(entry, int) else entry for entry in plan]
        self._lengths = [self._lengths[entry] if isinstance(entry, int) else len(entry) for entry in plan]
        self._width = max(self._lengths, default=0)
        self._cache.lay_out(len(plan), self._width)
        for prompt in states:
            self._cache.fill([row for row, other in new.items() if other == prompt], states[prompt])

    def step(self, tokens: Sequence[int]) -> torch.Tensor:
        """The logits (rows, vocabulary) after one more token of each row."""
        self._cache.lay_out(len(tokens), self._width)
        logits = super().step(tokens)
        self._cache.advance(1)
        return logits

    def _states(self, prompts: Iterable[tuple[int, ...]]) -> dict[tuple[int, ...], States]:
        """The keys and values of the prompts: of the rows that have them, or else computed, padded on the right."""
        rows = {prompt: row for row, prompt in enumerate(self._prompts)}
        states, missing = {}, []
        for prompt in prompts:
            if prompt in rows:
                states[prompt] = self._cache.states(rows[prompt], self._lengths[rows[prompt]], len(prompt))
            else:
                missing.append(prompt)
        if missing:
            longest = max(map(len, missing))
            ids = torch.tensor([[*prompt, *[0] * (longest - len(prompt))] for prompt in missing])
            cache = Columns()
            cache.lay_out(len(missing), 0, longest)
            self._model(input_ids=ids.to(self._model.device), past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache.advance(longest)
            states |= {prompt: cache.states(row, longest, len(prompt)) for row, prompt in enumerate(missing)}
        return states


class Columns(Cache):
    """What a model takes as its cache: for each layer, buffers (rows, heads, columns, width) of keys and of values.

    Before a row's first token stands what others have left, which a mask has to hide.
    """

    def __init__(self) -> None:
        super().__init__(layer_class_to_replicate=DynamicLayer)  # of which none is made
        self._buffers: States = []
        self._rows = self._columns = 0  # of the buffers
        self._width = self._end = 0  # the filled columns that are in use, and the first one after them

    def get_seq_length(self, layer_idx: int = 0) -> int:
        """The columns in use."""
        return self._width

    def get_mask_sizes(self, query_length: int, layer_idx: int) -> tuple[int, int]:
        """The columns in use when `query_length` more are written, and the number of those before them."""
        return self._width + query_length, 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Writes the next columns of a layer; gives all of its keys and values that are in use."""
        if layer_idx == len(self._buffers):
            self._buffers.append((self._new(key_states[0]), self._new(value_states[0])))
        rows, end = len(key_states), self._end + key_states.shape[2]
        keys, values = self._buffers[layer_idx]
        keys[:rows, :, self._end : end] = key_states
        values[:rows, :, self._end : end] = value_states
        begin = self._end - self._width
        return keys[:rows, :, begin:end], values[:rows, :, begin:end]

    def advance(self, columns: int) -> None:
        """Counts columns in that all layers have written."""
        self._end += columns
        self._width += columns

    def lay_out(self, rows: int, width: int, free: int = 1) -> None:
        """Has `rows` rows, `width` columns in use, the last of them as they are, and at least `free` to write."""
        if rows > self._rows or width > self._end or self._end + free > self._columns:
            used, kept = slice(self._end - min(width, self._end), self._end), min(rows, self._rows)
            self._rows, self._columns, self._end = rows, width + max(free, BLOCK), width
            for layer, (keys, values) in enumerate(self._buffers):  # in turn: one layer's old ones beside the new ones
                self._buffers[layer] = (self._copied(keys[:kept, :, used]), self._copied(values[:kept, :, used]))
        self._width = width

    def move(self, moves: dict[int, int]) -> None:
        """Puts into each row of `moves` what is in another."""
        if moves:
            for buffer in chain.from_iterable(self._buffers):
                buffer[list(moves)] = buffer[list(moves.values())]

    def states(self, row: int, length: int, count: int) -> States:
        """A copy of the keys and values of the first `count` of the `length` tokens of a row."""
        begin = self._end - length
        return [
            (keys[row, :, begin : begin + count].clone(), values[row, :, begin : begin + count].clone())
            for keys, values in self._buffers
        ]

    def fill(self, rows: list[int], states: States) -> None:
        """Puts these keys and values into the last columns in use of each of the rows."""
        for layer, pair in enumerate(states):
            if layer == len(self._buffers):
                self._buffers.append((self._new(pair[0]), self._new(pair[1])))
            for buffer, source in zip(self._buffers[layer], pair, strict=True):
                buffer[rows, :, self._end - source.shape[1] : self._end] = source

    def _new(self, states: torch.Tensor) -> torch.Tensor:
        """An empty buffer for such states (heads, tokens, width): zeros, for what is hidden is multiplied by 0."""
        return states.new_zeros(self._rows, states.shape[0], self._columns, states.shape[2])

    def _copied(self, states: torch.Tensor) -> torch.Tensor:
        buffer = self._new(states[0])
        buffer[: len(states), :, self._end - states.shape[2] : self._end] = states
        return buffer


def batch_of(model: Any) -> type[Batch]:
    """The kind of batch that `model` can have: `Slots` if in a trial they give the logits of its ordinary forward pass.

    They do not for a model with recurrent layers, or one that uses its cache in a way of its own.
    """
    config = model.config.get_text_config()
    if not set(getattr(config, "layer_types", None) or KINDS) <= KINDS:
        return Batch
    first, second = ([(start + 17 * n) % config.vocab_size for n in range(9)] for start in (211, 953))
    try:
        slots = Slots(model)
        slots.arrange([tuple(first[:3])])
        slots.step([first[3]])
        slots.arrange([0, tuple(second[:7])])  # it has more tokens than there are columns
        slots.step([first[4], second[7]])
        slots.arrange([tuple(first[:3]), 1])  # it takes what the row before it had
        logits = slots.step([first[3], second[8]])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, RuntimeError):  # it wants another cache
        return Batch
    texts = [torch.tensor([text], device=model.device) for text in (first[:4], second)]
    expected = torch.cat([model(input_ids=ids).logits[:, -1] for ids in texts]).float()
    error = (logits.float() - expected).square().mean().sqrt()
    return Slots if error <= TOLERANCE * expected.std() else Batch
