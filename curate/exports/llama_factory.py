"""LLaMA-Factory: `sharegpt` with tags, reasoning inline, and the entry of dataset_info.json.

How LLaMA-Factory reads it: `SharegptDatasetConverter` (src/llamafactory/data/converter.py) takes a leading system turn,
and skips a conversation in which user or observation and assistant or function call do not alternate. Without the
argument `template` it parses the tokenizer's chat template into slots (`parse_template` in template.py), encodes each
turn by itself, and learns the assistant's (processor/supervised.py). A template that writes `<think>` gets empty marks
before an answer without reasoning. It renders tools in formats of its own, which are not followed here.

`formatting: openai` is not used: it adds "detailed thinking off" to system prompts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from curate.chat import ChatTemplate
from curate.exports.conversation import Conversation, Message, as_text, calls_of, inline, outline, plainly
from curate.exports.rendered import Refused, Rendered
from curate.yaml_files import yaml_text

ROLES = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}
TAGS = {
    "role_tag": "from",
    "content_tag": "value",
    "user_tag": "human",
    "assistant_tag": "gpt",
    "observation_tag": "observation",
    "function_tag": "function_call",
    "system_tag": "system",
}
RESULTS = "\n</tool_response>\n<tool_response>\n"  # between several results of one turn
THINK = ("<think>\n", "\n</think>\n\n")
SLOT = "{{content}}"


def rows(conversation: Conversation, chat: ChatTemplate | None) -> list[dict[str, Any]]:
    """One row: `conversations` of `from` and `value`, and `tools` as JSON text."""
    turns: list[dict[str, str]] = []
    for message in conversation.messages:
        if message.get("tool_calls"):
            turns.append({"from": "function_call", "value": _calls(message)})
        elif message["role"] == "tool" and turns and turns[-1]["from"] == "observation":
            turns[-1]["value"] += RESULTS + message["content"]
        else:
            turns.append({"from": ROLES[message["role"]], "value": inline(message)})
    return [{"conversations": turns, "tools": as_text(conversation.tools) if conversation.tools else ""}]


def restore(row: Mapping[str, Any]) -> list[Conversation]:
    """The conversation of a row."""
    roles = {tag: role for role, tag in ROLES.items()}
    messages: list[Message] = []
    for turn in row["conversations"]:
        if turn["from"] == "function_call":
            messages.append(_restored_calls(turn["value"]))
        elif turn["from"] == "observation":
            messages += [{"role": "tool", "content": result} for result in turn["value"].split(RESULTS)]
        else:
            role = roles[turn["from"]]
            messages.append({"role": role, **(outline if role == "assistant" else plainly)(turn["value"])})
    return [Conversation(messages, json.loads(row["tools"] or "[]"))]


def render(row: Mapping[str, Any], chat: ChatTemplate) -> list[Rendered]:
    """The row as the trainer has it: see the module."""
    if row["tools"]:
        raise Refused("it writes tools in a format of its own, which was not compared")
    slots, turns = _parsed(chat), list(row["conversations"])
    system = turns.pop(0)["value"] if turns and turns[0]["from"] == "system" else slots.default_system
    if len(turns) % 2 or any(turn["from"] != ("human", "gpt")[place % 2] for place, turn in enumerate(turns)):
        raise Refused("it skips conversations in which user and assistant turns do not alternate up to an answer")
    ids = chat.encode(slots.prefix) if slots.prefix else []
    ids += chat.encode(slots.system.replace(SLOT, system, 1)) if system else []
    mask = [0] * len(ids)
    for turn in turns:
        learnt = turn["from"] == "gpt"
        text = (slots.assistant if learnt else slots.user).replace(SLOT, turn["value"], 1)
        if learnt and slots.thinks and not any(mark.strip() in turn["value"] for mark in THINK):
            text = "".join(THINK) + text
        tokens = chat.encode(text)
        ids += tokens
        mask += [int(learnt)] * len(tokens)
    return [Rendered(ids, mask)]


def beside(target: str, chat: ChatTemplate, files: Mapping[str, str], length: int, epochs: int) -> dict[str, str]:
    """dataset_info.json, with an entry for each file, and the settings that this dataset needs."""
    columns = {"messages": "conversations", "tools": "tools"}
    entry = {"formatting": "sharegpt", "columns": columns, "tags": TAGS}
    info = {name: {"file_name": file, **entry} for name, file in files.items()}
    settings = {
        "model_name_or_path": target,
        "stage": "sft",
        "dataset_dir": ".",
        "dataset": "train",
        **({"eval_dataset": "validation"} if "validation" in files else {}),
        "cutoff_len": length,
        "num_train_epochs": epochs,
    }
    return {"dataset_info.json": json.dumps(info, indent=2) + "\n", "llama_factory.yaml": yaml_text(settings)}


def _calls(message: Message) -> str:
    """The calls as LLaMA-Factory reads them: one object, or a list of them, after the reasoning and the content."""
    calls = calls_of(message)
    text = json.dumps(calls[0] if len(calls) == 1 else calls, ensure_ascii=False)
    return inline({**message, "content": text})


def _restored_calls(value: str) -> Message:
    made = outline(value)
    calls = json.loads(made.pop("content"))
    named = [(call["name"], as_text(call["arguments"])) for call in (calls if isinstance(calls, list) else [calls])]
    functions = [{"type": "function", "function": {"name": name, "arguments": text}} for name, text in named]
    return {"role": "assistant", "content": "", **made, "tool_calls": functions}


class Slots(NamedTuple):
    """What `parse_template` finds in a chat template; `thinks` where it writes thinking marks."""

    prefix: str
    system: str
    user: str
    assistant: str
    default_system: str
    thinks: bool


@cache
def _parsed(chat: ChatTemplate) -> Slots:
    """The slots of the target's template; raises Refused where it cannot be parsed."""
    tokenizer = chat.tokenizer
    prefix = str(tokenizer.decode(tokenizer.encode("")))

    def written(*messages: tuple[str, str], prompt: bool = False) -> str:
        turns = [{"role": role, "content": content} for role, content in messages]
        return str(tokenizer.apply_chat_template(turns, add_generation_prompt=prompt, tokenize=False))[len(prefix) :]

    try:
        system = written(("system", SLOT))
        bare = written(("system", ""), ("user", SLOT), prompt=True)
        user = written(("user", SLOT), prompt=True)
        assistant = written(("user", SLOT), ("assistant", SLOT))[len(user) :]
    except Exception as error:  # a template raises whatever its filters do
        raise Refused(
            f"it cannot parse this chat template ({str(error).partition(chr(10))[0]}); "
            "name one of its own with the argument template"
        ) from None
    thinks = "<think>" in assistant
    assistant = assistant.replace("<think>", "").replace("</think>", "").lstrip("\n")
    default = ""
    if len(user) > len(bare):
        default = _difference(bare, user)
        user = user[len(system.replace(SLOT, default, 1)) :]
    return Slots(prefix, system, user, assistant, default, thinks)


def _difference(short: str, long: str) -> str:
    """The characters of `long` that are not, in order, in `short`."""
    waiting = iter(short)
    expected = next(waiting, None)
    more = []
    for character in long:
        if character == expected:
            expected = next(waiting, None)
        elif expected is not None:
            more.append(character)
    return "".join(more)
