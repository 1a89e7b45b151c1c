"""OpenAI: JSONL with `messages`, `tools` and `parallel_tool_calls`, and no key besides.

The keys are those of the fine-tuning guide (platform.openai.com/docs/guides/supervised-fine-tuning): a message has
`role`, `content`, `name`, `tool_calls`, `tool_call_id`, an assistant's also `weight`. There is none for reasoning,
which is left out, and no tokenizer to render with: what is compared is the conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.chat import ChatTemplate
from curate.exports.conversation import Conversation, Message, as_text

KEYS = ("role", "content", "name", "tool_call_id", "weight")


def rows(conversation: Conversation, chat: ChatTemplate | None) -> list[dict[str, Any]]:
    """One row; `parallel_tool_calls` says whether a turn of it holds several calls.

    Calls without an id get one, and the results that follow them, which OpenAI asks for.
    """
    messages: list[Message] = []
    waiting: list[str] = []  # the ids of calls without a result
    for message in conversation.messages:
        made = _message(message, len(messages))
        waiting += [call["id"] for call in made.get("tool_calls", ())]
        if made["role"] == "tool":
            name = made.setdefault("tool_call_id", waiting[0] if waiting else "call")
            waiting = [other for other in waiting if other != name]
        messages.append(made)
    row: dict[str, Any] = {"messages": messages}
    if conversation.tools:
        row["tools"] = conversation.tools
        row["parallel_tool_calls"] = any(len(m.get("tool_calls") or ()) > 1 for m in conversation.messages)
    return [row]


def restore(row: Mapping[str, Any]) -> list[Conversation]:
    """The conversation of a row."""
    return [Conversation(row["messages"], row.get("tools") or [])]


def _message(message: Message, turn: int) -> Message:
    made = {key: message[key] for key in KEYS if key in message}
    if message.get("tool_calls"):
        calls = enumerate(message["tool_calls"], 1)
        made["tool_calls"] = [_call(call, f"call_{turn}_{place}") for place, call in calls]
    return made


def _call(call: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A call with the keys that OpenAI asks for; `name` is its id where it has none."""
    function = {"name": call["function"]["name"], "arguments": as_text(call["function"].get("arguments", "{}"))}
    return {"id": call.get("id") or name, "type": "function", "function": function}
