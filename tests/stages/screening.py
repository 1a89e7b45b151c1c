"""Conversations to screen, and what became of one."""

from __future__ import annotations

from typing import Any

from curate.records.pool import from_rows
from curate.stages.screen import screen

GOOD = "The capital of France is Paris."


def conversation(*turns: str) -> dict[str, Any]:
    roles = ("user", "assistant") * len(turns)
    messages = [{"role": role, "content": content} for role, content in zip(roles, turns, strict=False)]
    return {"id": "x", "messages": messages}


def with_candidates(*contents: str, instruction: str = "What is the capital of France?") -> dict[str, Any]:
    candidates = [{"content": c, "generator": "teacher", "finish_reason": "stop"} for c in contents]
    return {**conversation(instruction), "candidates": candidates}


def verdict(record: dict[str, Any], **parameters: Any) -> tuple[str, dict[str, Any]] | None:
    """The reason and the detail of a record that is dropped, None for one that is kept."""
    dropped = screen(from_rows([record]), **parameters).dropped
    return (dropped[0]["reason"], dropped[0]["detail"]) if len(dropped) else None
