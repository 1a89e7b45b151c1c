"""A stage is a function from a dataset to an `Outcome`, and its signature is its schema.

`@stage` reads the signature once: the same parameters, types, bounds and descriptions serve Python calls, YAML,
`--set`, the command line and the JSON Schema. Parameters typed as a model take an object in Python and, in YAML, a
name from `models:`.
"""

from __future__ import annotations

import inspect
import types
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, reduce, update_wrapper
from operator import or_
from typing import Annotated, Any, Generic, Literal, ParamSpec, Union, get_args, get_origin, get_type_hints

import pyarrow.compute as pc
from datasets import Dataset
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from curate.chat import ChatTemplate
from curate.errors import CurateError, explain
from curate.models.protocols import Embedder, LanguageModel, RewardModel
from curate.outcome import Outcome
from curate.records.schema import columns_of
from curate.registry import column_hint, missing_columns

Sees = Literal["nothing", "each", "all"]
Role = Literal["language", "embedder", "reward", "chat"]
Columns = Sequence[str] | Callable[[dict[str, Any]], Sequence[str]]
Summary = Callable[[Mapping[str, float]], dict[str, float]]
P = ParamSpec("P")

_ROLES: dict[Any, Role] = {LanguageModel: "language", Embedder: "embedder", RewardModel: "reward", ChatTemplate: "chat"}


class Stage(Generic[P]):
    """A stage function together with what its signature and its declaration say."""

    def __init__(
        self,
        function: Callable[P, Outcome],
        *,
        sees: Sees,
        needs: Columns,
        makes: Columns,
        copies: Mapping[str, str],
        reasons: Mapping[str, str],
        summary: Summary,
        version: int,
    ) -> None:
        update_wrapper(self, function)
        self.function = function
        self.name = function.__name__
        self.sees = sees
        self.reasons = dict(reasons)
        self.summary = summary
        self.version = version
        self._needs, self._makes, self._copies = needs, makes, dict(copies)

    def needs(self, config: dict[str, Any]) -> list[str]:
        """The columns that must be there; `a|b` means that one of them suffices."""
        return list(self._needs(config) if callable(self._needs) else self._needs)

    def makes(self, config: dict[str, Any], present: Iterable[str] = ()) -> list[str]:
        """The columns that are there afterwards, in addition to those that are `present`."""
        made = list(self._makes(config) if callable(self._makes) else self._makes)
        copied = [
            new + column.removeprefix(old)
            for old, new in self._copies.items()
            for column in sorted(present)
            if column.startswith(old)
        ]
        return made + copied

    @cached_property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The keyword-only parameters, with their annotations resolved."""
        hints = get_type_hints(self.function, include_extras=True)
        return {
            name: parameter.replace(annotation=hints[name])
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }

    @cached_property
    def roles(self) -> dict[str, Role]:
        """The parameters that take a model, and what the model must be able to do."""
        found = {name: _role(parameter.annotation) for name, parameter in self.parameters.items()}
        return {name: role for name, role in found.items() if role}

    @property
    def divisible(self) -> bool:
        """Whether a stage that sees nothing can make its records in slices, told by `start` and `count`."""
        return {"start", "count"} <= self.parameters.keys()

    @cached_property
    def config(self) -> type[BaseModel]:
        """The parameters as YAML gives them: models by name."""
        return self._schema(lambda annotation: _swap_models(annotation, Annotated[str, Field(min_length=1)]))

    @cached_property
    def _python_config(self) -> type[BaseModel]:
        """The parameters as Python gives them: models as objects."""
        return self._schema(lambda annotation: annotation)

    def _schema(self, convert: Callable[[Any], Any]) -> type[BaseModel]:
        fields: dict[str, Any] = {
            name: (convert(p.annotation), ... if p.default is inspect.Parameter.empty else p.default)
            for name, p in self.parameters.items()
        }
        settings = ConfigDict(extra="forbid", arbitrary_types_allowed=True, protected_namespaces=())
        return create_model(self.name, __config__=settings, **fields)

    def validate(self, values: Mapping[str, Any], where: str) -> dict[str, Any]:
        """The parameters of a YAML entry, checked, with their defaults; a CurateError begins with `where`."""
        return _validated(self.config, values, where)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        config = _validated(self._python_config, kwargs, self.name)
        if self.sees == "nothing":
            outcome = self.function(*args, **config)
        else:
            records = args[0]
            if not isinstance(records, Dataset):
                raise CurateError(f"{self.name}: records must be a datasets.Dataset, found {type(records).__name__}")
            if not len(records):
                raise CurateError(f"{self.name}: no records came in; see what the stages before it dropped")
            self._check_columns(records, config)
            outcome = self.function(*args, **config)
            self._check_conserved(len(records), outcome)
        return replace(outcome, stats=self.merge_stats([outcome.stats]))

    def merge_stats(self, parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
        """The counters of several shards, added, after what follows from all of them together."""
        total: Counter[str] = Counter()
        for part in parts:
            total.update(part)
        summary = self.summary(total)
        return summary | {name: value for name, value in total.items() if name not in summary}

    def _check_columns(self, records: Dataset, config: dict[str, Any]) -> None:
        for missing in missing_columns(self.needs(config), columns_of(records)):
            raise CurateError(f"{self.name}: {column_hint(missing)}")

    def _check_conserved(self, came: int, outcome: Outcome) -> None:
        kept, dropped = len(outcome.kept), len(outcome.dropped)
        if kept + dropped != came:
            raise RuntimeError(f"{self.name} lost records: {came} came in, {kept} kept and {dropped} dropped")
        # The table behind the selection: `Dataset.unique` would first copy every column of the dropped records.
        given = pc.unique(outcome.dropped.data.column("reason")).to_pylist() if dropped else ()
        undeclared = set(given) - {None} - self.reasons.keys()
        if undeclared:
            raise RuntimeError(f"{self.name} drops for reasons that it does not declare: {sorted(undeclared)}")


def stage(
    *,
    sees: Sees,
    needs: Columns = (),
    makes: Columns = (),
    copies: Mapping[str, str] = types.MappingProxyType({}),
    reasons: Mapping[str, str] = types.MappingProxyType({}),
    summary: Summary = lambda _: {},
    version: int = 1,
) -> Callable[[Callable[P, Outcome]], Stage[P]]:
    """Declares a stage: what it sees, which columns it needs and makes, and every reason that it drops records for.

    `copies` says which columns it makes of others: whatever begins with a key is there again with the value instead.
    `summary` says what follows from the counters of all records together, where the counters of shards do not add up to
    it. `version` is part of the key under which a run keeps the stage's results: raise it when the results change.
    """

    def declare(function: Callable[P, Outcome]) -> Stage[P]:
        return Stage(
            function,
            sees=sees,
            needs=needs,
            makes=makes,
            copies=copies,
            reasons=reasons,
            summary=summary,
            version=version,
        )

    return declare


def _validated(schema: type[BaseModel], values: Mapping[str, Any], where: str) -> dict[str, Any]:
    try:
        config = schema.model_validate(dict(values))
    except ValidationError as error:
        raise explain(error, where, schema.model_fields) from None
    return {name: getattr(config, name) for name in schema.model_fields}


def _role(annotation: Any) -> Role | None:
    """The role of a model-typed annotation: `LanguageModel`, `list[LanguageModel]`, `Embedder | None` ..."""
    if annotation in _ROLES:
        return _ROLES[annotation]
    return next((role for role in map(_role, get_args(annotation)) if role), None)


def _swap_models(annotation: Any, name_type: Any) -> Any:
    """`annotation` with every model type in it replaced by the type of a model's name."""
    if annotation in _ROLES:
        return name_type
    if not _role(annotation):
        return annotation
    arguments = tuple(_swap_models(argument, name_type) for argument in get_args(annotation))
    origin = get_origin(annotation)
    if origin is Annotated:
        return Annotated[arguments[0], *annotation.__metadata__]
    return reduce(or_, arguments) if origin in (Union, types.UnionType) else origin[arguments]
