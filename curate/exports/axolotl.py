"""Axolotl: JSONL with `messages` and `tools`, and the YAML block for `datasets:`.

How Axolotl 0.18 reads it (src/axolotl/prompt_strategies/chat_template.py, `ChatTemplateStrategy`): the conversation as
a whole is rendered with the tokenizer's template. The tokens of a turn that is trained are those that differ when its
message is replaced by another one without reasoning; the end-of-turn token is added if it follows within three tokens.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from curate.chat import ChatTemplate
from curate.exports.conversation import Conversation, Message, as_object
from curate.exports.rendered import Rendered, apply_template
from curate.yaml_files import yaml_text

DUMMY = "[[dummy_message]]"
NEAR = 3  # tokens after a turn within which its end is looked for


def rows(conversation: Conversation, chat: ChatTemplate | None) -> list[dict[str, Any]]:
    """One row, as the record has it: arguments are JSON text, reasoning is `reasoning_content`."""
    return [{"messages": conversation.messages, **({"tools": conversation.tools} if conversation.tools else {})}]


def restore(row: Mapping[str, Any]) -> list[Conversation]:
    """The conversation of a row."""
    return [Conversation(row["messages"], row.get("tools") or [])]


def render(row: Mapping[str, Any], chat: ChatTemplate) -> list[Rendered]:
    """The row as the trainer has it: see the module."""
    turns, tools = [_read(message, chat) for message in row["messages"]], row.get("tools")
    ids = apply_template(chat, turns, tools)
    mask = [0] * len(ids)
    ends = set(chat.assistant_stop_token_ids)
    for index, turn in enumerate(turns):
        if turn["role"] != "assistant":
            continue
        begin, end = _find_turn(chat, turns, index, tools)
        mask[begin:end] = [1] * (end - begin)
        stop = next((place for place in range(end, len(ids)) if ids[place] in ends), None)
        if stop is not None and stop - end <= NEAR:
            mask[stop] = 1
    return [Rendered(ids, mask[: len(ids)])]


def beside(target: str, chat: ChatTemplate, files: Mapping[str, str], length: int, epochs: int) -> dict[str, str]:
    """axolotl.yaml, with what this dataset needs set; the rest is the user's."""
    key = chat.reasoning_key or "reasoning_content"
    settings: dict[str, Any] = {
        "base_model": target,
        "chat_template": "tokenizer_default",
        **({"chat_template_kwargs": chat.options} if chat.options else {}),
        "eot_tokens": [str(chat.tokenizer.convert_ids_to_tokens(token)) for token in chat.assistant_stop_token_ids],
        "datasets": [
            {
                "path": files["train"],
                "ds_type": "json",
                "type": "chat_template",
                "field_messages": "messages",
                "message_property_mappings": {"role": "role", "content": "content", key: "reasoning_content"},
                "field_thinking": "reasoning_content",
                "template_thinking_key": key,
                "roles_to_train": ["assistant"],
                "train_on_eos": "turn",
            }
        ],
        "train_on_inputs": False,
        "sequence_len": length,
        "num_epochs": epochs,
    }
    if "validation" in files:
        settings["test_datasets"] = [{**settings["datasets"][0], "path": files["validation"], "split": "train"}]
    return {"axolotl.yaml": yaml_text(settings)}


def _read(message: Message, chat: ChatTemplate) -> Message:
    """The message as the trainer makes it: reasoning under the template's key, arguments as objects."""
    read = {key: value for key, value in message.items() if key not in ("reasoning_content", "weight")}
    if "reasoning_content" in message:
        read[chat.reasoning_key or "reasoning_content"] = message["reasoning_content"]
    if "tool_calls" in message:
        read["tool_calls"] = [
            {**call, "function": {**call["function"], "arguments": as_object(call["function"].get("arguments"))}}
            for call in message["tool_calls"]
        ]
    return read


def _find_turn(chat: ChatTemplate, turns: Sequence[Message], index: int, tools: Any) -> tuple[int, int]:
    """The tokens of a turn, from the first up to the last that a dummy in its place changes; empty where none does."""
    dummy = apply_template(chat, [*turns[:index], {"role": turns[index]["role"], "content": DUMMY}], tools)
    whole = apply_template(chat, turns[: index + 1], tools)
    begin = _shared(dummy, whole)
    end = len(whole) - _shared(dummy[::-1], whole[::-1])
    return (begin, end) if begin < end else (0, 0)


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens the two have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (mine, its) in pairs if mine != its), min(len(one), len(other)))
