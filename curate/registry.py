"""Names -> stages: our own, those of installed packages, and any `module:name`.

Our own are the modules of `curate.stages`, each with a stage of its name. A package adds its own under the entry point
group `curate.stages`. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from typing import TYPE_CHECKING, Any

from curate import stages
from curate.errors import CurateError, nearest

if TYPE_CHECKING:
    from curate.declaration import Stage

STAGES = "curate.stages"  # the package that holds our own, and the entry point group for others'
RAW = {"id", "messages"}  # what every record has, whatever made it


def stage_names() -> list[str]:
    """Every stage that has a name of its own: ours, then those of installed packages."""
    return [*own_stages(), *sorted(_entries(STAGES))]


def get_stage(name: str, where: str = "stages") -> Stage[Any]:
    """The stage of this name, or the one at `module:name`; raises CurateError with the nearest valid name."""
    if name in own_stages():
        stage = getattr(importlib.import_module(f"{STAGES}.{name}"), name)
    elif name in _entries(STAGES):
        stage = _load_entry(_entries(STAGES)[name], where)
    elif ":" in name:
        stage = _load_attribute(name, where)
    else:
        raise CurateError(f"{where}: there is no stage {name!r}; {nearest(name, stage_names())}")
    if not hasattr(stage, "sees"):
        raise CurateError(f"{where}: {name} is no stage but {type(stage).__name__}; declare it with @curate.stage")
    return stage


def all_stages() -> list[Stage[Any]]:
    """Every stage that has a name: those that make records first, then those that see each, then those that see all."""
    order = ("nothing", "each", "all")
    return sorted((get_stage(name) for name in stage_names()), key=lambda stage: order.index(stage.sees))


def missing_columns(needs: Iterable[str], present: set[str]) -> list[str]:
    """Those of `needs` that nothing in `present` meets."""
    return [need for need in needs if not present.intersection(need.split("|"))]


def column_hint(missing: str) -> str:
    """What to do about a missing column: which stages make it, and with which parameter where that matters."""
    what = " or ".join(repr(column) for column in missing.split("|"))
    makers = makers_of(missing)
    remedy = f"put one of these stages before it: {', '.join(makers)}" if makers else "no stage makes it"
    return f"needs {what}, which the records do not have; {remedy}"


def makers_of(column: str) -> list[str]:
    """The stages that make a column, or one of `a|b`, of records that are there; `reward with base` where it takes a
    parameter to do so."""
    wanted = set(column.split("|"))
    makers = []
    for stage in all_stages():
        if stage.sees == "nothing" and wanted & RAW:
            continue
        ways = ((how, config) for how, config in _configs(stage) if wanted.intersection(stage.makes(config)))
        for how, config in islice(ways, 1):
            makers.append((len(stage.needs(config)), f"{stage.name} with {how}" if how else stage.name))
    return [name for _, name in sorted(makers)]  # what needs least comes first


def _configs(stage: Stage[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Parameters to ask a stage with what it makes: its defaults, and then each parameter set to something else."""
    from curate.signatures import examples

    required = inspect.Parameter.empty
    values = {name: list(examples(p.annotation)) for name, p in stage.parameters.items()}
    if any(p.default is required and not values[name] for name, p in stage.parameters.items()):
        return  # it reads files, and makes what they hold
    defaults = {n: values[n][0] if p.default is required else p.default for n, p in stage.parameters.items()}
    yield "", defaults
    for name, choices in values.items():
        for choice in choices:
            shown = f"{name}: {choice}" if isinstance(choice, list | bool) else name
            yield shown, {**defaults, name: choice}


@cache
def own_stages() -> list[str]:
    """The names of our own stages."""
    return sorted(module.name for module in pkgutil.iter_modules(stages.__path__))


@cache
def _entries(group: str) -> dict[str, EntryPoint]:
    """The entry points of a group by their names; two packages with the same name are an error."""
    by_name: dict[str, EntryPoint] = {}
    for entry in entry_points(group=group):
        other = by_name.setdefault(entry.name, entry)
        if other.value != entry.value:
            raise CurateError(
                f"the name {entry.name!r} is registered twice under {group}, as {other.value} and as {entry.value}; "
                "uninstall one of the packages"
            )
    return by_name


def _load_entry(entry: EntryPoint, where: str) -> Any:
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        package = entry.dist.name if entry.dist else "an installed package"
        raise CurateError(f"{where}: {package} registers {entry.name!r} as {entry.value}: {error}") from error


def _load_attribute(name: str, where: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name and not f"{module}.".startswith(f"{error.name}."):
            raise  # the module is there, and lacks one of its own
        raise CurateError(f"{where}: {name}: there is no module {module!r} to import, here or installed") from None
    except (AttributeError, ValueError):
        raise CurateError(f"{where}: {name}: the module {module!r} has no {attribute!r}") from None
