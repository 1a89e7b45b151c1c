"""Where the model's own part of an assistant turn begins and ends, learnt by rendering conversations of sentinels."""

from __future__ import annotations

from itertools import takewhile

from curate.chat.control import ControlTokens
from curate.chat.rendering import Renderer, Tools
from curate.chat.scaffold import Cut, Mark, Scaffold, Shape, Slot, shared_start
from curate.errors import CurateError


def learn_scaffold(renderer: Renderer, shape: Shape, tools: Tools | None = None) -> Scaffold:
    """The scaffold of the conversations of this shape; raises CurateError where no mask can be derived from it."""
    whole = renderer.cut_shape(shape, tools=tools)
    written = []
    for turn, (role, *_) in enumerate(shape):
        if role == "assistant":
            begin = _begin(renderer, whole, shape, turn, tools)
            end = _end(renderer, whole, shape, turn, begin, tools)
            if any(slot.message != turn for slot in whole.slots[begin.gap : end.gap]):
                raise renderer.fault(f"writes other turns into message {turn + 1} ({role}), between calls and content")
            written.append((begin, end))
    return Scaffold(whole.gaps, whole.slots, written)


def _begin(renderer: Renderer, whole: Cut, shape: Shape, turn: int, tools: Tools | None) -> Mark:
    """Where the model begins to write: as far as the generation prompt before this turn is part of it."""
    if turn == 0:
        raise CurateError("a conversation cannot begin with an assistant turn; put a user turn before it")
    before = renderer.cut_shape(shape[:turn], prompt=True, tools=tools)
    if not before.slots:
        return Mark(0, _shared(renderer.control, before.gaps[0], whole.gaps[0]))
    previous = before.slots[-1]
    if previous not in whole.slots:
        raise renderer.fault(f"forgets what message {previous.message + 1} says once other messages follow it")
    gap = whole.slots.index(previous) + 1
    return Mark(gap, _shared(renderer.control, before.gaps[-1], whole.gaps[gap]))


def _shared(control: ControlTokens, prompt: str, whole: str) -> int:
    """How much of the generation prompt the finished turn begins with, in whole control tokens."""
    shared = shared_start(prompt, whole)
    cut_tokens = (token for token in control.pattern.finditer(prompt) if token.start() < shared < token.end())
    return next((token.start() for token in cut_tokens), shared)


def _end(renderer: Renderer, whole: Cut, shape: Shape, turn: int, begin: Mark, tools: Tools | None) -> Mark:
    """Where the turn ends: all that the template writes after a last turn, else its end without the next's head."""
    if turn == len(shape) - 1:
        return Mark(len(whole.gaps) - 1, len(whole.gaps[-1]))
    own = [index + 1 for index, slot in enumerate(whole.slots) if slot.message == turn]
    gap, offset = (own[-1], 0) if own else begin
    followed = whole.gaps[gap][offset:]
    as_last = renderer.cut_shape(shape[: turn + 1], tools=tools).gaps[-1][offset:]
    if not own and shape[turn].rest and not followed.startswith(as_last):
        return Mark(gap, offset + len(followed) - _next_head(renderer, shape, turn, tools))
    return Mark(gap, offset + _turn_end(renderer, as_last, followed, calls=bool(shape[turn].rest)))


def _next_head(renderer: Renderer, shape: Shape, turn: int, tools: Tools | None) -> int:
    """How much of the gap after a turn of calls alone belongs to the next turn, learnt with a content before the calls.

    As its last turn a template may begin it in another way, with marks of a reasoning that it does not have.
    """
    filled = (*shape[:turn], shape[turn]._replace(blank=None, has_reasoning=False), *shape[turn + 1 :])
    content = Slot(turn, "content")
    followed = renderer.cut_shape(filled, tools=tools).after(content)
    as_last = renderer.cut_shape(filled[: turn + 1], tools=tools).after(content)
    return len(followed) - _turn_end(renderer, as_last, followed, calls=True)


def _turn_end(renderer: Renderer, last: str, followed: str, *, calls: bool) -> int:
    """How much of `followed`, what stands between two turns, ends the first; `last` ends it where none follows.

    It is what the two have in common, in whole control tokens. A turn that has no end of its own is ended by the
    control token that begins the next one: that is what the model writes to stop. Around `calls` there are control
    tokens that end no turn, so whether turns have an end is seen in one without.
    """
    control = renderer.control
    if followed.startswith(last):
        end = len(last)
    else:
        pieces = zip(filter(None, control.split(last)), filter(None, control.split(followed)), strict=False)
        end = sum(len(piece) for piece, _ in takewhile(lambda pair: pair[0] == pair[1], pieces))
    ending = renderer.probe("user", "assistant").gaps[-1] if calls else followed[:end]
    if not control.pattern.search(ending) and (token := control.leading(followed[end:])):
        end += token.end()
    return end
