"""The pre-query prefix of MAGPIE (arXiv 2406.08464): after it, an aligned model writes the instruction itself."""

from __future__ import annotations

from collections.abc import Sequence

from curate.chat.rendering import Renderer, Tools
from curate.chat.scaffold import Message, Slot, cut
from curate.errors import CurateError


def prefix_after(renderer: Renderer, messages: Sequence[Message] = (), tools: Tools | None = None) -> str:
    """All that stands before the user's content in the turn after `messages`.

    Raises CurateError if `messages` end with a user turn, or if the template cannot be cut at a user's content.
    """
    if messages and messages[-1]["role"] == "user":
        raise CurateError("these messages end with a user turn; it needs an answer before the next user turn")
    slot = Slot(len(messages), "content")
    text = renderer.render([*messages, {"role": "user", "content": slot.sentinel}], tools=tools)
    renderer.require(cut(text), slot, "user")
    return text.partition(slot.sentinel)[0]
