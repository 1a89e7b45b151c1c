"""A stage is a function from a dataset to an `Outcome`, and its signature is its schema.

`@stage` reads the signature once: the same parameters, types, bounds and descriptions serve Python calls, YAML,
`--set`, the command line and the JSON Schema. Parameters typed as a model take an object in Python and, in YAML, a
name from `models:`.
"""

from __future__ import annotations

import importlib
import inspect
import types
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce, update_wrapper
from operator import or_
from typing import Annotated, Any, Generic, Literal, ParamSpec, Union, get_args, get_origin, get_type_hints

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from datasets import Dataset, Json, Value
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from curate.chat import ChatTemplate
from curate.errors import CurateError, explain, nearest
from curate.models import Embedder, LanguageModel, RewardModel
from curate.records import arrow_column, columns_of, set_candidates, set_column

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

Sees = Literal["nothing", "each", "all"]
Role = Literal["language", "embedder", "reward", "chat"]
Columns = Sequence[str] | Callable[[dict[str, Any]], Sequence[str]]
Summary = Callable[[Mapping[str, float]], dict[str, float]]
P = ParamSpec("P")

_ROLES: dict[Any, Role] = {LanguageModel: "language", Embedder: "embedder", RewardModel: "reward", ChatTemplate: "chat"}


@dataclass(frozen=True)
class Outcome:
    """What a stage made of its records: `kept`, `dropped` (each with `reason` and `detail`), and counters.

    For a stage that sees nothing, `dropped` holds the input that could not become a record. The counters of shards add.
    """

    kept: Dataset
    dropped: Dataset
    stats: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Drop:
    """Why a record is dropped: a reason that its stage declares, and the numbers behind it."""

    reason: str
    detail: dict[str, Any] = field(default_factory=dict)


def partition(records: Dataset, verdicts: Iterable[Drop | None], stats: dict[str, float] | None = None) -> Outcome:
    """Divides `records` by one verdict each: None keeps the record, a `Drop` drops it."""
    gone: list[int] = []
    reasons: list[str] = []

    def details() -> Iterator[dict[str, Any]]:
        for row, verdict in enumerate(verdicts):
            if verdict is not None:
                gone.append(row)
                reasons.append(verdict.reason)
                yield verdict.detail

    detail = arrow_column(details(), Json())
    stays = np.ones(len(records), dtype=bool)
    stays[gone] = False
    # Columns of the whole pool, empty where a record stays: so the rest of a memory-mapped pool need not be copied.
    place = pa.array(np.cumsum(~stays) - 1, mask=stays)
    reason = pa.chunked_array([pa.array(reasons, pa.string())])
    marked = set_column(records, "reason", reason.take(place), Value("string"))
    marked = set_column(marked, "detail", detail.take(place), Json())
    return Outcome(records.select(np.flatnonzero(stays)), marked.select(np.flatnonzero(~stays)), stats or {})


def sift(
    records: Dataset,
    verdicts: Sequence[Sequence[Drop | None]],
    stats: Mapping[str, float] | None = None,
    drops: Sequence[Drop | None] | None = None,
) -> Outcome:
    """Divides the candidates of each record by one verdict each, and drops the records that have none left.

    A candidate that goes moves to the column `rejected` with its reason and detail, and is counted. A record that
    loses its last candidate is dropped for the commonest of its candidates' reasons; `drops` are verdicts on the
    records themselves, which come first.
    """
    counts: Counter[str] = Counter(stats or {})
    kept, rejected = [], []
    fates = list(drops or [None] * len(records))
    before = records["rejected"] if "rejected" in records.column_names else [None] * len(records)
    columns = zip(records["candidates"], verdicts, before, strict=True)
    for row, (candidates, row_verdicts, earlier) in enumerate(columns):
        pairs = list(zip(candidates, row_verdicts, strict=True))
        gone = [(candidate, verdict) for candidate, verdict in pairs if verdict]
        kept.append([candidate for candidate, verdict in pairs if not verdict])
        moved = [{**candidate, "reason": drop.reason, "detail": drop.detail} for candidate, drop in gone]
        rejected.append([*(earlier or ()), *moved])
        reasons = Counter(drop.reason for _, drop in gone)
        counts.update({f"candidates {reason}": number for reason, number in reasons.items()})
        if gone and not kept[-1] and fates[row] is None:
            fates[row] = Drop(min(reasons, key=lambda r: (-reasons[r], r)), {"candidates": dict(reasons)})
    sifted = set_column(set_candidates(records, kept), "rejected", rejected, Json())
    return partition(sifted, fates, dict(counts))


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
