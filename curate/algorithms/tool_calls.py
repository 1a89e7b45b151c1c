"""Whether the tool calls of a conversation are those that its tools allow, and whether each result has its call."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match
from referencing import Registry
from referencing.exceptions import Unresolvable

UNKNOWN_TOOL = "unknown tool"
WRONG_ARGUMENTS = "wrong arguments"
NO_CALL = "result without a call"

Messages = Sequence[Mapping[str, Any]]


class Fault(NamedTuple):
    """What is wrong with a conversation's calls: one of the reasons above, and what was found."""

    reason: str
    detail: dict[str, Any]


def tool_fault(messages: Messages, tools: Messages) -> Fault | None:
    """The first call to a tool that is not there, or whose arguments do not meet its JSON Schema, or the first result
    that answers no call; None where there is none.

    Each call takes one result, which names it by `tool_call_id`, or comes in its turn. Parameters that are no valid
    JSON Schema allow any object.
    """
    schemas = {tool["function"]["name"]: tool["function"].get("parameters") for tool in tools}
    waiting: list[str | None] = []  # the ids of the calls that have no result yet
    for number, message in enumerate(messages, 1):
        if message["role"] == "assistant":
            calls = message.get("tool_calls") or ()
            waiting = [call.get("id") for call in calls]
            for call in calls:
                if fault := _call_fault(call["function"], schemas):
                    return Fault(fault.reason, {"turn": number, **fault.detail})
        elif message["role"] == "tool":
            own = message.get("tool_call_id")
            position = next((n for n, id in enumerate(waiting) if id == own or None in (id, own)), None)
            if position is None:
                return Fault(NO_CALL, {"turn": number, "tool_call_id": own, "calls": waiting})
            del waiting[position]
    return None


def _call_fault(function: Mapping[str, Any], schemas: Mapping[str, Any]) -> Fault | None:
    name = function["name"]
    if name not in schemas:
        return Fault(UNKNOWN_TOOL, {"tool": name, "tools": sorted(schemas)})
    for why in _wrong(function["arguments"], schemas[name]):
        return Fault(WRONG_ARGUMENTS, {"tool": name, "arguments": function["arguments"], "why": why})
    return None


def _wrong(text: str, schema: Any) -> Iterator[str]:
    """Why the arguments do not meet the schema; nothing where they do."""
    try:
        arguments = json.loads(text)
    except ValueError as error:
        yield f"not JSON: {error}"
        return
    if not isinstance(arguments, dict):
        yield f"not an object but {type(arguments).__name__}"
    elif isinstance(schema, Mapping):
        try:
            Draft202012Validator.check_schema(schema)
            # With a registry of its own, a schema cannot make it fetch another one.
            worst = best_match(Draft202012Validator(schema, registry=Registry()).iter_errors(arguments))
        except (SchemaError, Unresolvable):
            return
        if worst is not None:
            yield f"{worst.json_path}: {worst.message}"
