"""Where the model's own part of an assistant turn begins and ends, learnt by rendering conversations of sentinels."""

from __future__ import annotations

from itertools import takewhile

from curate.chat.control import ControlTokens
from curate.chat.rendering import Renderer
from curate.chat.scaffold import Cut, Mark, Scaffold, Shape, shared_start
from curate.errors import CurateError


def learn_scaffold(renderer: Renderer, shape: Shape) -> Scaffold:
    """The scaffold of the conversations of this shape; raises CurateError where no mask can be derived from it."""
    whole = renderer.cut_shape(shape)
    written = []
    for turn, (role, *_) in enumerate(shape):
        if role == "assistant":
            begin = _begin(renderer, whole, shape, turn)
            written.append((begin, _end(renderer, whole, shape, turn, begin)))
    return Scaffold(whole.gaps, whole.slots, written)


def _begin(renderer: Renderer, whole: Cut, shape: Shape, turn: int) -> Mark:
    """Where the model begins to write: as far as the generation prompt before this turn is part of it."""
    if turn == 0:
        raise CurateError("a conversation cannot begin with an assistant turn; put a user turn before it")
    before = renderer.cut_shape(shape[:turn], prompt=True)
    if not before.slots:
        return Mark(0, shared_start(before.gaps[0], whole.gaps[0]))
    previous = before.slots[-1]
    if previous not in whole.slots:
        raise renderer.fault(f"forgets what message {previous.message + 1} says once other messages follow it")
    gap = whole.slots.index(previous) + 1
    return Mark(gap, shared_start(before.gaps[-1], whole.gaps[gap]))


def _end(renderer: Renderer, whole: Cut, shape: Shape, turn: int, begin: Mark) -> Mark:
    """Where the turn ends: all that the template writes after a last turn, else its end without the next's head."""
    if turn == len(shape) - 1:
        return Mark(len(whole.gaps) - 1, len(whole.gaps[-1]))
    own = [index + 1 for index, slot in enumerate(whole.slots) if slot.message == turn]
    gap, offset = (own[-1], 0) if own else begin
    as_last = renderer.cut_shape(shape[: turn + 1]).gaps[-1]
    end = _turn_end(renderer.control, as_last[offset:], whole.gaps[gap][offset:])
    return Mark(gap, offset + end)


def _turn_end(control: ControlTokens, last: str, followed: str) -> int:
    """How much of `followed`, what stands between two turns, ends the first; `last` ends it where none follows.

    It is what the two have in common, in whole control tokens. A turn that has no end of its own is ended by the
    control token that begins the next one: that is what the model writes to stop.
    """
    if followed.startswith(last):
        end = len(last)
    else:
        pieces = zip(filter(None, control.split(last)), filter(None, control.split(followed)), strict=False)
        end = sum(len(piece) for piece, _ in takewhile(lambda pair: pair[0] == pair[1], pieces))
    if not control.pattern.search(followed[:end]) and (token := control.leading(followed[end:])):
        end += token.end()
    return end
