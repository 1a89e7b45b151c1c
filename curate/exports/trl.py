"""TRL: JSONL with `messages` and `tools`, or `prompt` and `completion`.

How TRL 1.16 reads it (SFTTrainer, trl/trainer/sft_trainer.py, `_prepare_dataset`): `messages` go through the
tokenizer's `apply_chat_template` with `tools` (a list or JSON text) and the row's `chat_template_kwargs`; with
`assistant_only_loss=True` in a training template of TRL's own, which marks what the assistant writes, and which it has
for the templates that it knows to the letter. Prompt and completion are rendered together, and the loss covers what is
behind the tokens that they share with the prompt alone.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from curate.chat import ChatTemplate
from curate.exports.conversation import Conversation, Message, as_object, as_text
from curate.exports.rendered import Refused, Rendered, apply_template

KEYS = ("role", "content", "tool_call_id", "name")


def rows(conversation: Conversation, chat: ChatTemplate | None) -> list[dict[str, Any]]:
    """One row; reasoning stands under the key that the target's template reads."""
    messages = [_message(message, chat) for message in conversation.messages]
    return [{"messages": messages, **_beside(conversation, chat)}]


def prompt_completion_rows(conversation: Conversation, chat: ChatTemplate | None) -> list[dict[str, Any]]:
    """A row for each assistant turn, so that each is learnt once, after all that came before it."""
    messages = [_message(message, chat) for message in conversation.messages]
    turns = [turn for turn, message in enumerate(messages) if message["role"] == "assistant"]
    beside = _beside(conversation, chat)
    return [{"prompt": messages[:turn], "completion": [messages[turn]], **beside} for turn in turns]


def restore(row: Mapping[str, Any]) -> list[Conversation]:
    """The conversation of a row."""
    messages = row["messages"] if "messages" in row else [*row["prompt"], *row["completion"]]
    return [Conversation([_restored(message) for message in messages], json.loads(row.get("tools") or "[]"))]


def render(row: Mapping[str, Any], chat: ChatTemplate) -> list[Rendered]:
    """The row as the trainer has it: see the module."""
    tools, given = as_object(row.get("tools")), row.get("chat_template_kwargs") or {}
    if "messages" in row:
        return [_in_training_template(chat, row["messages"], tools, given)]
    return [continued(chat, row["prompt"], row["completion"], tools, given)]


def continued(
    chat: ChatTemplate, prompt: list[Message], completion: list[Message], tools: Any, given: Mapping[str, Any]
) -> Rendered:
    """A prompt and what follows it; the loss covers what is behind the tokens that both renderings share."""
    before = apply_template(chat, prompt, tools, add_generation_prompt=True, **given)
    whole = apply_template(chat, [*prompt, *completion], tools, **given)
    pairs = enumerate(zip(before, whole, strict=False))
    shared = next((place for place, (one, other) in pairs if one != other), min(len(before), len(whole)))
    return Rendered(whole, [0] * shared + [1] * (len(whole) - shared))


def _in_training_template(chat: ChatTemplate, messages: list[Message], tools: Any, given: Any) -> Rendered:
    template = training_template(chat)
    try:
        rendered: Any = chat.tokenizer.apply_chat_template(
            messages, tools=tools, chat_template=template, return_dict=True, return_assistant_tokens_mask=True, **given
        )
    except Exception as error:  # a template raises whatever its filters do
        raise Refused(f"the template refuses what the trainer gives it: {str(error).partition(chr(10))[0]}") from None
    return Rendered(list(rendered["input_ids"]), list(rendered["assistant_masks"]))


def training_template(chat: ChatTemplate) -> str | None:
    """TRL's own template to train this target with; None where the target's has marks of its own.

    Raises Refused where there is neither, or where TRL is not installed and so cannot be asked.
    """
    source = chat.tokenizer.get_chat_template()
    if "endgeneration" in source:
        return None
    if importlib.util.find_spec("trl") is None:
        raise Refused("TRL is not installed, so which tokens it would mask is unknown")
    return _known_template(chat)


@cache
def _known_template(chat: ChatTemplate) -> str | None:
    from trl.chat_template_utils import get_training_chat_template

    try:
        template: str | None = get_training_chat_template(chat.tokenizer)
    except ValueError:
        raise Refused("TRL has no training template for this chat template, and refuses assistant_only_loss") from None
    return template


def _message(message: Message, chat: ChatTemplate | None) -> Message:
    made = {key: message[key] for key in KEYS if key in message}
    if "reasoning_content" in message:
        made[(chat and chat.reasoning_key) or "reasoning_content"] = message["reasoning_content"]
    if message.get("tool_calls"):
        form = as_text if chat and chat.arguments_form == "text" else as_object
        made["tool_calls"] = [_call(call, form) for call in message["tool_calls"]]
    return made


def _restored(message: Mapping[str, Any]) -> Message:
    made = {key: message[key] for key in KEYS if key in message}
    reasoning = next((message[key] for key in ("reasoning_content", "reasoning", "thinking") if key in message), None)
    if reasoning is not None:
        made["reasoning_content"] = reasoning
    if "tool_calls" in message:
        made["tool_calls"] = [_call(call, as_text) for call in message["tool_calls"]]
    return made


def _call(call: Mapping[str, Any], form: Any) -> dict[str, Any]:
    """The call with its arguments in another form."""
    return {**call, "function": {**call["function"], "arguments": form(call["function"].get("arguments", "{}"))}}


def _beside(conversation: Conversation, chat: ChatTemplate | None) -> dict[str, Any]:
    """What a row holds beside its messages; tools as JSON text, which no reader merges into those of other rows."""
    beside: dict[str, Any] = {"tools": as_text(conversation.tools)} if conversation.tools else {}
    return {**beside, "chat_template_kwargs": chat.options} if chat and chat.options else beside
