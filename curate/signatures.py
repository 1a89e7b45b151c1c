"""What the annotations of a stage's parameters say: which take a model, what YAML may give, what a person reads."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import Field, WrapValidator
from pydantic.fields import FieldInfo

from curate.chat import ChatTemplate
from curate.models.kept import Role
from curate.models.protocols import ChatModel, Embedder, Kind, LanguageModel, RewardModel

_ROLES: dict[Any, Role] = {
    LanguageModel: "language",
    ChatModel: "language",
    Embedder: "embedder",
    RewardModel: "reward",
    ChatTemplate: "chat",
}
_KINDS: dict[Any, Kind] = {
    LanguageModel: "language",
    ChatModel: "chat",
    Embedder: "embedder",
    RewardModel: "reward",
    ChatTemplate: "language",
}
_NAME = Annotated[str, Field(min_length=1)]


class PythonOnly:
    """Marks a type that a parameter takes in Python and not in YAML: `Annotated[Dataset, PythonOnly()]`."""


class Scores:
    """Marks a parameter whose model has to score, not only to complete: `Annotated[LanguageModel, Scores()]`."""


def role_of(annotation: Any) -> Role | None:
    """The role of a model-typed annotation: `LanguageModel`, `list[LanguageModel]`, `Embedder | None` ..."""
    if annotation in _ROLES:
        return _ROLES[annotation]
    return next((role for role in map(role_of, get_args(annotation)) if role), None)


def kinds_of(annotation: Any) -> list[Kind]:
    """The kinds of models that a model-typed annotation takes, those of a union in its order."""
    if annotation in _KINDS:
        return [_KINDS[annotation]]
    return list(dict.fromkeys(kind for argument in get_args(annotation) for kind in kinds_of(argument)))


def must_score(annotation: Any) -> bool:
    """Whether the annotation is marked as that of a model that has to score."""
    return any(isinstance(extra, Scores) for extra in getattr(annotation, "__metadata__", ()))


def models_in(value: Any) -> list[Any]:
    """The models that the value of such a parameter holds: one, several or none."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def with_models(value: Any, load: Callable[[Any], Any]) -> Any:
    """The value of such a parameter with `load` of every model in it."""
    if isinstance(value, list):
        return [load(model) for model in value]
    return None if value is None else load(value)


def in_yaml(annotation: Any) -> Any:
    """The annotation as YAML gives its values: models by name, and nothing that only Python has."""
    return _changed(annotation, lambda model: _NAME, keeps=lambda member: not _python_only(member))


def in_python(annotation: Any) -> Any:
    """The annotation as Python gives its values: a model as an object, or by its path."""
    return _changed(annotation, lambda model: Annotated[model, WrapValidator(_or_path)])


def _or_path(value: Any, validate: Callable[[Any], Any]) -> Any:
    return value if isinstance(value, str) and value else validate(value)


def plain_type(annotation: Any) -> Any:
    """The annotation as a person reads it: without bounds and descriptions, a model also by its path."""
    return _changed(annotation, lambda model: model | str, plain=True)


def described(parameters: Mapping[str, inspect.Parameter]) -> str:
    """The parameters as a section of a docstring: name, type, default and meaning."""
    if not parameters:
        return ""
    lines = ["Parameters", "----------"]
    for name, parameter in parameters.items():
        default = "" if parameter.default is inspect.Parameter.empty else f" = {parameter.default!r}"
        kind = inspect.formatannotation(plain_type(parameter.annotation)).replace("curate.models.protocols.", "")
        lines.append(f"{name} : {kind}{default}")
        lines += [f"    {text}" for text in _descriptions(parameter.annotation)]
    return "\n".join(lines)


def examples(annotation: Any) -> Iterator[Any]:
    """Values of the annotated type, every choice among them: what `makes` may be asked with, to see what comes out."""
    if annotation is None or annotation is type(None) or _reads_files(annotation):
        return
    arguments, origin = get_args(annotation), get_origin(annotation)
    if annotation in _ROLES or annotation is str:
        yield "name"
    elif annotation in (int, float):
        yield annotation(1)
    elif annotation is bool:
        yield from (True, False)
    elif origin is Literal:
        yield from arguments
    elif origin is list:
        yield list(examples(arguments[0]))
    elif origin is dict:
        yield {key: value for key in examples(arguments[0]) for value in examples(arguments[1])}
    elif origin is tuple:
        yield tuple(next(examples(argument), None) for argument in arguments)
    elif origin is Annotated:
        yield from examples(arguments[0])
    else:
        for argument in arguments:
            yield from examples(argument)


def _reads_files(annotation: Any) -> bool:
    return annotation is Path or any(map(_reads_files, get_args(annotation)))


def _python_only(annotation: Any) -> bool:
    return any(isinstance(extra, PythonOnly) for extra in getattr(annotation, "__metadata__", ()))


def _descriptions(annotation: Any) -> list[str]:
    fields = [extra for extra in getattr(annotation, "__metadata__", ()) if isinstance(extra, FieldInfo)]
    return [field.description for field in fields if field.description]


def _changed(
    annotation: Any,
    model: Callable[[Any], Any],
    keeps: Callable[[Any], bool] = lambda member: True,
    plain: bool = False,
) -> Any:
    """`annotation` with `model` of every model type in it, without the members of unions that `keeps` refuses, and,
    if it is to be `plain`, without what `Annotated` adds."""
    if annotation in _ROLES:
        return model(annotation)
    arguments, origin = get_args(annotation), get_origin(annotation)
    if origin is Annotated:
        inner = _changed(arguments[0], model, keeps, plain)
        return inner if plain else Annotated[inner, *annotation.__metadata__]
    if origin in (Union, types.UnionType):
        return reduce(or_, [_changed(member, model, keeps, plain) for member in arguments if keeps(member)])
    if origin is None or origin is Literal:
        return annotation
    return origin[tuple(_changed(argument, model, keeps, plain) for argument in arguments)]
