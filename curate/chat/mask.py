"""From a conversation to its tokens and its assistant mask.

    text   = the template's rendering                        (rendering.py)
    spans  = the characters of it that the model writes      (scaffold.py, learnt by turns.py once per shape)
    tokens = the tokenizer's, with the characters of each
    mask   = 1 for every token that holds a part of a span

The mask is that of the supervised loss, L = -(1/|A|) sum_t m_t log p(x_t | x_<t), with m_t = 1 on what the model
writes at inference and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curate.chat.rendering import Renderer
from curate.chat.scaffold import ContentChanged, Message, Scaffold, Shape, Span, shape_of, text_in
from curate.chat.turns import learn_scaffold
from curate.errors import CurateError


@dataclass(frozen=True)
class Tokenized:
    """A rendered conversation; `assistant_mask` is 1 on the tokens that the model writes at inference, else 0."""

    text: str
    input_ids: list[int]
    assistant_mask: list[int]


class Masker:
    """Makes the tokens and masks of conversations in one template; learns the scaffold of each shape once."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._scaffolds: dict[Shape, Scaffold] = {}

    def tokenize(self, messages: Sequence[Message]) -> Tokenized:
        """Text, tokens and assistant mask of a conversation; raises CurateError as `ChatTemplate.tokenize` says."""
        tokenizer = self._renderer.tokenizer
        if not tokenizer.is_fast:
            raise CurateError(
                f"the tokenizer {self._renderer.name} is a slow one and gives no character offsets, which the "
                "assistant mask needs; use its fast version"
            )
        text = self._renderer.render(messages)
        spans = self._written(text, messages)
        encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        return Tokenized(text, list(encoded["input_ids"]), token_mask(text, encoded["offset_mapping"], spans))

    def _written(self, text: str, messages: Sequence[Message]) -> list[Span]:
        """The spans of the rendering `text` that the model itself writes, one for each assistant turn."""
        scaffold = self._scaffold(shape_of(messages))
        try:
            return scaffold.spans(text, [text_in(messages, slot) for slot in scaffold.slots])
        except ContentChanged as changed:
            index, field = scaffold.slots[changed.slot]
            raise self._renderer.fault(
                f"changes the {field} of message {index + 1} of {len(messages)} ({messages[index]['role']}), so the "
                "assistant's part cannot be told apart; remove the markup that the template reads from it (reasoning "
                "belongs in reasoning_content)"
            ) from changed

    def _scaffold(self, shape: Shape) -> Scaffold:
        if shape not in self._scaffolds:
            self._scaffolds[shape] = learn_scaffold(self._renderer, shape)
        return self._scaffolds[shape]


def token_mask(text: str, offsets: Sequence[Span], spans: Sequence[Span]) -> list[int]:
    """1 for every token that holds a part of a span, else 0; `spans` are in order and do not overlap.

    A token that begins before the span counts if it holds more than whitespace of it: a role marker may swallow the
    whitespace after it, and is still not what the model wrote. A token reaches back to the end of the token before it,
    since some tokenizers leave the whitespace that a token begins with out of its offsets.
    """
    mask: list[int] = []
    reached, current = 0, 0
    for own_start, own_end in offsets:
        start, end = min(own_start, reached), max(own_end, reached)
        reached = end
        while current < len(spans) and spans[current][1] <= start:
            current += 1
        inside = False
        if current < len(spans):
            first, last = spans[current]
            inside = first <= start or bool(text[first : min(end, last)].strip())
        mask.append(int(inside))
    return mask
