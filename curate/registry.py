"""Names -> stages."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from curate.errors import CurateError, nearest

if TYPE_CHECKING:
    from curate.stage import Stage

STAGES = (
    "load",
    "synthesize",
    "respond",
    "screen",
    "label",
    "reward",
    "moderate",
    "fit",
    "choose",
    "gate",
    "extend",
    "trim",
    "deduplicate",
    "decontaminate",
    "embed",
    "diversify",
    "prepare",
)  # in the order in which a pipeline uses them


def get_stage(name: str, where: str = "stages") -> Stage[Any]:
    """The stage of this name; raises CurateError with the nearest valid name."""
    if name not in STAGES:
        raise CurateError(f"{where}: there is no stage {name!r}; {nearest(name, STAGES)}")
    found: Stage[Any] = getattr(importlib.import_module(f"curate.stages.{name}"), name)
    return found


def missing_columns(needs: Iterable[str], present: set[str]) -> list[str]:
    """Those of `needs` that nothing in `present` meets."""
    return [need for need in needs if not present.intersection(need.split("|"))]


def column_hint(missing: str) -> str:
    """What to do about a missing column: which stages make it."""
    makers = makers_of(missing)
    what = " or ".join(repr(column) for column in missing.split("|"))
    remedy = f"put one of these stages before it: {', '.join(makers)}" if makers else "no stage makes it"
    return f"needs {what}, which the records do not have; {remedy}"


def makers_of(column: str) -> list[str]:
    """The stages that make a column, or one of `a|b`."""
    wanted = set(column.split("|"))
    others = [get_stage(name) for name in STAGES if name != "load"]
    return [stage.name for stage in others if wanted.intersection(stage.makes(_defaults(stage)))]


def _defaults(stage: Stage[Any]) -> dict[str, Any]:
    return {name: p.default for name, p in stage.parameters.items() if p.default is not inspect.Parameter.empty}
