"""What stands under `models:` in a pipeline: one model, its backend and the backend's parameters.

A backend's parameters are the keyword-only parameters of its class's constructor, with their types, bounds and
descriptions. Nothing here loads a model, or the libraries that could.
"""

from __future__ import annotations

import datetime
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from curate.errors import CurateError, explain, nearest
from curate.models.fingerprint import directory_fingerprint, hub_commit
from curate.models.locate import Kind, check_files, display_name, locate
from curate.models.tokenizer import load_chat, read_template
from curate.records.identity import digest

if TYPE_CHECKING:
    from curate.chat import ChatTemplate
    from curate.models.protocols import Embedder, LanguageModel, RewardModel

    Model: TypeAlias = LanguageModel | Embedder | RewardModel

_CLASSES = {
    "transformers": "TransformersModel",
    "vllm": "VllmModel",
    "server": "ServerModel",
    "sentence-transformers": "SentenceTransformersModel",
    "reward": "RewardTransformersModel",
}
_KINDS: dict[str, Kind] = {"sentence-transformers": "embedder", "reward": "reward"}  # the others: "language"
BACKENDS = tuple(_CLASSES)


@dataclass(frozen=True)
class ModelSpec:
    """A model as a pipeline names it: `name` is its part (teacher, base), `parameters` are its backend's."""

    name: str
    backend: str
    model: str
    parameters: Mapping[str, Any]

    @property
    def kind(self) -> Kind:
        """What the model can do: "language" models complete and score, an "embedder" embeds, "reward" models reward."""
        return _KINDS.get(self.backend, "language")

    def to_dict(self) -> dict[str, Any]:
        """The spec as YAML gives it, without defaults. It holds no secrets: keys come from the environment."""
        given = {key: value for key, value in self.parameters.items() if value != _defaults(self.backend)[key]}
        return {"backend": self.backend, "model": self.model, **given}

    def check(self) -> None:
        """Raises CurateError when the model's directory or a file in it is missing, before anything is loaded.

        A name on the hub is accepted unseen.
        """
        template_file = self.parameters.get("template_file")
        try:
            place = locate(self._files)
            if template_file is not None:
                read_template(template_file)
            if not isinstance(place, str):
                check_files(
                    place,
                    self.kind,
                    weights=self.backend != "server",
                    template=template_file is None,
                )
        except CurateError as error:
            raise CurateError(f"models.{self.name}: {error}") from None

    def fingerprint(self) -> str:
        """What identifies the model's results: its parameters, and the content of its files or its name on the hub.

        Parameters that only change speed do not count, nor does the place of a directory, only its last part. A commit
        on the hub does not count either: it is unknown before the download, and a run must know its own results again.
        """
        place = locate(self._files)
        content = place if isinstance(place, str) else directory_fingerprint(place)
        neutral = backend_class(self.backend).NEUTRAL
        counted = {key: value for key, value in self.parameters.items() if key not in neutral and key != "tokenizer"}
        if counted.get("template_file"):
            counted["template_file"] = read_template(counted["template_file"])
        name = self.model if self.backend == "server" else display_name(self.model)
        return digest(self.backend, name, counted, content)

    def commit(self) -> str | None:
        """The commit of a hub model's files, once they have been downloaded."""
        place = locate(self._files)
        return hub_commit(place) if isinstance(place, str) else None

    def load(self, date: datetime.date | None = None) -> Model:
        """Loads the model; `date` is what chat templates that print today's date print."""
        try:
            model: Model = backend_class(self.backend)(self.model, date, **self.parameters)
        except CurateError as error:
            raise CurateError(f"models.{self.name}: {error}") from error
        return model

    def load_chat(self, date: datetime.date | None = None) -> ChatTemplate:
        """Only the chat template of a language or reward model, with its tokenizer."""
        keys = ("template", "template_file", "trust_remote_code")
        given = {key: self.parameters[key] for key in keys if key in self.parameters}
        try:
            return load_chat(self._files, date, **given)
        except CurateError as error:
            raise CurateError(f"models.{self.name}: {error}") from error

    @property
    def _files(self) -> str:
        """Where the model's files are, or for a served model those of its tokenizer."""
        return self.parameters.get("tokenizer") or self.model


def parse_spec(name: str, value: Mapping[str, Any]) -> ModelSpec:
    """The model that stands as `name` under `models:`.

    Raises CurateError with the key, what was found and the nearest valid name; nothing is loaded or looked up.
    """
    where = f"models.{name}"
    if not isinstance(value, Mapping):
        raise CurateError(f"{where}: a mapping such as {{model: DIRECTORY_OR_NAME}} is expected, found {value!r}")
    backend = value.get("backend", BACKENDS[0])
    if backend not in _CLASSES:
        raise CurateError(f"{where}: there is no backend {backend!r}; {nearest(str(backend), BACKENDS)}")
    schema = _schema(backend)
    keys = {*schema.model_fields, "backend"}
    if unknown := [key for key in value if key not in keys]:
        raise CurateError(f"{where}: unknown key {unknown[0]!r}; {nearest(str(unknown[0]), keys)}")
    try:
        parsed = schema.model_validate({key: item for key, item in value.items() if key != "backend"})
    except ValidationError as error:
        raise explain(error, where, keys) from None
    parameters = {key: getattr(parsed, key) for key in schema.model_fields}
    return ModelSpec(name, backend, parameters.pop("model"), parameters)


def load_model(model: str, *, backend: str = "transformers", **parameters: Any) -> Model:
    """Loads a model for use in Python: a directory, a hub name, or `package:NAME/DIRECTORY`.

    `parameters` are those that stand beside `model:` in YAML. Raises CurateError as a pipeline would.
    """
    spec = parse_spec(model.rstrip("/").rpartition("/")[2], {"backend": backend, "model": model, **parameters})
    spec.check()
    return spec.load()


def models_schema() -> dict[str, Any]:
    """The JSON Schema of the section `models:`."""
    variants = []
    for backend in BACKENDS:
        variant = _schema(backend).model_json_schema()
        variant["title"] = backend
        variant["properties"] = {"backend": {"const": backend}, **variant["properties"]}
        if backend != BACKENDS[0]:
            variant["required"] = ["backend", *variant["required"]]
        variants.append(variant)
    return {"type": "object", "additionalProperties": {"anyOf": variants}}


@cache
def backend_class(backend: str) -> Any:
    """The class behind a backend's name; importing it loads no model library."""
    module = importlib.import_module(f"curate.models.{backend.replace('-', '_')}")
    return getattr(module, _CLASSES[backend])


@cache
def _schema(backend: str) -> type[BaseModel]:
    """`model`, and the keyword-only parameters of the backend's constructor."""
    constructor = backend_class(backend).__init__
    hints = get_type_hints(constructor, include_extras=True)
    fields: dict[str, Any] = {"model": (hints["model"], ...)}
    for name, parameter in inspect.signature(constructor).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
            required = parameter.default is inspect.Parameter.empty
            fields[name] = (hints[name], ... if required else parameter.default)
    settings = ConfigDict(extra="forbid", strict=True, protected_namespaces=())
    return create_model(backend, __config__=settings, **fields)


def _defaults(backend: str) -> dict[str, Any]:
    return {name: field.get_default() for name, field in _schema(backend).model_fields.items()}
