"""ms-swift: JSONL with `messages`, reasoning inline, tool calls and results as turns, `tools` as JSON text.

How ms-swift reads it (swift/llm/template/base.py, `_swift_encode`; template_meta.py): its own copy of the model's
template is a prefix, a prompt around each query, and what stands between two rounds and behind the last; the answer is
written as it is, reasoning included, behind empty thinking marks where it has none and the model is one that thinks
(`ThinkingTemplate`). The loss covers answers and the end of turn behind each. The pieces are taken here from the
target's own template, of which ms-swift's is a copy. Its agent templates for tools are not followed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from curate.chat import ChatTemplate
from curate.chat.scaffold import Slot
from curate.exports.conversation import Conversation, Message, as_text, calls_of, inline, outline, plainly
from curate.exports.rendered import Refused, Rendered


def rows(conversation: Conversation, chat: ChatTemplate | None) -> list[dict[str, Any]]:
    """One row; the roles are system, user, assistant, tool_call and tool_response."""
    messages: list[dict[str, str]] = []
    for message in conversation.messages:
        calls = calls_of(message)
        if message["role"] == "tool":
            messages.append({"role": "tool_response", "content": message["content"]})
        elif not calls or inline(message):
            messages.append({"role": message["role"], "content": inline(message)})
        messages += [{"role": "tool_call", "content": json.dumps(call, ensure_ascii=False)} for call in calls]
    row: dict[str, Any] = {"messages": messages}
    if conversation.tools:
        row["tools"] = as_text(conversation.tools)
    return [{**row, "chat_template_kwargs": chat.options} if chat and chat.options else row]


def restore(row: Mapping[str, Any]) -> list[Conversation]:
    """The conversation of a row."""
    messages: list[Message] = []
    for turn in row["messages"]:
        role, content = turn["role"], turn["content"]
        if role == "tool_call":
            if not messages or messages[-1]["role"] != "assistant":
                messages.append({"role": "assistant", "content": ""})
            call = json.loads(content)
            function = {"name": call["name"], "arguments": as_text(call["arguments"])}
            messages[-1].setdefault("tool_calls", []).append({"type": "function", "function": function})
        elif role == "tool_response":
            messages.append({"role": "tool", "content": content})
        else:
            messages.append({"role": role, **(outline if role == "assistant" else plainly)(content)})
    return [Conversation(messages, json.loads(row.get("tools") or "[]"))]


def render(row: Mapping[str, Any], chat: ChatTemplate) -> list[Rendered]:
    """The row as the trainer has it: see the module."""
    if row.get("tools") or any(turn["role"].startswith("tool") for turn in row["messages"]):
        raise Refused("it writes tools by an agent template of its own, which was not compared")
    empty = _empty_thought(chat)
    contents = [
        turn["content"]
        if turn["role"] != "assistant" or turn["content"].startswith("<think>")
        else empty + turn["content"]
        for turn in row["messages"]
    ]
    roles = tuple(turn["role"] for turn in row["messages"])
    gaps = chat.probe(*roles).gaps
    ids: list[int] = []
    mask: list[int] = []
    prompts = {turn: _given(chat, roles[:turn]) for turn, role in enumerate(roles) if role == "assistant"}
    for turn, gap in enumerate(gaps):
        if turn and roles[turn - 1] == "assistant":
            end = chat.control.leading(gap)
            written = gap[: end.end()] if end else ""
            _add(chat, ids, mask, contents[turn - 1] + written, 1)
            gap = gap[len(written) :] if turn < len(roles) else ""
        elif turn:
            _add(chat, ids, mask, contents[turn - 1], 0)
        _add(chat, ids, mask, prompts.get(turn, gap), 0)
    return [Rendered(ids, mask)]


def _given(chat: ChatTemplate, before: tuple[str, ...]) -> str:
    """What stands between the turn before and the answer: the generation prompt, without marks of a thought."""
    return chat.probe(*before, prompt=True).after(Slot(len(before) - 1, "content")).partition("<think>")[0]


def _empty_thought(chat: ChatTemplate) -> str:
    """What the template writes of a thought before an answer that has none."""
    written = chat.probe("user", "assistant").after(Slot(0, "content"))
    mark = written.find("<think>")
    return written[mark:] if mark >= 0 else ""


def _add(chat: ChatTemplate, ids: list[int], mask: list[int], text: str, learnt: int) -> None:
    tokens = chat.encode(text)
    ids += tokens
    mask += [learnt] * len(tokens)
