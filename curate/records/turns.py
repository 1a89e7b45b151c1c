"""Turns as people write them, made into messages: roles, contents, reasoning and tool calls, whatever their keys.

A turn is `{role, content}` (OpenAI) or `{from, value}` (ShareGPT). What comes out has the roles `system`, `user`,
`assistant` and `tool` alone: `developer` is OpenAI's newer word for `system`, and most chat templates leave its text
out. What has no place in a message is counted by its key in `notes`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from curate.errors import CurateError

ROLES = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human", "prompter"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "model", "bot", "function_call", "tool_call"), "assistant"),
    **dict.fromkeys(("tool", "function", "observation", "tool_response", "function_response", "ipython"), "tool"),
}
CALLERS = ("function_call", "tool_call")  # the speakers whose text is a tool call
REASONING = ("reasoning_content", "reasoning", "thinking")
TEXT_PARTS = ("text", "input_text", "output_text")
FOLLOWERS = {  # which roles may follow which, system turns aside; a result without a call is for `screen` to drop
    "": ("user",),
    "user": ("assistant", "tool"),
    "assistant": ("user", "tool"),
    "tool": ("assistant", "tool", "user"),
}
_THINK = re.compile(r"\s*<think>(.*?)(?:</think>|\Z)(.*)", re.DOTALL)
_TRANSCRIPT = re.compile(r"\s*Human: .*\n\nAssistant:", re.DOTALL)
_HEADLESS = re.compile(r"(.*?)^[^\S\n]*</think>[^\S\n]*$(.*)", re.DOTALL | re.MULTILINE)

Notes = Counter[str]


def read_turns(turns: Any, notes: Notes, key: str = "messages") -> list[dict[str, Any]]:
    """The turns of a conversation, or of JSON text that holds one, as messages.

    Raises CurateError, which names `key` and the number of the turn, for what is none.
    """
    turns = from_json(turns)
    if not isinstance(turns, list):
        raise CurateError(f"{key} must be a list of turns, found {turns!r:.80}")
    messages: list[dict[str, Any]] = []
    for number, turn in enumerate(turns, 1):
        try:
            message = read_turn(turn, notes)
        except CurateError as error:
            raise CurateError(f"{key}: turn {number}: {error}") from None
        if messages and messages[-1]["role"] == "assistant" and speaker(turn) in CALLERS:
            earlier = messages[-1].get("tool_calls", [])
            messages[-1] = {**messages[-1], "tool_calls": [*earlier, *message["tool_calls"]]}
        else:
            messages.append(message)
    return messages


def read_transcript(text: str) -> list[dict[str, Any]]:
    """The turns of a text that says who speaks, as those of Anthropic's preferences; empty for any other text."""
    if not _TRANSCRIPT.match(text):
        return []
    spoken = re.split(r"(?:^|\n\n)(Human|Assistant): ?", text.lstrip("\n"))
    pairs = zip(spoken[1::2], spoken[2::2], strict=True)
    return [{"role": "user" if name == "Human" else "assistant", "content": said.strip()} for name, said in pairs]


def check_order(messages: Sequence[Mapping[str, Any]]) -> None:
    """Raises CurateError unless user and assistant turns alternate, the user's first, with tool turns between.

    System turns may stand anywhere: whether a template takes them there is for `prepare` to say.
    """
    before = ""
    for number, role in enumerate((message["role"] for message in messages), 1):
        if role == "system":
            continue
        if role not in FOLLOWERS[before]:
            where = f"follows {_an(before)} turn" if before else "begins"
            rule = "turns must be user, assistant, user ... with tool turns between"
            raise CurateError(f"{rule}; turn {number} ({role}) {where}")
        before = role
    if not before:
        raise CurateError("there is no user turn")


def read_turn(turn: Any, notes: Notes) -> dict[str, Any]:
    """One turn as a message; raises CurateError for what is none."""
    if not isinstance(turn, Mapping):
        raise CurateError(f"{{role, content}} or {{from, value}} is expected, found {turn!r:.80}")
    left = {key: value for key, value in turn.items() if value is not None}
    spoken = speaker(left)
    if spoken not in ROLES:
        raise CurateError(f"the role is one of {', '.join(ROLES)}, found {left.get('role', left.get('from'))!r}")
    left.pop("role" if "role" in left else "from")
    role = ROLES[spoken]
    content = left.pop("content" if "content" in left else "value", None)
    calls: list[dict[str, Any]] = []
    if spoken in CALLERS:
        calls, content = read_calls(content, notes), None
    if role == "assistant":
        for key in ("tool_calls", "function_call"):
            calls += read_calls(left.pop(key, None), notes)
    text, reasoning = _content(content, role)
    if role == "assistant":
        text, reasoning = _reasoned(left, text, reasoning, notes)
    if text is None and not calls and not reasoning and role != "tool":
        raise CurateError(f"the content of {_an(role)} turn must be a text, found none")
    message: dict[str, Any] = {"role": role, "content": text or ""}
    if reasoning:
        message["reasoning_content"] = reasoning
    if calls:
        message["tool_calls"] = calls
    message |= _kept(left)
    notes.update(f"message key {key} ignored" for key, value in left.items() if value not in ("", [], {}))
    if spoken == "developer":
        notes["role developer as system"] += 1
    return message


def speaker(turn: Mapping[str, Any]) -> str:
    """Who speaks, in lower case, under whichever key it is said; empty where it is not said in a text."""
    name = turn.get("role", turn.get("from"))
    return name.strip().lower() if isinstance(name, str) else ""


def read_calls(calls: Any, notes: Notes) -> list[dict[str, Any]]:
    """Tool calls in OpenAI's shape, their arguments as JSON text; raises CurateError for what is none."""
    calls = from_json(calls)
    made = []
    for call in calls if isinstance(calls, list) else [] if calls is None else [calls]:
        function = from_json(call.get("function", call)) if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(name := function.get("name"), str):
            raise CurateError(f"a tool call is {{name, arguments}}, found {call!r:.80}")
        arguments = function.get("arguments", function.get("parameters"))
        if not isinstance(arguments, str):
            arguments = json.dumps({} if arguments is None else arguments, ensure_ascii=False)
        own = {} if call.get("id") is None else {"id": str(call["id"])}
        made.append({**own, "type": "function", "function": {"name": name, "arguments": arguments}})
        meant = {"function", "id", "name", "arguments", "parameters"} | (
            {"type"} if call.get("type") == "function" else set()
        )
        notes.update(f"tool call key {key} ignored" for key in (call.keys() | function.keys()) - meant)
    return made


def split_reasoning(content: str) -> tuple[str, str]:
    """A response as its content and the reasoning in a leading `<think>` block, which may have no end, or no beginning
    where a template writes that (DeepSeek-R1); the reasoning is empty where there is none."""
    if "think>" not in content:
        return content, ""
    if match := _THINK.match(content):
        return match[2].lstrip(), match[1].strip()
    if "<think>" not in content and (match := _HEADLESS.match(content)):
        return match[2].lstrip(), match[1].strip()
    return content, ""


def from_json(value: Any) -> Any:
    """What JSON text holds, where it is a text that holds a list or an object; else the value itself."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def turns_in(value: Any) -> list[dict[str, Any]] | None:
    """The turns that a value, or JSON text, holds as a list, unread; None for anything else."""
    turns = from_json(value)
    if isinstance(turns, list) and turns and all(isinstance(turn, Mapping) and speaker(turn) for turn in turns):
        return turns
    return None


def _content(content: Any, role: str) -> tuple[str | None, str]:
    """The text of a content, None where there is none, and the reasoning among its parts."""
    if content is None or isinstance(content, str):
        return content, ""
    if isinstance(content, list) and content and all(isinstance(part, Mapping) and "type" in part for part in content):
        texts, thoughts = [], []
        for part in content:
            if part["type"] in TEXT_PARTS and isinstance(part.get("text"), str):
                texts.append(part["text"])
            elif part["type"] in REASONING and isinstance(part.get(part["type"]), str):
                thoughts.append(part[part["type"]])
            else:
                raise CurateError(f"only text can be kept, found a part of the type {part['type']!r}")
        return "\n".join(texts), "\n".join(thoughts)
    if role == "tool":
        return json.dumps(content, ensure_ascii=False), ""
    raise CurateError(f"content must be a text or a list of text parts, found {content!r:.80}")


def _reasoned(left: dict[str, Any], text: str | None, reasoning: str, notes: Notes) -> tuple[str | None, str]:
    """Content and reasoning of an assistant turn: from the keys of the turn first, then from the text."""
    for key in REASONING:
        if not reasoning and isinstance(left.get(key), str):
            reasoning = left.pop(key)
        elif left.get(key) == reasoning:
            del left[key]
    answer, thought = split_reasoning(text or "")
    if answer != (text or "") and (not reasoning.strip() or thought in ("", reasoning.strip())):
        notes["<think> block as reasoning" if thought else "empty <think> block removed"] += 1
        return answer, reasoning if reasoning.strip() else thought
    return text, reasoning if reasoning.strip() else ""


def _kept(left: dict[str, Any]) -> dict[str, Any]:
    """Takes the keys out of a turn that a message keeps."""
    kept = {}
    for key in ("tool_call_id", "name"):
        if isinstance(left.get(key), str | int):
            kept[key] = str(left.pop(key))
    if isinstance(left.get("weight"), int | float):
        kept["weight"] = left.pop("weight")
    return kept


def _an(role: str) -> str:
    return f"{'an' if role == 'assistant' else 'a'} {role}"
