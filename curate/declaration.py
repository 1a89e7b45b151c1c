"""A stage is a function from a dataset to an `Outcome`, and its signature is its schema.

`@stage` reads the signature once: the same parameters, types, bounds and descriptions serve Python calls, YAML,
`--set`, the command line and the JSON Schema. A parameter typed as a model takes a model or its path in Python and, in
YAML, a name from `models:`.
"""

from __future__ import annotations

import hashlib
import inspect
import types
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Generic, Literal, ParamSpec, get_type_hints

from datasets import Dataset
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from curate import signatures
from curate.errors import CurateError, explain
from curate.models.kept import Role, kept_model
from curate.outcome import REJECTED, Calibration, Outcome, reasons_of
from curate.records.reading import KINDS
from curate.records.schema import broken_columns, columns_of
from curate.records.shapes import Rows, as_pool
from curate.registry import column_hint, missing_columns
from curate.signatures import with_models

Sees = Literal["nothing", "each", "all"]
Config = Mapping[str, Any]
Columns = Sequence[str] | Callable[[Any], Sequence[str]]
Count = Callable[[Any], int | None]
Check = Callable[[Any], object]
Summary = Callable[[Mapping[str, float]], dict[str, float]]
Tables = Sequence[Sequence[Sequence[str]]]  # each a header and rows of as many cells
Calibrate = Callable[[Dataset, Any], Calibration]
P = ParamSpec("P")


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
        needs_rows: Count,
        makes_rows: Count,
        reasons: Mapping[str, str],
        check: Check,
        summary: Summary,
        calibrate: Calibrate | None,
        reads: Sequence[str],
        tables: Tables,
        version: int | None,
    ) -> None:
        self.function = function
        self.name, self.__module__ = function.__name__, function.__module__
        self.sees = sees
        self.needs_rows, self.makes_rows = needs_rows, makes_rows
        self.reasons = dict(reasons)
        self.check = check
        self.summary = summary
        self.calibrate = calibrate
        self.reads = reads
        self.tables = tables
        self._needs, self._makes, self._copies = needs, makes, dict(copies)
        self._version = version
        self.description = inspect.getdoc(function) or ""
        self.__doc__ = f"{self.description}\n\n{signatures.described(self.parameters)}".strip()

    def needs(self, config: Config) -> list[str]:
        """The columns that must be there; `a|b` means that one of them suffices."""
        return list(self._needs(config) if callable(self._needs) else self._needs)

    def makes(self, config: Config, present: Iterable[str] = ()) -> list[str]:
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
        """The parameters besides the records, with their annotations resolved."""
        hints = get_type_hints(self.function, include_extras=True)
        parameters = list(inspect.signature(self.function).parameters.values())
        own = parameters if self.sees == "nothing" else parameters[1:]
        return {parameter.name: parameter.replace(annotation=hints[parameter.name]) for parameter in own}

    @property
    def __signature__(self) -> inspect.Signature:
        """What `help`, `inspect.signature` and notebooks show: plain types, without bounds and descriptions."""
        records = inspect.Parameter("records", inspect.Parameter.POSITIONAL_ONLY, annotation=Rows | Outcome)
        own = [p.replace(annotation=signatures.plain_type(p.annotation)) for p in self.parameters.values()]
        return inspect.Signature([*([] if self.sees == "nothing" else [records]), *own], return_annotation=Outcome)

    def __repr__(self) -> str:
        return f"<stage {self.name}{self.__signature__}>"

    @cached_property
    def roles(self) -> dict[str, Role]:
        """The parameters that take a model, and what the model must be able to do."""
        roles = {name: signatures.role_of(parameter.annotation) for name, parameter in self.parameters.items()}
        return {name: role for name, role in roles.items() if role}

    @property
    def divisible(self) -> bool:
        """Whether a stage that sees nothing can make its records in slices, told by `start` and `count`."""
        return {"start", "count"} <= self.parameters.keys()

    @cached_property
    def version(self) -> int | str:
        """The declared version, or else the hash of the module's source: part of the key of a run's results."""
        if self._version is not None:
            return self._version
        try:
            source = inspect.getsource(inspect.getmodule(self.function) or self.function)
        except (OSError, TypeError):
            raise CurateError(
                f"the source of the stage {self.name} cannot be read, so a run could not tell its results from those "
                "of another version; declare one: @stage(version=1, ...)"
            ) from None
        return hashlib.blake2b(source.encode(), digest_size=16).hexdigest()

    @cached_property
    def config(self) -> type[BaseModel]:
        """The parameters as YAML gives them: models by name."""
        return self._schema(signatures.in_yaml)

    @cached_property
    def _python_config(self) -> type[BaseModel]:
        """The parameters as Python gives them: models as objects or by their paths."""
        return self._schema(signatures.in_python)

    def _schema(self, convert: Callable[[Any], Any]) -> type[BaseModel]:
        fields: dict[str, Any] = {
            name: (convert(p.annotation), ... if p.default is inspect.Parameter.empty else p.default)
            for name, p in self.parameters.items()
        }
        settings = ConfigDict(extra="forbid", arbitrary_types_allowed=True, protected_namespaces=())
        return create_model(self.name, __config__=settings, **fields)

    def validate(self, values: Config, where: str) -> dict[str, Any]:
        """The parameters of a YAML entry, checked, with their defaults; a CurateError begins with `where`."""
        return self._validated(self.config, values, where)

    def _validated(self, schema: type[BaseModel], values: Config, where: str) -> dict[str, Any]:
        try:
            validated = schema.model_validate(dict(values))
        except ValidationError as error:
            raise explain(error, where, schema) from None
        config = {name: getattr(validated, name) for name in schema.model_fields}
        try:
            self.check(config)
        except CurateError as error:
            raise CurateError(f"{where}: {error}") from None
        return config

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        records, values = self._given(args, kwargs)
        config = self._validated(self._python_config, values, self.name)
        try:
            for parameter, role in self.roles.items():
                config[parameter] = with_models(config[parameter], partial(_loaded, role=role, where=parameter))
            pool = None if self.sees == "nothing" else _pool(records)
            if pool is not None:
                self.check_records(pool, config)
            calibration = self.calibrate(pool, config) if self.calibrate and pool is not None else Calibration({}, {})
            outcome = self.outcome(pool, {**config, **calibration.parameters})
        except CurateError as error:
            raise CurateError(f"{self.name}: {error}") from error.__cause__
        return replace(outcome, stats=self.merge_stats([outcome.stats]) | calibration.stats)

    def _given(self, args: Sequence[Any], kwargs: Config) -> tuple[Any, dict[str, Any]]:
        """The records of a call from Python, None for a stage that makes them, and its parameters."""
        values = dict(kwargs)
        if self.sees != "nothing":
            first = next(iter(inspect.signature(self.function).parameters))
            if len(args) != 1 and not (not args and first in values):
                raise CurateError(
                    f"{self.name}: one pool of records is expected, found {len(args)}; name the parameters"
                )
            return (args[0] if args else values.pop(first)), values
        names = [p.name for p in self.parameters.values() if p.kind is not inspect.Parameter.KEYWORD_ONLY]
        if len(args) > len(names):
            raise CurateError(f"{self.name}: it takes {len(names)} values without a name, found {len(args)}")
        return None, {**dict(zip(names, args, strict=False)), **values}

    def check_records(self, records: Dataset, config: Config) -> None:
        """Raises CurateError when there are no records, or when they lack a column that the stage needs."""
        if not len(records):
            raise CurateError("no records came in; see what the stages before it dropped")
        for missing in missing_columns(self.needs(config), columns_of(records)):
            raise CurateError(column_hint(missing))

    def outcome(self, records: Dataset | None, arguments: Config) -> Outcome:
        """What the function makes of `records`, or of a part of them; that none of them is lost is checked."""
        if records is None:
            return self.function(**arguments)  # type: ignore[call-arg]
        outcome = self.function(records, **arguments)
        self._check(records, outcome, arguments)
        return outcome

    def merge_stats(self, parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
        """The counters of several shards, added, after what follows from all of them together."""
        total: Counter[str] = Counter()
        for part in parts:
            total.update(part)
        summary = self.summary(total)
        return summary | {name: value for name, value in total.items() if name not in summary}

    def _check(self, records: Dataset, outcome: Outcome, arguments: Config) -> None:
        """Raises an error, for it is the stage's fault, when a record is lost, or goes without a declared reason, or
        when there is a column that is not declared, or not what the schema says."""
        if not isinstance(outcome, Outcome):
            raise TypeError(f"{self.name} returned {type(outcome).__name__}; a stage returns an Outcome")
        came, kept, dropped = len(records), len(outcome.kept), len(outcome.dropped)
        if kept + dropped != came:
            raise RuntimeError(f"{self.name} lost records: {came} came in, {kept} kept and {dropped} dropped")
        if unexplained := set(reasons_of(outcome.dropped)) - self.reasons.keys():
            raise RuntimeError(
                f"{self.name} drops for reasons that it does not declare: {sorted(map(str, unexplained))}"
            )
        declared = {column.partition(".")[0] for column in self.makes(arguments, columns_of(records))}
        if undeclared := set(outcome.kept.column_names) - {*records.column_names, *declared, REJECTED}:
            raise RuntimeError(f"{self.name} makes columns that it does not declare: {sorted(undeclared)}")
        if kept and (broken := broken_columns(outcome.kept)):
            raise RuntimeError(f"{self.name} breaks the schema of records: {broken}")


def _loaded(model: Any, role: Role, where: str) -> Any:
    return kept_model(model, role, where) if isinstance(model, str) else model


def _pool(records: Any) -> Dataset:
    return as_pool(records.kept if isinstance(records, Outcome) else records)


def stage(
    *,
    sees: Sees,
    needs: Columns = (),
    makes: Columns = (),
    copies: Mapping[str, str] = types.MappingProxyType({}),
    needs_rows: Count = lambda config: None,
    makes_rows: Count = lambda config: None,
    reasons: Mapping[str, str] = types.MappingProxyType({}),
    check: Check = lambda config: None,
    summary: Summary = lambda _: {},
    calibrate: Calibrate | None = None,
    reads: Sequence[str] = KINDS,
    tables: Tables = (),
    version: int | None = None,
) -> Callable[[Callable[P, Outcome]], Stage[P]]:
    """Declares a stage: what it sees, which columns it needs and makes, and every reason that it drops records for.

    `needs`, `makes`, `needs_rows` and `makes_rows` may depend on the parameters. `copies` says which columns it makes
    of others: whatever begins with a key is there again with the value instead. `needs_rows` is the least number of
    records that it takes, `makes_rows` the most that come out, None where that is not known. `check` raises CurateError
    for parameters that no single type can refuse, before anything is loaded. `summary` says what follows from the
    counters of all records together, where the counters of shards do not add up to it. `calibrate` looks at all records
    once, before a stage that sees each is given them in shards, and sets parameters. `reads` are the kinds of files
    that it takes of a directory, whose contents are part of the key of its results. `tables` are what else a person
    should know, each a header and its rows. `version` is part of the key
    under which a run keeps the stage's results: raise it when they change; without one, the source of the module is.
    """

    def declare(function: Callable[P, Outcome]) -> Stage[P]:
        return Stage(
            function,
            sees=sees,
            needs=needs,
            makes=makes,
            copies=copies,
            needs_rows=needs_rows,
            makes_rows=makes_rows,
            reasons=reasons,
            check=check,
            summary=summary,
            calibrate=calibrate,
            reads=reads,
            tables=tables,
            version=version,
        )

    return declare
