"""The topics that a teacher can be steered to: system prompts, ready ones by name, and the shares that each gets.

A system turn before the pre-query prefix lowers the quality a little and steers the topic (MAGPIE, arXiv 2406.08464).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from curate.errors import nearest

READY = {
    "general": "You are a helpful assistant.",
    "math": "You are a helpful assistant who answers questions about mathematics.",
    "code": "You are a helpful assistant who answers questions about programming.",
    "translation": "You are a helpful assistant who answers questions about languages and translation.",
    "reasoning": "You are a helpful assistant who answers questions about logic and reasoning.",
    "creative writing": "You are a helpful assistant who helps with creative writing.",
    "data analysis": "You are a helpful assistant who answers questions about data analysis.",
    "planning": "You are a helpful assistant who helps with plans and schedules.",
    "editing": "You are a helpful assistant who helps to edit and improve texts.",
    "knowledge": "You are a helpful assistant who answers questions about facts and the world.",
    "advice": "You are a helpful assistant who gives advice about everyday life.",
}

Prompt = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0.001, le=1000, description="relative to the sum of all shares")]


@with_config(ConfigDict(extra="forbid"))
class OwnDomain(TypedDict):
    """A domain with a system prompt of its own."""

    prompt: Prompt
    share: Share


def _kind(system: Any) -> str:
    if isinstance(system, str):
        return "prompt"
    return "domains" if isinstance(system, Mapping) else "prompts"


def _no_bare_name(system: Any) -> Any:
    for prompt in [system] if isinstance(system, str) else system:
        if prompt in READY:
            raise PydanticCustomError(
                "bare_domain",
                "'{name}' is the name of a ready domain; write {'{name}': 1} for it, or a whole sentence as a prompt",
                {"name": prompt},
            )
    return system


def _all_known(system: dict[str, Any]) -> dict[str, Any]:
    for name, domain in system.items():
        if not isinstance(domain, Mapping) and name not in READY:
            raise PydanticCustomError(
                "unknown_domain",
                "there is no ready domain '{name}'; {hint}; one of your own needs {prompt: ..., share: ...}",
                {"name": name, "hint": nearest(name, READY)},
            )
    return system


_Given = Annotated[
    Annotated[Share, Tag("ready")] | Annotated[OwnDomain, Tag("own")],
    Discriminator(lambda given: "own" if isinstance(given, Mapping) else "ready"),
]
System = Annotated[
    Annotated[Prompt, AfterValidator(_no_bare_name), Tag("prompt")]
    | Annotated[list[Prompt], Field(min_length=1), AfterValidator(_no_bare_name), Tag("prompts")]
    | Annotated[dict[str, _Given], Field(min_length=1), AfterValidator(_all_known), Tag("domains")],
    Discriminator(_kind),
]
"""One prompt, several with equal shares, or domains by name: a ready one with its share, or one with its own prompt."""


@dataclass(frozen=True)
class Domain:
    """A topic: what the records' column `domain` says, the system prompt that steers to it, and its share."""

    name: str
    prompt: str
    share: float


def domains_of(system: str | Sequence[str] | Mapping[str, Any]) -> list[Domain]:
    """The domains that `system` names, in its order; a bare prompt is its own name."""
    if isinstance(system, str):
        return [Domain(system, system, 1.0)]
    if isinstance(system, Mapping):
        return [
            Domain(name, given["prompt"], given["share"])
            if isinstance(given, Mapping)
            else Domain(name, READY[name], given)
            for name, given in system.items()
        ]
    return [Domain(prompt, prompt, 1.0) for prompt in system]
