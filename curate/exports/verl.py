"""verl: Parquet with `messages`, reasoning inline, `tools`, and `enable_thinking` where the target has that switch set.

How verl reads it (verl/utils/dataset/multiturn_sft_dataset.py, `MultiTurnSFTDataset`): each message is rendered by
itself, the default system prompt cut off; an assistant message is learnt but for the generation prompt. The pieces
must add up to the rendering of the whole conversation, or the trainer stops (unless `ignore_input_ids_mismatch`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.chat import ChatTemplate
from curate.exports.conversation import Conversation, Message, inline, outline
from curate.exports.rendered import Refused, Rendered, apply_template
from curate.records.files import plain

EMPTY = {"role": "user", "content": ""}


def rows(conversation: Conversation, chat: ChatTemplate | None) -> list[dict[str, Any]]:
    """One row; arguments stay JSON text, for Parquet would put null into those that differ."""
    messages = []
    for message in conversation.messages:
        rest = {key: value for key, value in message.items() if key not in ("reasoning_content", "weight")}
        messages.append({**rest, "content": inline(message)})
    row: dict[str, Any] = {"messages": messages, **({"tools": conversation.tools} if conversation.tools else {})}
    thinking = chat.options.get("enable_thinking") if chat else None
    return [row if thinking is None else {**row, "enable_thinking": thinking}]


def restore(row: Mapping[str, Any]) -> list[Conversation]:
    """The conversation of a row."""
    messages = [plain(dict(message)) for message in row["messages"]]
    restored = [{**m, **outline(m["content"])} if m["role"] == "assistant" else m for m in messages]
    return [Conversation(restored, plain(row.get("tools") or []))]


def render(row: Mapping[str, Any], chat: ChatTemplate) -> list[Rendered]:
    """The row as the trainer has it: see the module; raises Refused where its own check would stop it."""
    messages, tools = row["messages"], row.get("tools")  # with the nulls that Parquet has put in
    one, two = (apply_template(chat, [EMPTY] * count) for count in (1, 2))
    system = len(one) - (len(two) - len(one))
    prompt = len(apply_template(chat, [EMPTY], add_generation_prompt=True)) - len(one)
    ids: list[int] = []
    mask: list[int] = []
    for index, message in enumerate(messages):
        piece = _alone(chat, message, tools if index == 0 else None)
        piece = piece[system:] if index and message["role"] != "system" else piece
        learnt = int(message["role"] == "assistant")
        ids += piece
        mask += [0] * min(prompt, len(piece)) + [learnt] * (len(piece) - prompt)
    if ids != apply_template(chat, messages, tools):
        raise Refused(
            "it renders message by message and stops, for that is not the whole conversation's text in this template "
            "(ignore_input_ids_mismatch=True trains on the pieces)"
        )
    return [Rendered(ids, mask)]


def _alone(chat: ChatTemplate, message: Message, tools: Any) -> list[int]:
    """A message rendered by itself, or behind an empty user turn where the template wants one."""
    try:
        return apply_template(chat, [message], tools)
    except Refused:
        before = apply_template(chat, [EMPTY], tools)
        return apply_template(chat, [EMPTY, message], tools)[len(before) :]
