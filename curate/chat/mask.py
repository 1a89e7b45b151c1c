"""From conversations to their tokens and their assistant masks.

    text   = the template's rendering                        (rendering.py)
    spans  = the characters of it that the model writes      (scaffold.py, learnt by turns.py once per shape)
    tokens = the tokenizer's, with the characters of each
    mask   = 1 for every token that holds a part of a span

The mask is that of the supervised loss, L = -(1/|A|) sum_t m_t log p(x_t | x_<t), with m_t = 1 on what the model
writes at inference and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import chain, islice, pairwise, repeat
from typing import NamedTuple

import numpy as np

from curate.chat.rendering import Renderer, Tools
from curate.chat.scaffold import ContentChanged, Message, Scaffold, Shape, Span, shape_of, text_in
from curate.chat.turns import learn_scaffold
from curate.errors import CurateError

SCAFFOLDS = 4096  # that are kept: every tool call makes a shape of its own
BATCH = 500  # conversations that are tokenized in one call


class Tokenized(NamedTuple):
    """A rendered conversation; `assistant_mask` is 1 on the tokens that the model writes at inference, else 0."""

    text: str
    input_ids: list[int]
    assistant_mask: list[int]

    @property
    def last_turn_mask(self) -> list[int]:
        """The mask with nothing but its last run of ones: what the model writes in its last turn."""
        mask = self.assistant_mask
        end = max((token + 1 for token, bit in enumerate(mask) if bit), default=0)
        begin = max((token + 1 for token in range(end) if not mask[token]), default=0)
        return [0] * begin + mask[begin:]


class Rendered(NamedTuple):
    """The text of a conversation, and the spans of it that the model itself writes, one for each assistant turn."""

    text: str
    spans: list[Span]


class Encoded(NamedTuple):
    """The tokens of several texts: their ids, and the characters of each."""

    ids: Sequence[list[int]]
    offsets: Sequence[Sequence[Span]]


class Masker:
    """Makes the tokens and masks of conversations in one template; learns the scaffold of each shape once."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._scaffold = lru_cache(maxsize=SCAFFOLDS)(self._learn)

    def tokenize(self, messages: Sequence[Message], tools: Tools | None = None) -> Tokenized:
        """Text, tokens and assistant mask of a conversation; raises CurateError as `ChatTemplate.tokenize` says."""
        rendered = self._render(messages, tools)
        (tokenized,) = _join([rendered], self._encode([rendered.text]))
        return tokenized

    def tokenize_all(
        self, conversations: Iterable[Sequence[Message]], tools: Iterable[Tools | None] | None = None
    ) -> Iterator[Tokenized | CurateError]:
        """What `tokenize` returns or raises for each conversation and its tools, in their order.

        While the tokenizer encodes a batch, which leaves Python free, the next one is rendered.
        """
        waiting = zip(conversations, repeat(None) if tools is None else tools, strict=False)
        with ThreadPoolExecutor(1) as encoder:
            before: tuple[list[Rendered | CurateError], Future[Encoded]] | None = None
            while batch := list(islice(waiting, BATCH)):
                attempts = [self._attempt(*conversation) for conversation in batch]
                texts = [attempt.text for attempt in attempts if isinstance(attempt, Rendered)]
                current = attempts, encoder.submit(self._encode, texts)
                if before:
                    yield from _results(*before)
                before = current
            if before:
                yield from _results(*before)

    def _attempt(self, messages: Sequence[Message], tools: Tools | None) -> Rendered | CurateError:
        try:
            return self._render(messages, tools)
        except CurateError as error:
            return error

    def _render(self, messages: Sequence[Message], tools: Tools | None) -> Rendered:
        if not self._renderer.tokenizer.is_fast:
            raise CurateError(
                f"the tokenizer {self._renderer.name} is a slow one and gives no character offsets, which the "
                "assistant mask needs; use its fast version"
            )
        text = self._renderer.render(messages, tools=tools)
        scaffold = self._scaffold(shape_of(messages), json.dumps(tools) if tools else "")
        try:
            return Rendered(text, scaffold.spans(text, [text_in(messages, slot) for slot in scaffold.slots]))
        except ContentChanged as changed:
            index, field = scaffold.slots[changed.slot]
            raise self._renderer.fault(
                f"changes the {field} of message {index + 1} of {len(messages)} ({messages[index]['role']}), so the "
                "assistant's part cannot be told apart; remove the markup that the template reads from it (reasoning "
                "belongs in reasoning_content)"
            ) from changed

    def _learn(self, shape: Shape, tools: str) -> Scaffold:
        return learn_scaffold(self._renderer, shape, json.loads(tools) if tools else None)

    def _encode(self, texts: list[str]) -> Encoded:
        if not texts:
            return Encoded([], [])
        encoded = self._renderer.tokenizer(
            texts, add_special_tokens=False, return_attention_mask=False, return_token_type_ids=False, verbose=False
        )
        return Encoded(encoded["input_ids"], [encoding.offsets for encoding in encoded.encodings])


def _results(
    attempts: Sequence[Rendered | CurateError], encoding: Future[Encoded]
) -> Iterator[Tokenized | CurateError]:
    """The attempts with the tokens of those that are rendered, and the errors in their places."""
    tokenized = iter(_join([attempt for attempt in attempts if isinstance(attempt, Rendered)], encoding.result()))
    for attempt in attempts:
        yield next(tokenized) if isinstance(attempt, Rendered) else attempt


def _join(rendered: Sequence[Rendered], encoded: Encoded) -> list[Tokenized]:
    texts = [text for text, _ in rendered]
    masks = token_masks(texts, encoded.offsets, [spans for _, spans in rendered])
    return [Tokenized(*parts) for parts in zip(texts, encoded.ids, masks, strict=True)]


def token_masks(
    texts: Sequence[str], offsets: Sequence[Sequence[Span]], spans: Sequence[Sequence[Span]]
) -> list[list[int]]:
    """For each text, 1 for every token that holds a part of a span, else 0; spans are in order and do not overlap.

    A token that begins before the span counts if it holds more than whitespace of it: a role marker may swallow the
    whitespace after it, and is still not what the model wrote. A token reaches back to the end of the token before it,
    since some tokenizers leave the whitespace that a token begins with out of its offsets.
    """
    joined = "\n".join(texts)  # one text of all: offsets and spans count from its beginning, and stay in order
    origins = np.cumsum([0, *(len(text) + 1 for text in texts)])[:-1]
    counts = [len(tokens) for tokens in offsets]
    origin = np.repeat(origins, counts)
    own_start, own_end = _pairs(offsets).T + origin
    end = np.maximum.accumulate(own_end)
    reached = np.maximum(np.concatenate(([0], end[:-1])), origin)
    start = np.minimum(own_start, reached)
    first, last = (_pairs(spans) + np.repeat(origins, [len(own) for own in spans])[:, None]).T
    current = np.searchsorted(last, np.maximum.accumulate(start), side="right")  # the first span that is not yet over
    first, last = np.append(first, len(joined) + 1), np.append(last, len(joined) + 1)
    inside = first[current] <= start
    for token in np.flatnonzero(~inside & (first[current] < end)):
        span = current[token]
        inside[token] = bool(joined[first[span] : min(end[token], last[span])].strip())
    mask = inside.astype(int).tolist()
    bounds = np.cumsum([0, *counts]).tolist()
    return [mask[begin:stop] for begin, stop in pairwise(bounds)]


def _pairs(spans: Sequence[Sequence[Span]]) -> np.ndarray:
    """All spans in a row, int64 of shape (n, 2)."""
    return np.fromiter(chain.from_iterable(chain.from_iterable(spans)), np.int64).reshape(-1, 2)
