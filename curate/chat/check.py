"""What a user of a chat template should know before trusting it with a data set."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from curate.chat.prefix import prefix_after
from curate.chat.rendering import Renderer
from curate.chat.scaffold import Slot, shared_start
from curate.chat.stops import assistant_stops

MARKUP = "<&>\"'`\\ {{ }} é中🙂"  # what escaping and encoding would change


def findings(renderer: Renderer) -> list[str]:
    """One sentence for each peculiarity; none of them keeps the template from being used.

    Raises CurateError when it cannot be used: the template cannot be cut at a user's or an assistant's content.
    """
    prefix_after(renderer)
    renderer.generation_prompt([{"role": "user", "content": "u"}])
    renderer.probe("user", "assistant", "user", "assistant")
    rules = (_roles, _opening, _date, _contents, _reasoning, _history, _prompt, _ends, _offsets)
    return [finding for rule in rules for finding in rule(renderer)]


def _roles(renderer: Renderer) -> Iterator[str]:
    for role, why in renderer.unrendered_roles.items():
        yield f"takes no {role} turns: {why}"


def _opening(renderer: Renderer) -> Iterator[str]:
    """What comes before the first user turn, other than the beginning-of-text token."""
    first, _, between, _ = renderer.probe("user", "assistant", "user").gaps
    first = first.removeprefix(str(renderer.tokenizer.bos_token or ""))
    own = first[: len(first) - shared_start(first[::-1], between[::-1])]
    if own.strip():
        yield f"writes text of its own before the first user turn: {own!r}"


def _date(renderer: Renderer) -> Iterator[str]:
    date = renderer.date - datetime.timedelta(days=400)
    earlier = Renderer(renderer.tokenizer, date=date, options=renderer.options)
    if prefix_after(earlier) != prefix_after(renderer):
        yield f"prints the date, held at {renderer.date.isoformat()}"


def _contents(renderer: Renderer) -> Iterator[str]:
    """Whether contents stay as they are: whitespace at their ends, and characters that an escape would change."""
    for role, roles in (("system", ("system", "user")), ("user", ("user",)), ("assistant", ("user", "assistant"))):
        if role in renderer.unrendered_roles:
            continue
        probe = f"{MARKUP} {Slot(0, 'content').sentinel} {MARKUP}"
        contents = {role: f" \n{probe}\n "}
        text = renderer.render([{"role": name, "content": contents.get(name, "u")} for name in roles])
        if probe not in text:
            yield f"changes characters in the content of {role} turns; records with such characters are refused"
        elif f" \n{probe}\n " not in text:
            yield f"strips the whitespace at the ends of {role} turns"


def _reasoning(renderer: Renderer) -> Iterator[str]:
    if renderer.reasoning_key is None:
        yield "has no place for reasoning: reasoning_content is not rendered, and not trained on"
        return
    rendered = renderer.probe("user", "assistant", "user", "assistant", reasoning=True)
    if Slot(1, "reasoning") not in rendered.slots:
        yield "drops the reasoning of all assistant turns but the last"


def _history(renderer: Renderer) -> Iterator[str]:
    """Whether earlier turns stay as they were when later ones come. It is legal that they do not."""
    messages = [
        {"role": role, "content": f"{role} {turn}"} | ({"reasoning_content": "r"} if role == "assistant" else {})
        for turn in (1, 2)
        for role in ("user", "assistant")
    ]
    if not renderer.render(messages).startswith(renderer.render(messages[:2])):
        yield "is not prefix-preserving: an assistant turn is written differently once another turn follows"


def _prompt(renderer: Renderer) -> Iterator[str]:
    """Whether the generation prompt is there, only where it is asked for, and part of the finished turn."""
    asked, prompted = renderer.probe("user"), renderer.probe("user", prompt=True)
    _, head, tail = renderer.probe("user", "assistant").gaps
    prompt, silent = prompted.gaps[-1], prompted == asked
    shared = shared_start(prompt, head)
    if silent and head[shared:].strip():
        yield f"has no generation prompt: the model has to write {head[shared:]!r} itself"
    elif silent and prompt.strip() and tail.endswith(prompt):
        yield f"writes the generation prompt {prompt!r} after a finished conversation too: its mask holds that"
    elif prompt[shared:]:
        yield f"begins a finished turn without reasoning with {head!r}, but the generation prompt is {prompt!r}"


def _ends(renderer: Renderer) -> Iterator[str]:
    """Whether a single token ends a user turn, as sampling needs, and an assistant turn, as training needs."""
    _, after_user, after_assistant = renderer.probe("user", "assistant").gaps
    if renderer.control.leading(after_user) is None:
        yield "ends a user turn with no single token: only end of text stops the writing of an instruction"
    if not assistant_stops(renderer):
        yield "ends an assistant turn with no single token, and there is no end of text: nothing stops a response"
    if renderer.control.pattern.search(after_assistant) is None:
        yield "writes no end token after the last assistant turn: a model trained on it does not learn to stop there"


def _offsets(renderer: Renderer) -> Iterator[str]:
    if not renderer.tokenizer.is_fast:
        yield "belongs to a slow tokenizer without character offsets: assistant masks cannot be made"
