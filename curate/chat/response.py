"""What a model wrote after the generation prompt, divided into its reasoning and its answer.

The marks around the reasoning are the template's own: what it writes around two sentinels, one in place of the
reasoning and one in place of the content. A generation prompt may open the reasoning already (DeepSeek-R1, Qwen3.5),
close it at once (a template's switch for answers without thinking), or leave it to the model (Qwen3, gpt-oss).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from curate.chat.rendering import Renderer
from curate.chat.scaffold import Slot, cut, shared_start

_CLOSER = re.compile(r"[<\[]/\w+[>\]]")


class Response(NamedTuple):
    """An answer and the reasoning before it; reasoning and no content is reasoning that never came to an answer."""

    content: str
    reasoning_content: str | None


@dataclass(frozen=True)
class Marks:
    """What stands before the reasoning, between it and the content, and before a content without reasoning.

    `prompt` says what the generation prompt did: it left the choice to the model, opened the reasoning, or closed it.
    """

    opening: str
    between: str
    plain: str
    prompt: Literal["choice", "open", "closed"]

    def parse(self, text: str) -> Response:
        """Divides what a model wrote after the generation prompt; white space around the marks is no matter."""
        text = text.strip()
        if self.prompt == "choice" and self.opening and text.startswith(self.opening):
            text = text[len(self.opening) :]
        elif self.prompt != "open":
            return Response(text.removeprefix(self.plain).strip(), None)
        reasoning, _, content = text.partition(self.between)
        return Response(content.strip(), reasoning.strip() or None)


def marks_of(renderer: Renderer) -> Marks:
    """The marks of this template, found by rendering."""
    prompt = renderer.probe("user", prompt=True).gaps[-1]
    plain = renderer.probe("user", "assistant").gaps[1]
    plain = plain[shared_start(prompt, plain) :].strip()
    if renderer.reasoning_key is None:
        return _marks_of_dropped(renderer, prompt, plain)
    turn = renderer.probe("user", "assistant", reasoning=True)
    reasoning = Slot(1, "reasoning")
    before, between = turn.gaps[turn.slots.index(reasoning)], turn.after(reasoning).strip()
    shared = shared_start(prompt, before)
    opening, beyond = before[shared:].strip(), prompt[shared:].strip()
    if beyond or not between:  # where nothing but white space follows the reasoning, its end cannot be told
        return Marks(opening, between, plain, "closed")
    return Marks(opening, between, plain, "choice" if opening else "open")


def _marks_of_dropped(renderer: Renderer, prompt: str, plain: str) -> Marks:
    """The marks of a template that has no place for reasoning: those up to which it takes it out of a content."""
    reasoning, content = Slot(1, "reasoning"), Slot(1, "content")
    for closer in filter(_CLOSER.fullmatch, renderer.control.ids):
        answer = {"role": "assistant", "content": f"{reasoning.sentinel}{closer}{content.sentinel}"}
        if cut(renderer.render([{"role": "user", "content": "u"}, answer])).slots == [content]:
            opener = closer.replace("/", "", 1)
            opened = prompt.rstrip().endswith(opener)
            return Marks(opener, closer, plain, "open" if opened else "closed" if closer in prompt else "choice")
    return Marks("", "", plain, "closed")
