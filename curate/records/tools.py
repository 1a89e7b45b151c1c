"""The tools that the assistant of a record may call: JSON Schemas, as OpenAI and chat templates have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.records.reserved import put_aside
from curate.records.turns import Notes, from_json

TOOLS = ("tools", "functions")


def read_tools(row: dict[str, Any], notes: Notes) -> None:
    """Sets the row's `tools`, a list of `{type, function: {name, description, parameters}}`, from a list or JSON text.

    What is no list of functions stays the column that it is.
    """
    for key in TOOLS:
        tools = from_json(row.get(key))
        if tools in ([], "", {}):
            row.pop(key, None)
        elif isinstance(tools, list) and all(isinstance(from_json(tool), Mapping) for tool in tools):
            wrapped = [_wrapped(from_json(tool)) for tool in tools]
            if all(isinstance(tool["function"], Mapping) and "name" in tool["function"] for tool in wrapped):
                if key != "tools":
                    notes[f"column {key} as tools"] += 1
                row.pop(key)
                if "tools" in row:
                    row.update(put_aside(row, ["tools"]))
                row["tools"] = wrapped


def _wrapped(tool: Mapping[str, Any]) -> dict[str, Any]:
    return dict(tool) if "function" in tool else {"type": "function", "function": dict(tool)}
