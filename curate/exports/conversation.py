"""A conversation on its way out: plain dicts without nulls, and the forms that trainers want of its parts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from curate.records.files import plain

Message: TypeAlias = dict[str, Any]

_THOUGHT = re.compile(r"<think>\n(.*?)\n</think>\n\n(.*)", re.DOTALL)


class Conversation(NamedTuple):
    """What is exported of a record; `tools` are the JSON schemas of what the assistant may call."""

    messages: list[Message]
    tools: list[dict[str, Any]]


def conversation_of(record: Mapping[str, Any]) -> Conversation:
    """The conversation of a record."""
    messages = [plain(dict(message)) for message in record["messages"]]
    tools = record.get("tools") or []
    return Conversation(messages, [plain(tool) for tool in (json.loads(tools) if isinstance(tools, str) else tools)])


def inline(message: Message) -> str:
    """The content after its reasoning, in the marks that trainers which know no key for reasoning look for."""
    reasoning = message.get("reasoning_content")
    content = message.get("content") or ""
    return f"<think>\n{reasoning}\n</think>\n\n{content}" if reasoning else content


def outline(text: str) -> Message:
    """The content of an assistant turn that `inline` wrote, and its reasoning."""
    thought = _THOUGHT.fullmatch(text)
    return {"content": thought[2], "reasoning_content": thought[1]} if thought else {"content": text}


def plainly(text: str) -> Message:
    """The content of any other turn."""
    return {"content": text}


def calls_of(message: Message) -> list[dict[str, Any]]:
    """The tool calls of a message, each `{name, arguments}` with the arguments as an object."""
    calls = (call.get("function", call) for call in message.get("tool_calls") or ())
    return [{"name": call["name"], "arguments": as_object(call.get("arguments"))} for call in calls]


def as_object(value: Any) -> Any:
    """What a JSON text says, and any other value as it is; a text that is not JSON stays one."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def as_text(value: Any) -> str:
    """A value as JSON text; a text stays as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
