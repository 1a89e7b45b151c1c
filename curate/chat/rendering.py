"""A tokenizer's chat template at work: conversations in, text out, and what rendering alone shows of the template."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from jinja2 import TemplateError

from curate.chat.control import ControlTokens
from curate.chat.scaffold import (
    Cut,
    Message,
    Shape,
    Slot,
    TurnShape,
    content_slot,
    cut,
    has_reasoning,
    rest_of,
    sentinels,
)
from curate.chat.trial import check_bounded
from curate.errors import CurateError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_CALLED = "sentinel-tool-q7xk"
_CALL_ID = "q7xk00000"  # Mistral's templates take nine letters and digits
_ARGUMENTS = '{"city-q7xk": "town-q7xk"}'
REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")  # the names that templates read reasoning from

Tools = Sequence[Mapping[str, Any]]  # what the assistant may call: {type, function: {name, description, parameters}}


class Renderer:
    """The chat template of `tokenizer`.

    `date` is what templates that print today's date print; without it, the day of construction. `options` are the
    template's own switches, such as `{"enable_thinking": False}`. Raises CurateError if there is no chat template, or
    if a few words in it take more than a little time and memory (`trial.py`).
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
            source = tokenizer.get_chat_template()
        except ValueError as error:
            available = f"only {sorted(tokenizer.chat_template)}" if tokenizer.chat_template else "none"
            raise CurateError(
                f"the tokenizer {self.name} has no default chat template, found {available}; use an instruct model's "
                "tokenizer, or set its chat_template"
            ) from error
        check_bounded(source, self.name, {**tokenizer.special_tokens_map, **self.options})

    def with_options(self, **options: Any) -> Self:
        """The same template with other switches, or more: `with_options(guideline="...")`."""
        return type(self)(self.tokenizer, date=self.date, options={**self.options, **options})

    def render(
        self, messages: Sequence[Message], *, add_generation_prompt: bool = False, tools: Tools | None = None
    ) -> str:
        """The text of the conversation. Raises CurateError if the template refuses it or would leave a turn out, or
        its calls, or the `tools`."""
        for index, message in enumerate(messages):
            if not isinstance(message.get("content"), str):
                raise CurateError(
                    f"message {index + 1} ({message.get('role')}) has no text content, found {message.get('content')!r}"
                )
            if why := self.unrendered_roles.get(message["role"]):
                raise self.fault(f"takes no {message['role']} turns: {why}")
        if any(message["role"] == "tool" for message in messages) and not self.shows_results:
            raise self.fault("shows no results of tools")
        if tools and not self.shows_tools:
            raise self.fault("shows no tools: the model could not know what to call")
        try:
            return self._apply([self.as_read(message) for message in messages], add_generation_prompt, tools)
        except (TemplateError, TypeError) as error:
            roles = ", ".join(message["role"] for message in messages)
            raise self.fault(f"refuses a conversation of the roles {roles}: {error}") from error

    def generation_prompt(self, messages: Sequence[Message], tools: Tools | None = None) -> str:
        """The text after which the model writes the assistant turn that follows `messages`."""
        return self.render(messages, add_generation_prompt=True, tools=tools)

    def encode(self, text: str) -> list[int]:
        """The tokens of rendered text, nothing added: the template already wrote the beginning-of-text token."""
        return list(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def as_read(self, message: Message) -> dict[str, Any]:
        """The message as this template reads it: reasoning under its own key for that, or not at all, and the arguments
        of calls as text or as objects. Raises CurateError for calls that it does not show or cannot read."""
        read = {"role": message["role"], "content": message["content"], **rest_of(message)}
        if self.reasoning_key and has_reasoning(message):
            read[self.reasoning_key] = message["reasoning_content"]
        if "tool_calls" in read:
            if self.arguments_form is None:
                raise self.fault("shows no tool calls")
            if len(read["tool_calls"]) > 1 and not self.shows_several_calls:
                raise self.fault(f"takes one tool call in a turn, found {len(read['tool_calls'])}")
            if self.arguments_form == "object":
                read["tool_calls"] = [self._with_object(call) for call in read["tool_calls"]]
        return read

    def _with_object(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """The call with its arguments as an object."""
        function = call["function"]
        try:
            arguments = json.loads(function["arguments"])
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            raise self.fault(
                f"takes the arguments of a call as a JSON object, found {function['arguments']!r:.80} for "
                f"{function['name']!r}"
            )
        return {**call, "function": {**function, "arguments": arguments}}

    def fault(self, what: str) -> CurateError:
        """The error that says what this template does."""
        return CurateError(f"the chat template of {self.name} {what}")

    # Renderings of sentinels

    def probe(self, *roles: str, reasoning: bool = False, prompt: bool = False) -> Cut:
        """A conversation of nothing but sentinels, rendered and cut."""
        return self.cut_shape(_shape(roles, reasoning), prompt)

    def cut_shape(self, shape: Shape, prompt: bool = False, tools: Tools | None = None) -> Cut:
        """A conversation of this shape, of nothing but sentinels and its blank contents, rendered and cut.

        Raises CurateError unless each content's sentinel is there exactly once.
        """
        rendered = cut(self.render(sentinels(shape), add_generation_prompt=prompt, tools=tools))
        for index, turn in enumerate(shape):
            if turn.blank is None:
                self.require(rendered, content_slot(index, turn.role), turn.role)
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
    def shows_tools(self) -> bool:
        """Whether the template shows the tools that the assistant may call."""
        function = {"name": _CALLED, "description": "d", "parameters": {"type": "object", "properties": {}}}
        try:
            shown = self._apply([{"role": "user", "content": "u"}], False, [{"type": "function", "function": function}])
        except (TemplateError, TypeError):
            return False
        return _CALLED in shown

    @cached_property
    def shows_results(self) -> bool:
        """Whether the template shows what a tool returned."""
        result = {"role": "tool", "content": _CALLED, "tool_call_id": _CALL_ID, "name": "f"}
        try:
            return _CALLED in self._apply([*_calling(["f"], self._arguments), result], False)
        except (TemplateError, TypeError):
            return False

    @cached_property
    def arguments_form(self) -> Literal["text", "object"] | None:
        """How the template takes the arguments of a call: as the JSON text that they are, where it writes that as it
        is, else as an object; None where it shows no calls."""
        as_text = self._shown_call(_ARGUMENTS)
        if _ARGUMENTS in as_text and f"{{{_ARGUMENTS}" not in as_text:  # some write braces of their own around it
            return "text"
        return "object" if "town-q7xk" in self._shown_call(json.loads(_ARGUMENTS)) else None

    def _shown_call(self, arguments: Any) -> str:
        """What the template writes of a call with these arguments; empty where it refuses it or leaves it out."""
        try:
            shown = self._apply(_calling([_CALLED], arguments), False)
        except (TemplateError, TypeError):
            return ""
        return shown if _CALLED in shown else ""

    @cached_property
    def shows_several_calls(self) -> bool:
        """Whether the template shows more than one call of a turn."""
        try:
            return _CALLED in self._apply(_calling(["f", _CALLED], self._arguments), False)
        except (TemplateError, TypeError):
            return False

    @property
    def _arguments(self) -> Any:
        """Arguments of a call, in the form that the template takes."""
        return json.loads(_ARGUMENTS) if self.arguments_form == "object" else _ARGUMENTS

    @cached_property
    def wants_parts(self) -> bool:
        """Whether a content has to be a list of parts, as multimodal templates have it, for its text to be shown."""
        sentinel = Slot(0, "content").sentinel

        def shows(content: Any) -> bool:
            try:
                return sentinel in self._rendered([{"role": "user", "content": content}], False)
            except TemplateError:
                return False

        return not shows(sentinel) and shows(_parts(sentinel))

    def _apply(self, messages: list[dict[str, Any]], add_generation_prompt: bool, tools: Tools | None = None) -> str:
        shown: list[Any] = [{**m, "content": _parts(m["content"])} for m in messages] if self.wants_parts else messages
        return self._rendered(shown, add_generation_prompt, tools)

    def _rendered(self, messages: list[Any], add_generation_prompt: bool, tools: Tools | None = None) -> str:
        """What the template makes of the messages. Raises TemplateError, whatever it stumbles over."""
        try:
            rendered = self.tokenizer.apply_chat_template(
                messages,
                tools=[dict(tool) for tool in tools] if tools else None,
                tokenize=False,
                add_generation_prompt=add_generation_prompt,
                **self._variables,
            )
        except TemplateError:
            raise
        except Exception as error:  # 1/0, a text where a number is expected, a macro that calls itself ...
            raise TemplateError(f"{type(error).__name__}: {error}") from error
        return str(rendered)

    @cached_property
    def _variables(self) -> dict[str, Any]:
        """What the template sees besides the messages; `strftime_now` shadows its own clock."""
        midnight = datetime.datetime.combine(self.date, datetime.time())
        return {"strftime_now": midnight.strftime, **self.options}


def _calling(names: Sequence[str], arguments: Any) -> list[dict[str, Any]]:
    functions = [{"name": name, "arguments": arguments} for name in names]
    calls = [{"id": _CALL_ID, "type": "function", "function": function} for function in functions]
    return [{"role": "user", "content": "u"}, {"role": "assistant", "content": "", "tool_calls": calls}]


def _parts(content: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": content}]


def _shape(roles: Sequence[str], reasoning: bool = False) -> Shape:
    """The shape of a conversation of these roles, without blank contents; `reasoning` gives some to every answer."""
    return tuple(TurnShape(role, None, reasoning and role == "assistant") for role in roles)
