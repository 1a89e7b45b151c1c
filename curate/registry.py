"""Names -> stages and backends: our own, those of installed packages, and stages at any `module:name`.

Our own stages are the modules of `curate.stages`, each with a stage of its name. Packages register theirs under the
entry point groups `curate.stages` and `curate.backends`. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from itertools import islice
from typing import TYPE_CHECKING, Any

from curate.errors import CurateError, first_line, nearest

if TYPE_CHECKING:
    from curate.declaration import Stage
    from curate.models.backend import Backend

BACKEND_GROUP = "curate.backends"
STAGES = "curate.stages"  # the package that holds our own, and the entry point group for others'
RAW = {"id", "messages"}  # what every record has, whatever made it


def stage_names() -> list[str]:
    """Every stage that has a name of its own: ours, then those of installed packages."""
    return list(dict.fromkeys([*own_stages(), *sorted(entry_points(group=STAGES).names)]))


@cache
def get_stage(name: str, where: str = "stages") -> Stage[Any]:
    """The stage of this name, or the one at `module:name`.

    Raises CurateError that begins with `where`: for an unknown name with the nearest valid one; with the package or the
    module at fault for what cannot be imported and for what is no stage.
    """
    if ":" in name:
        stage = _load_attribute(name, where)
        try:
            _check_stage(stage)
        except CurateError as error:
            raise CurateError(f"{where}: {name}: {error}") from None
    elif name in (names := stage_names()):
        ours = {own: f"{STAGES}.{own}:{own}" for own in own_stages()}
        stage = load_registered(name, ours, STAGES, what=f"{where}: the stage {name!r}", check=_check_stage)
    else:
        raise CurateError(f"{where}: there is no stage {name!r}; {nearest(name, names)}")
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
    return sorted(module.name for module in pkgutil.iter_modules(importlib.import_module(STAGES).__path__))


def _load_attribute(name: str, where: str) -> Any:
    module, _, attribute = name.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name and not f"{module}.".startswith(f"{error.name}."):
            raise  # the module is there, and lacks one of its own
        raise CurateError(f"{where}: {name}: there is no module {module!r} to import, here or installed") from None
    except (AttributeError, TypeError, ValueError):  # the latter two where it is no name of a module
        raise CurateError(f"{where}: {name}: the module {module!r} has no {attribute!r}") from None


def _check_stage(stage: Any) -> None:
    if not hasattr(stage, "sees"):
        raise CurateError(f"it is no stage but {type(stage).__name__}; declare it with @curate.stage")


BACKENDS = {
    "transformers": "curate.models.transformers:TransformersModel",
    "vllm": "curate.models.vllm:VllmModel",
    "server": "curate.models.server:ServerModel",
    "chat": "curate.models.chat:ChatEndpointModel",
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
