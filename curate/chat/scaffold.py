"""The text that a chat template writes around the contents of a conversation, learnt from one rendering.

Every content is replaced by a sentinel of its own; what is left between the sentinels is the scaffold. A real rendering
of the same shape is the same scaffold with the real contents in the slots, so their character spans follow by
matching, and the match proves itself: scaffold and contents must add up to the whole text.

Comparing renderings of growing prefixes is not enough: many templates change earlier turns when a later one comes
(reasoning is dropped, an end-of-text token moves).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

_SENTINEL = re.compile(r"sentinel-(\d+)-(content|reasoning)-q7xk")


class Slot(NamedTuple):
    """A place that holds a text of a conversation: the message's index, and which of its two texts."""

    message: int
    field: str

    @property
    def sentinel(self) -> str:
        return f"sentinel-{self.message}-{self.field}-q7xk"


class Cut(NamedTuple):
    """A rendering cut at its sentinels: `gaps[i]`, `slots[i]`, `gaps[i + 1]`, and so on; one gap more than slots."""

    gaps: list[str]
    slots: list[Slot]

    def after(self, slot: Slot) -> str:
        """The text from `slot` to the next slot, or to the end."""
        return self.gaps[self.slots.index(slot) + 1]


def cut(text: str) -> Cut:
    """Cuts a rendering at every sentinel in it, in the order of the text."""
    parts = _SENTINEL.split(text)
    return Cut(parts[::3], [Slot(int(index), field) for index, field in zip(parts[1::3], parts[2::3], strict=True)])


class Mark(NamedTuple):
    """A position in a scaffold that stays right whatever the contents are: `offset` characters into a gap."""

    gap: int
    offset: int


@dataclass(frozen=True)
class Scaffold:
    """The gaps and slots of one shape of conversation, and what the model itself writes in each assistant turn."""

    gaps: Sequence[str]
    slots: Sequence[Slot]
    written: Sequence[tuple[Mark, Mark]]

    def gap_starts(self, text: str, contents: Sequence[str]) -> list[int]:
        """Where each gap begins in `text`, whose slots hold `contents` (whitespace at their ends may be stripped).

        Raises ContentChanged with the index of the slot at which text and scaffold cease to agree.
        """
        paths = {0: [0]} if text.startswith(self.gaps[0]) else {}
        blame = 0
        for index, content in enumerate(contents):
            gap = self.gaps[index + 1]
            onward: dict[int, list[int]] = {}
            for path in paths.values():
                begin = path[-1] + len(self.gaps[index])
                for form in _forms(content):
                    end = begin + len(form)
                    if text.startswith(form, begin):
                        blame = min(index + 1, len(contents) - 1)
                        if text.startswith(gap, end):
                            onward.setdefault(end, [*path, end])
            paths = onward
        for path in paths.values():
            if path[-1] + len(self.gaps[-1]) == len(text):
                return path
        raise ContentChanged(blame)

    def spans(self, text: str, contents: Sequence[str]) -> list[tuple[int, int]]:
        """The character spans of `text` that the model itself writes, one for each assistant turn."""
        starts = self.gap_starts(text, contents)
        return [(starts[a.gap] + a.offset, starts[b.gap] + b.offset) for a, b in self.written]


class ContentChanged(Exception):
    """The rendering does not hold the content of this slot as it was given."""

    def __init__(self, slot: int) -> None:
        super().__init__(slot)
        self.slot = slot


def _forms(content: str) -> Iterable[str]:
    """The content as given, and as the templates strip it; as given comes first."""
    forms = [content]
    if content != content.strip():
        for characters in (None, "\n"):
            forms += [content.strip(characters), content.lstrip(characters), content.rstrip(characters)]
    return dict.fromkeys(forms)


def shared_start(one: str, other: str) -> int:
    """How many characters the two texts have in common at their beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def token_mask(text: str, offsets: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]]) -> list[int]:
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
