"""The tokens that end what a model writes: the control tokens that follow a turn's content, and end of text."""

from __future__ import annotations

from collections.abc import Sequence

from curate.chat.rendering import Renderer
from curate.chat.scaffold import Slot


def user_stops(renderer: Renderer) -> list[int]:
    """The tokens that end what a model writes after the pre-query prefix: the user turn's end, and end of text."""
    return _stops(renderer, [renderer.probe("user", "assistant").after(Slot(0, "content"))])


def assistant_stops(renderer: Renderer) -> list[int]:
    """The tokens that end an assistant turn, last or not, and end of text.

    A token that also stands between the reasoning and the content of one turn ends a part of it, not the turn.
    """
    reply = Slot(1, "content")
    last, followed = renderer.probe("user", "assistant"), renderer.probe("user", "assistant", "user")
    inner = ""
    if renderer.reasoning_key:
        inner = renderer.probe("user", "assistant", reasoning=True).after(Slot(1, "reasoning"))
    return _stops(renderer, [last.after(reply), followed.after(reply)], inner)


def _stops(renderer: Renderer, tails: Sequence[str], inner: str = "") -> list[int]:
    """The ids of the control tokens that the `tails` begin with, those in `inner` aside, and of end of text."""
    matches = [match for tail in tails if (match := renderer.control.leading(tail))]
    ids = [renderer.control.ids[match.group(1)] for match in matches if match.group(1) not in inner]
    if renderer.tokenizer.eos_token_id is not None:
        ids.append(renderer.tokenizer.eos_token_id)
    return list(dict.fromkeys(ids))
