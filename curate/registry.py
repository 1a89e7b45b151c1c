"""Names -> stages and backends."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from curate.errors import CurateError, first_line, nearest

if TYPE_CHECKING:
    from curate.models.backend import Backend
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


# --- backends --------------------------------------------------------------------------------------------------------

BACKEND_GROUP = "curate.backends"  # the entry points under which other packages register theirs
BACKENDS = {
    "transformers": "curate.models.transformers:TransformersModel",
    "vllm": "curate.models.vllm:VllmModel",
    "server": "curate.models.server:ServerModel",
    "sentence-transformers": "curate.models.sentence_transformers:SentenceTransformersModel",
    "reward": "curate.models.reward:RewardTransformersModel",
}


def backend_names() -> list[str]:
    """The names of our own backends, and of those of other packages."""
    return list(dict.fromkeys([*BACKENDS, *sorted(entry_points(group=BACKEND_GROUP).names)]))


@cache
def get_backend(name: str, where: str = "models") -> type[Backend]:
    """The class of this name, checked; importing it loads no model library.

    Raises CurateError that begins with `where`: for an unknown name with the nearest valid one; with the package at
    fault for a name that is registered twice, for what cannot be imported and for what is no backend.
    """
    from curate.models.contract import check_backend

    if name not in (names := backend_names()):
        raise CurateError(f"{where}: there is no backend {name!r}; {nearest(name, names)}")
    backend: type[Backend] = load_registered(
        name, BACKENDS, BACKEND_GROUP, what=f"{where}: the backend {name!r}", check=check_backend
    )
    return backend


def load_registered(name: str, ours: Mapping[str, str], group: str, *, what: str, check: Callable[[Any], None]) -> Any:
    """The object behind a name that is among `ours` or among the entry points of `group`, after `check`.

    Raises CurateError that begins with `what` and names the package at fault; `check` raises only what is wrong.
    """
    owned = [("curate", EntryPoint(name, ours[name], group))] if name in ours else []
    owned += [(point.dist.name if point.dist else point.value, point) for point in entry_points(group=group, name=name)]
    if len(owned) > 1:
        packages = " and by ".join(package for package, _ in owned)
        raise CurateError(f"{what} is registered twice, by {packages}; uninstall one of them")
    ((package, entry_point),) = owned
    try:
        loaded = entry_point.load()
    except Exception as error:
        if name in ours:
            raise
        fault = f"{type(error).__name__}: {first_line(error)}"
        raise CurateError(f"{what} of the package {package} cannot be imported: {fault}") from error
    try:
        check(loaded)
    except CurateError as error:
        raise CurateError(f"{what} of the package {package}: {error}") from None
    return loaded
