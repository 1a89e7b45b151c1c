"""What a backend's class promises, checked when it is first used, and its constructor read as a schema for YAML."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, create_model

from curate.errors import CurateError
from curate.models.backend import Backend
from curate.models.protocols import KINDS, Model


def check_backend(candidate: Any) -> None:
    """Raises CurateError, in one sentence, unless `candidate` is a subclass of `Backend` that keeps its rules."""
    if not (isinstance(candidate, type) and issubclass(candidate, Backend)):
        raise CurateError(f"{candidate!r} is no subclass of {Backend.__module__}.Backend")
    if fault := _fault(candidate):
        raise CurateError(f"{candidate.__module__}.{candidate.__qualname__} {fault}")


def check_model(model: Model, backend: type[Backend]) -> None:
    """Raises CurateError when a model lacks what the protocol of its backend's kind says that it has."""
    if missing := [name for name in KINDS[backend.kind].__annotations__ if not hasattr(model, name)]:
        raise CurateError(f"{backend.__module__}.{backend.__qualname__} makes models without {' and '.join(missing)}")


def schema_of(backend: type[Backend]) -> type[BaseModel]:
    """What stands in YAML for a model of this backend: `model`, and the keyword-only parameters of its constructor."""
    fields: dict[str, Any] = {}
    for constructor in _constructors(backend):
        hints = get_type_hints(constructor, include_extras=True)
        fields.setdefault("model", (hints["model"], ...))
        for name, parameter in _keywords(constructor).items():
            required = parameter.default is inspect.Parameter.empty
            fields.setdefault(name, (hints[name], ... if required else parameter.default))
    settings = ConfigDict(extra="forbid", strict=True, protected_namespaces=())
    return create_model(backend.__name__, __config__=settings, **fields)


def _fault(backend: type[Backend]) -> str | None:
    """What is wrong with the class, as the end of a sentence that begins with its name."""
    kind = getattr(backend, "kind", None)
    if kind not in KINDS:
        return f"has the kind {kind!r}; one of {', '.join(KINDS)} is expected"
    methods = [name for name, member in vars(KINDS[kind]).items() if inspect.isfunction(member) and name[0] != "_"]
    if missing := [name for name in methods if not callable(getattr(backend, name, None))]:
        return f"has no method {missing[0]}; the kind {kind} has {', '.join(methods)}"
    for name in methods:
        if fault := _method_fault(name, getattr(backend, name), getattr(KINDS[kind], name)):
            return fault
    for constructor in _constructors(backend):
        if fault := _constructor_fault(constructor):
            return fault
    if unknown := sorted(backend.neutral - schema_of(backend).model_fields.keys()):
        return f"calls {unknown[0]!r} neutral, which is none of its parameters"
    return None


def _method_fault(name: str, method: Callable[..., Any], promised: Callable[..., Any]) -> str | None:
    """What keeps `method` from being called as `promised` can be: by position, with or without what has a default."""
    parameters = inspect.signature(promised).parameters.values()
    needed = sum(parameter.default is inspect.Parameter.empty for parameter in parameters)
    try:
        for count in {needed, len(parameters)}:
            inspect.signature(method).bind(*range(count))
    except TypeError:
        names = [p.name if p.default is inspect.Parameter.empty else f"{p.name}={p.default}" for p in parameters]
        own = ", ".join(inspect.signature(method).parameters)
        return f"has a method {name}({own}); {name}({', '.join(names)}) is expected"
    return None


def _constructor_fault(constructor: Callable[..., Any]) -> str | None:
    parameters = inspect.signature(constructor).parameters.values()
    by_place = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if by_place[1:] != ["model", "date"]:
        return f"is made from ({', '.join(by_place)}); (self, model, date), and all else by keyword only, is expected"
    try:
        hints = get_type_hints(constructor, include_extras=True)
    except (NameError, TypeError) as error:
        return f"has annotations that cannot be resolved: {error}"
    for name in ("model", *_keywords(constructor)):
        if name not in hints:
            return f"has the parameter {name!r} without an annotation"
        try:
            TypeAdapter(hints[name]).json_schema()
        except Exception:  # of pydantic, or of a type that would tell pydantic what it is
            return f"has the parameter {name!r} of a type that YAML cannot give: {hints[name]}"
    return None


def _constructors(backend: type[Backend]) -> Iterator[Callable[..., Any]]:
    """The constructor, and after one that ends in `**` that of the next base class, to which it hands the rest."""
    for owner in backend.__mro__:
        if constructor := vars(owner).get("__init__"):
            yield constructor
            if not any(p.kind is p.VAR_KEYWORD for p in inspect.signature(constructor).parameters.values()):
                return


def _keywords(constructor: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(constructor).parameters
    return {name: parameter for name, parameter in parameters.items() if parameter.kind is parameter.KEYWORD_ONLY}
