"""The decoding loop of the `transformers` backend: prompts in, the tokens that continue them out.

A row that has ended makes room for a prompt that waits (continuous batching). `generate` of transformers prefills a
prompt once for every sample, and computes every row until the last one has finished.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from curate.models.grammar import mask as grammar_mask
from curate.models.in_process.sampling import draw, streams, uniforms

if TYPE_CHECKING:
    from llguidance import LLMatcher

    from curate.models.in_process.slots import Batch


@dataclass
class Row:
    """One sample of a prompt, and the tokens that it has so far; `limit` is how many it may have."""

    number: int  # of the prompt
    token_ids: Sequence[int]
    seed: int
    sample: int
    limit: int
    matcher: LLMatcher | None = None  # of the grammar that holds all rows of a batch, or none of them
    tokens: list[int] = field(default_factory=list)
    finished: bool = False  # by a stop token, which is left out of `tokens`, or by the end of the grammar

    def __post_init__(self) -> None:
        """Its stream of random numbers."""
        self.stream = streams([self.seed], [self.sample])[0]

    @property
    def over(self) -> bool:
        """Whether nothing more is to come."""
        return self.finished or len(self.tokens) >= self.limit

    @property
    def last(self) -> int:
        """The token that is to be read next."""
        return self.tokens[-1] if self.tokens else self.token_ids[-1]

    def append(self, token: int, stop: set[int]) -> None:
        """Takes the next token."""
        if token in stop:
            self.finished = True
            return
        self.tokens.append(token)
        if self.matcher:
            self.matcher.consume_token(token)
            self.finished = self.matcher.is_stopped()


@dataclass(frozen=True)
class Memory:
    """What a batch may take, in bytes, and what it takes."""

    free: int
    token: int  # of a row, in the cache
    prompt_token: int  # of a row, while its prompt is read
    row: int

    def rows(self, prompt: int, limit: int) -> int:
        """How many rows fit when the longest prompt has so many tokens, and the longest text."""
        return self.free // (self.token * (prompt + limit) + self.prompt_token * prompt + self.row)


def decode(
    batch: Batch,
    waiting: deque[Row],
    memory: Memory,
    ended: Callable[[int], Iterable[Row]],
    *,
    stop: set[int],
    temperature: float,
    top_p: float,
) -> None:
    """Fills `tokens` and `finished` of each row; equal prompts that come in together share their prefill.

    `ended` is called with the number of each prompt of which a row has ended, and gives rows that go in next.
    """
    rows: list[Row] = []
    while True:
        going = [row for row in rows if not row.over]
        new = _admitted(going, waiting, memory) if batch.joins or not going else []
        if new or len(going) < len(rows):
            plan = _plan(rows, new)
            if not plan:
                return
            batch.arrange([row if isinstance(row, int) else tuple(row.token_ids[:-1]) for row in plan])
            rows = [rows[row] if isinstance(row, int) else row for row in plan]
        logits = batch.step([row.last for row in rows])
        if matchers := [row.matcher for row in rows if row.matcher]:
            logits = grammar_mask(logits, matchers)
        drawn = np.array([len(row.tokens) for row in rows], np.uint64)
        numbers = uniforms(np.array([row.stream for row in rows]), drawn)
        for row, token in zip(rows, draw(logits, numbers, temperature, top_p).tolist(), strict=True):
            row.append(token, stop)
        over = dict.fromkeys(row.number for row in rows if row.over)
        waiting.extendleft(reversed([row for number in over for row in ended(number)]))


def _admitted(going: Sequence[Row], waiting: deque[Row], memory: Memory) -> list[Row]:
    """The next of those that wait, as many as fit beside those that go on: one, if none goes on."""
    new: list[Row] = []
    prompt = max((len(row.token_ids) for row in going), default=0)
    limit = max((row.limit for row in going), default=0)
    while waiting:
        prompt, limit = max(prompt, len(waiting[0].token_ids)), max(limit, waiting[0].limit)
        count = len(going) + len(new)
        if count and count >= memory.rows(prompt, limit):
            break
        new.append(waiting.popleft())
    return new


def _plan(rows: Sequence[Row], new: Sequence[Row]) -> list[int | Row]:
    """The batch to come: the indices of the rows that go on, and new ones in the place of those that are over.

    Where fewer come than are over, the last rows move up.
    """
    coming = deque(new)
    plan: list[int | Row | None] = [
        index if not row.over else coming.popleft() if coming else None for index, row in enumerate(rows)
    ]
    plan += coming
    while None in plan:
        last = plan.pop()
        if last is not None:
            plan[plan.index(None)] = last
    return [entry for entry in plan if entry is not None]
