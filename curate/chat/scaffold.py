"""The text that a chat template writes around the contents of a conversation, learnt from one rendering.

Every content is replaced by a sentinel of its own; what is left between the sentinels is the scaffold. A real rendering
of the same shape is the same scaffold with the real contents in the slots, so their character spans follow by
matching, and the match proves itself: scaffold and contents must add up to the whole text.

Comparing renderings of growing prefixes is not enough: many templates change earlier turns when a later one comes
(reasoning is dropped, an end-of-text token moves).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, NamedTuple, TypeAlias

Message: TypeAlias = Mapping[str, Any]
Span: TypeAlias = tuple[int, int]  # the characters from the first up to the second

_SENTINEL = re.compile(r"sentinel-(\d+)-(content|reasoning|result)-q7xk")


class Slot(NamedTuple):
    """Where a text of a conversation goes: the message's index, and which of its two texts."""

    message: int
    field: str  # content, reasoning, or result: the content of a tool turn, which a template may write as a JSON string

    @property
    def sentinel(self) -> str:
        return f"sentinel-{self.message}-{self.field}-q7xk"


class TurnShape(NamedTuple):
    """What decides the text that a template writes around a message.

    A blank content belongs to it, as it is: templates write something else around an empty turn. So do tool calls.
    """

    role: str
    blank: str | None  # the content, if it is empty or whitespace
    has_reasoning: bool
    rest: str = ""  # the keys of `REST` that the message has, as JSON text


REST = ("tool_calls", "tool_call_id", "name")

Shape: TypeAlias = tuple[TurnShape, ...]  # of a conversation


def shape_of(messages: Sequence[Message]) -> Shape:
    """The shape of a conversation, which decides its scaffold."""
    return tuple(
        TurnShape(
            message["role"],
            None if message["content"].strip() else message["content"],
            has_reasoning(message),
            json.dumps(rest) if (rest := rest_of(message)) else "",
        )
        for message in messages
    )


def rest_of(message: Message) -> dict[str, Any]:
    """What a template sees of the message besides its role and texts: its tool calls, without null entries."""
    rest = {key: message[key] for key in REST if message.get(key)}
    if "tool_calls" in rest:
        calls = rest["tool_calls"]
        rest["tool_calls"] = [{key: value for key, value in call.items() if value is not None} for call in calls]
    return rest


def content_slot(index: int, role: str) -> Slot:
    """Where the content of the message at `index` goes."""
    return Slot(index, "result" if role == "tool" else "content")


def has_reasoning(message: Message) -> bool:
    """Whether a template has reasoning to show of this message."""
    return message["role"] == "assistant" and bool((message.get("reasoning_content") or "").strip())


def text_in(messages: Sequence[Message], slot: Slot) -> str:
    """The text of the conversation that goes into this slot."""
    return str(messages[slot.message]["reasoning_content" if slot.field == "reasoning" else "content"])


def sentinels(shape: Shape) -> list[dict[str, Any]]:
    """A conversation of this shape, with sentinels for its texts."""
    messages = []
    for index, turn in enumerate(shape):
        content = content_slot(index, turn.role).sentinel if turn.blank is None else turn.blank
        message: dict[str, Any] = {"role": turn.role, "content": content}
        if turn.rest:
            message |= json.loads(turn.rest)
        if turn.has_reasoning:
            message["reasoning_content"] = Slot(index, "reasoning").sentinel
        messages.append(message)
    return messages


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
                for form in _forms(content, self.slots[index].field):
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

    def spans(self, text: str, contents: Sequence[str]) -> list[Span]:
        """The character spans of `text` that the model itself writes, one for each assistant turn."""
        starts = self.gap_starts(text, contents)
        return [(starts[begin.gap] + begin.offset, starts[end.gap] + end.offset) for begin, end in self.written]


class ContentChanged(Exception):
    """The rendering does not hold the content of this slot as it was given."""

    def __init__(self, slot: int) -> None:
        super().__init__(slot)
        self.slot = slot


def _forms(content: str, field: str) -> Iterable[str]:
    """The content as given, and as the templates strip it; as given comes first. A tool's result also as JSON text."""
    forms = [content]
    if content != content.strip():
        for characters in (None, "\n"):
            forms += [content.strip(characters), content.lstrip(characters), content.rstrip(characters)]
    if field == "result":
        forms += [json.dumps(form, ensure_ascii=False)[1:-1] for form in forms]
    return dict.fromkeys(forms)


def shared_start(first: str, second: str) -> int:
    """How many characters the two texts have in common at their beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
