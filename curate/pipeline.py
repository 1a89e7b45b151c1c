"""A pipeline: a validated list of stages and the models that they use, from YAML or from Python."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from curate.declaration import Stage
from curate.errors import CurateError, explain, nearest
from curate.models.spec import ModelSpec, models_schema, parse_spec
from curate.models.usage import BudgetLimits, Usage
from curate.records.identity import digest
from curate.records.reading import files_of
from curate.registry import column_hint, get_stage, missing_columns, stage_names
from curate.shown import without_secrets
from curate.signatures import kinds_of, models_in, must_score
from curate.yaml_files import apply_override, as_yaml, read_yaml

OWN_STAGE = r"^[\w.]+:\w+$"  # module:name


class PipelineFile(BaseModel):
    """The keys of a pipeline file."""

    model_config = ConfigDict(extra="forbid")
    seed: Annotated[int, Field(description="of every random choice in the run")] = 0
    shard_rows: Annotated[
        int, Field(gt=0, description="rows between two checkpoints of a stage that sees each row")
    ] = 256
    budget: Annotated[
        BudgetLimits | None,
        Field(
            min_length=1, description="what the run may cost: {money: 5} at the models' prices, or {tokens: 1000000}"
        ),
    ] = None
    models: Annotated[dict[str, dict[str, Any]], Field(description="the models, by the part that they play")] = {}
    stages: Annotated[list[dict[str, dict[str, Any] | None] | str], Field(min_length=1, description="in order")]


@dataclass(frozen=True)
class Step:
    """One stage of a pipeline, with its parameters; models are still names.

    `name` is what the pipeline calls the stage, `label` what tells it from another stage of the same name.
    """

    name: str
    label: str
    stage: Stage[Any]
    config: dict[str, Any]
    where: str

    def models(self) -> list[str]:
        """The names of the models that this step uses."""
        return [name for parameter in self.stage.roles for name in models_in(self.config[parameter])]

    def asked(self) -> dict[str, bool]:
        """The names of the models that this step asks, not only for their template, and whether they have to score."""
        return {
            name: must_score(self.stage.parameters[parameter].annotation)
            for parameter, role in self.stage.roles.items()
            for name in models_in(self.config[parameter])
            if role != "chat"
        }

    def files(self) -> list[Path]:
        """The input files that its parameters name."""
        values = [item for value in self.config.values() for item in (value if isinstance(value, list) else [value])]
        return [value for value in values if isinstance(value, Path)]


class Pipeline:
    """Stages in order. Construction validates everything that can be told without loading a model or a pool.

    `Pipeline({"models": {...}, "stages": [{"load": {"path": "pool.jsonl"}}, ...]})` takes what a YAML file holds.
    Raises CurateError with the file, the stage, the key, what was found and the nearest valid name.
    """

    def __init__(self, content: Mapping[str, Any], *, name: str = "pipeline", origin: str = "pipeline") -> None:
        if not isinstance(content, Mapping):
            raise CurateError(f"{origin}: a mapping with the key 'stages' is expected, found {type(content).__name__}")
        try:
            parsed = PipelineFile.model_validate(dict(content))
        except ValidationError as error:
            raise explain(error, origin, PipelineFile) from None
        self.name, self.origin = name, origin
        self.seed, self.shard_rows, self.budget = parsed.seed, parsed.shard_rows, parsed.budget
        self.models: dict[str, ModelSpec] = {}
        for model, spec in parsed.models.items():
            try:
                self.models[model] = parse_spec(f"models.{model}", spec)
            except CurateError as error:
                raise CurateError(f"{origin}: {error}") from None
        self.steps = list(self._steps(parsed.stages))
        self._check_order()
        self._check_counts()
        self._check_models()
        self._check_columns()
        self._check_budget()

    @classmethod
    def from_yaml(cls, path: str | Path, overrides: Sequence[str] = ()) -> Pipeline:
        """Reads a pipeline file; `overrides` are `STAGE.KEY=VALUE`, `models.NAME.KEY=VALUE` or `KEY=VALUE`.

        Paths in the file are relative to the current directory. The second stage of one name is `NAME#2`.
        """
        path = Path(path)
        if not path.is_file():
            raise CurateError(f"there is no pipeline file {path} (looked for {path.absolute()})")
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise CurateError(f"{path}: not UTF-8: {error}") from None
        content = read_yaml(text, str(path))
        if isinstance(content, dict):
            for override in overrides:
                apply_override(content, override)
        return cls(content, name=path.stem, origin=str(path))

    def to_dict(self) -> dict[str, Any]:
        """The resolved pipeline: every parameter with its value, as a pipeline file holds it."""
        return {
            "seed": self.seed,
            "shard_rows": self.shard_rows,
            **({"budget": dict(self.budget)} if self.budget else {}),
            "models": {name: spec.to_dict() for name, spec in self.models.items()},
            "stages": [{step.name: without_secrets(as_yaml(step.config))} for step in self.steps],
        }

    @cached_property
    def fingerprints(self) -> dict[str, str]:
        """What identifies each model that a stage uses."""
        used = {name for step in self.steps for name in step.models()}
        return {name: self.models[name].fingerprint() for name in sorted(used)}

    def cost(self, usage: Mapping[str, Usage]) -> float | None:
        """What it costs to ask the models so much, at their prices; None where none has a price."""
        costs = [asked.cost(self.models[name].prices) for name, asked in usage.items() if name in self.models]
        priced = [cost for cost in costs if cost is not None]
        return sum(priced) if priced else None

    @property
    def makers(self) -> int:
        """How many stages at the beginning make records, which come together before the others."""
        return sum(step.stage.sees == "nothing" for step in self.steps)

    @cached_property
    def keys(self) -> list[str]:
        """For each step, the hash of all that its result depends on: itself, its models and files, the steps before."""
        keys: list[str] = []
        for number, step in enumerate(self.steps):
            models = {name: self.fingerprints[name] for name in step.models()}
            files = [_content_hash(file, step.stage.reads) for file in step.files()]
            parts = (step.name, step.stage.version, as_yaml(step.config), models, files, self.shard_rows)
            before = keys[:number] if number == self.makers else keys[-1:] if number > self.makers else []
            keys.append(digest(before, *parts))
        return keys

    def files(self) -> list[Path]:
        """All files that its stages read."""
        return [
            file
            for step in self.steps
            for path in step.files()
            for file in ([path] if path.is_file() else files_of(path, step.stage.reads))
        ]

    def _steps(self, entries: Sequence[Any]) -> Iterator[Step]:
        counts: dict[str, int] = {}
        for number, entry in enumerate(entries, 1):
            if isinstance(entry, str):
                entry = {entry: None}
            if len(entry) != 1:
                raise CurateError(
                    f"{self.origin}: stage {number}: one stage name is expected, found {', '.join(entry) or 'none'}; "
                    "begin each stage with '- '"
                )
            ((name, values),) = entry.items()
            stage = get_stage(name, f"{self.origin}: stage {number}")
            where = f"{self.origin}: stage {number} ({stage.name})"
            values = dict(values or {})
            if "seed" in stage.parameters:
                values.setdefault("seed", self.seed)
            counts[stage.name] = counts.get(stage.name, 0) + 1
            label = stage.name if counts[stage.name] == 1 else f"{stage.name}#{counts[stage.name]}"
            yield Step(name, label, stage, stage.validate(values, where), where)

    def _check_order(self) -> None:
        if self.steps[0].stage.sees != "nothing":
            raise CurateError(f"{self.steps[0].where}: the first stage must make records: load, synthesize or instruct")
        for before, step in pairwise(self.steps):
            if step.stage.sees == "nothing" and before.stage.sees != "nothing":
                raise CurateError(f"{step.where}: it can only be first, or after another stage that makes records")

    def _check_counts(self) -> None:
        """Raises CurateError when a stage needs more records than can come to it."""
        made = [step.stage.makes_rows(step.config) for step in self.steps[: self.makers]]
        most = None if None in made else sum(filter(None, made))
        for step in self.steps[self.makers :]:
            least = step.stage.needs_rows(step.config)
            if most is not None and least is not None and least > most:
                raise CurateError(
                    f"{step.where}: it needs {least} records, and at most {most} can come to it; ask for "
                    "fewer, or make more"
                )
            left = step.stage.makes_rows(step.config)
            most = left if most is None else most if left is None else min(most, left)

    def _check_models(self) -> None:
        for step in self.steps:
            for parameter in step.stage.roles:
                for name in models_in(step.config[parameter]):
                    where = f"{step.where}: {parameter}"
                    if name not in self.models:
                        hint = nearest(name, self.models) if self.models else "the file has no models"
                        raise CurateError(f"{where}: there is no model {name!r} under 'models'; {hint}")
                    kinds = kinds_of(step.stage.parameters[parameter].annotation)
                    if self.models[name].kind not in kinds:
                        raise CurateError(f"{where}: {_wrong_kind(self.models[name], name, kinds, step.stage.name)}")
        asked = {name for step in self.steps for name in step.asked()}
        for name in sorted({name for step in self.steps for name in step.models()}):
            try:
                (self.models[name].check if name in asked else self.models[name].check_chat)()
            except CurateError as error:
                raise CurateError(f"{self.origin}: {error}") from None

    def _check_columns(self) -> None:
        present: set[str] = set()
        for step in self.steps:
            for path in step.files():
                if not path.exists():
                    self._check_path(step, path)
            for missing in missing_columns(step.stage.needs(step.config), present):
                raise CurateError(f"{step.where}: {column_hint(missing)}")
            try:
                present.update(step.stage.makes(step.config, present))
            except CurateError as error:
                raise CurateError(f"{step.where}: {error}") from None

    def _check_path(self, step: Step, path: Path) -> None:
        """Raises CurateError when no file is at a path, or matches it."""
        try:
            files_of(path, step.stage.reads)
        except CurateError as error:
            raise CurateError(f"{step.where}: {error}") from None

    def _check_budget(self) -> None:
        if self.budget and "money" in self.budget and not any(spec.prices for spec in self.models.values()):
            raise CurateError(
                f"{self.origin}: budget.money: no model has a price; add prices: {{prompt: ..., completion: ...}} of "
                "a million tokens to the models that cost something, or give the budget in tokens"
            )


def pipeline_schema() -> dict[str, Any]:
    """The JSON Schema of a pipeline file, for editors."""
    schema = PipelineFile.model_json_schema()
    schema["title"] = "curate pipeline"
    models = models_schema()
    schema.setdefault("$defs", {}).update(models.pop("$defs"))  # references are from the root
    schema["properties"]["models"] = {**schema["properties"]["models"], **models}
    names = stage_names()
    stages: list[dict[str, Any]] = [{"enum": names}, {"type": "string", "pattern": OWN_STAGE}]
    for name in names:
        parameters = get_stage(name).config.model_json_schema()
        schema["$defs"].update(parameters.pop("$defs", {}))
        stages.append(
            {"type": "object", "properties": {name: parameters}, "required": [name], "additionalProperties": False}
        )
    stages.append({"type": "object", "patternProperties": {OWN_STAGE: {}}, "additionalProperties": False})
    schema["properties"]["stages"]["items"] = {"anyOf": stages}
    return schema


def _wrong_kind(spec: ModelSpec, name: str, kinds: Sequence[str], stage: str) -> str:
    if spec.kind == "chat" and kinds == ["language"]:
        instead = (
            "; or let the stage instruct write the instructions, which asks for them" if stage == "synthesize" else ""
        )
        return (
            f"{name!r} (backend {spec.backend}) answers conversations, and can neither go on from the beginning of a "
            f"text nor score one; name a model of the backends transformers, vllm or server here{instead}"
        )
    return f"needs a model of the kind {' or '.join(kinds)}, {name!r} is not one"


def _content_hash(path: Path, kinds: Sequence[str]) -> str:
    """The hash of a file's content, or of the names and contents of those files of a directory, or that match a
    pattern, which are of `kinds`."""
    if not path.is_file():
        files = files_of(path, kinds)
        names = [str(file.relative_to(path)) if path.is_dir() else file.name for file in files]
        return digest([(name, _content_hash(file, kinds)) for name, file in zip(names, files, strict=True)])
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
