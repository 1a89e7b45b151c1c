"""A tokenizer's chat template at work: conversations in, text out, and what rendering alone shows of the template."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from jinja2 import TemplateError

from curate.chat.control import ControlTokens
from curate.chat.scaffold import Cut, Message, Shape, Slot, TurnShape, cut, has_reasoning, sentinels
from curate.errors import CurateError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")  # the names that templates read reasoning from


class Renderer:
    """The chat template of `tokenizer`.

    `date` is what templates that print today's date print; without it, the day of construction. `options` are the
    template's own switches, such as `{"enable_thinking": False}`. Raises CurateError if there is no chat template.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        *,
        date: datetime.date | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.tokenizer = tokenizer
        self.name = tokenizer.name_or_path or type(tokenizer).__name__
        self.date = date or datetime.date.today()
        self.options = dict(options or {})
        self.control = ControlTokens(tokenizer)
        try:
            tokenizer.get_chat_template()
        except ValueError as error:
            available = f"only {sorted(tokenizer.chat_template)}" if tokenizer.chat_template else "none"
            raise CurateError(
                f"the tokenizer {self.name} has no default chat template, found {available}; use an instruct model's "
                "tokenizer, or set its chat_template"
            ) from error

    def with_options(self, **options: Any) -> Self:
        """The same template with other switches, or more: `with_options(guideline="...")`."""
        return type(self)(self.tokenizer, date=self.date, options={**self.options, **options})

    def render(self, messages: Sequence[Message], *, add_generation_prompt: bool = False) -> str:
        """The text of the conversation. Raises CurateError if the template refuses it or would leave a turn out."""
        for index, message in enumerate(messages):
            if not isinstance(message.get("content"), str):
                raise CurateError(
                    f"message {index + 1} ({message.get('role')}) has no text content, found {message.get('content')!r}"
                )
            if why := self.unrendered_roles.get(message["role"]):
                raise self.fault(f"takes no {message['role']} turns: {why}")
        try:
            return self._apply([self.as_read(message) for message in messages], add_generation_prompt)
        except TemplateError as error:
            roles = ", ".join(message["role"] for message in messages)
            raise self.fault(f"refuses a conversation of the roles {roles}: {error}") from error

    def generation_prompt(self, messages: Sequence[Message]) -> str:
        """The text after which the model writes the assistant turn that follows `messages`."""
        return self.render(messages, add_generation_prompt=True)

    def encode(self, text: str) -> list[int]:
        """The tokens of rendered text, nothing added: the template already wrote the beginning-of-text token."""
        return list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def as_read(self, message: Message) -> dict[str, str]:
        """The message as this template reads it: reasoning under its own key for that, or not at all."""
        read = {"role": message["role"], "content": message["content"]}
        if self.reasoning_key and has_reasoning(message):
            read[self.reasoning_key] = message["reasoning_content"]
        return read

    def fault(self, what: str) -> CurateError:
        """The error that says what this template does."""
        return CurateError(f"the chat template of {self.name} {what}")

    # Renderings of sentinels

    def probe(self, *roles: str, reasoning: bool = False, prompt: bool = False) -> Cut:
        """A conversation of nothing but sentinels, rendered and cut."""
        return self.cut_shape(_shape(roles, reasoning), prompt)

    def cut_shape(self, shape: Shape, prompt: bool = False) -> Cut:
        """A conversation of this shape, of nothing but sentinels and its blank contents, rendered and cut.

        Raises CurateError unless each content's sentinel is there exactly once.
        """
        rendered = cut(self.render(sentinels(shape), add_generation_prompt=prompt))
        for index, turn in enumerate(shape):
            if turn.blank is None:
                self.require(rendered, Slot(index, "content"), turn.role)
        return rendered

    def require(self, rendered: Cut, slot: Slot, role: str) -> None:
        """Raises CurateError unless the rendering holds the slot exactly once."""
        count = rendered.slots.count(slot)
        if count > 1:
            raise self.fault(f"writes the content of {role} turns {count} times, so it cannot be cut there")
        if count == 0:
            changed = slot.sentinel.lower() in "".join(rendered.gaps).lower()
            raise self.fault(
                f"changes the content of {role} turns, so it cannot be cut there"
                if changed
                else f"leaves out the content of message {slot.message + 1} ({role})"
            )

    # What the template is like, learnt by rendering

    @cached_property
    def reasoning_key(self) -> str | None:
        """The message key from which the template reads reasoning, or None if it shows none."""
        sentinel = Slot(1, "reasoning").sentinel
        for key in REASONING_KEYS:
            messages = [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a", key: sentinel}]
            try:
                if sentinel in self._apply(messages, False):
                    return key
            except TemplateError:
                continue
        return None

    @cached_property
    def unrendered_roles(self) -> dict[str, str]:
        """The roles whose turns the template refuses or leaves out, with what it says or does."""
        reasons: dict[str, str] = {}
        for role, roles in (("user", ("user",)), ("assistant", ("user", "assistant")), ("system", ("system", "user"))):
            sentinel = Slot(roles.index(role), "content").sentinel
            messages = sentinels(_shape(roles))
            try:
                if sentinel.lower() not in self._apply(messages, False).lower():
                    reasons[role] = "it leaves their text out"
            except TemplateError as error:
                reasons[role] = f"it says: {error}"
        return reasons

    @cached_property
    def wants_parts(self) -> bool:
        """Whether a content has to be a list of parts, as multimodal templates have it, for its text to be shown."""
        sentinel = Slot(0, "content").sentinel

        def shows(content: Any) -> bool:
            try:
                text = self.tokenizer.apply_chat_template(
                    [{"role": "user", "content": content}], tokenize=False, **self._variables
                )
            except (TemplateError, TypeError):
                return False
            return sentinel in str(text)

        return not shows(sentinel) and shows(_parts(sentinel))

    def _apply(self, messages: list[dict[str, str]], add_generation_prompt: bool) -> str:
        shown: list[Any] = [{**m, "content": _parts(m["content"])} for m in messages] if self.wants_parts else messages
        rendered = self.tokenizer.apply_chat_template(
            shown, tokenize=False, add_generation_prompt=add_generation_prompt, **self._variables
        )
        return str(rendered)

    @cached_property
    def _variables(self) -> dict[str, Any]:
        """What the template sees besides the messages; `strftime_now` shadows its own clock."""
        midnight = datetime.datetime.combine(self.date, datetime.time())
        return {"strftime_now": midnight.strftime, **self.options}


def _parts(content: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": content}]


def _shape(roles: Sequence[str], reasoning: bool = False) -> Shape:
    """The shape of a conversation of these roles, without blank contents; `reasoning` gives some to every answer."""
    return tuple(TurnShape(role, None, reasoning and role == "assistant") for role in roles)
