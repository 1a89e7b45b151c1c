"""What stands under `models:` in a pipeline: one model, its backend and the backend's parameters.

A backend's parameters are the keyword-only parameters of its class's constructor, with their types, bounds and
descriptions. Nothing here loads a model, or the libraries that could.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, ValidationError, create_model

from curate.errors import CurateError, explain, nearest
from curate.models.backend import Backend
from curate.models.contract import check_model, schema_of
from curate.models.fingerprint import directory_fingerprint, file_fingerprint, hub_commit
from curate.models.locate import locate
from curate.models.protocols import Kind, Model
from curate.models.usage import Meter, Prices
from curate.records.identity import digest
from curate.registry import backend_names, get_backend
from curate.shown import without_secrets

if TYPE_CHECKING:
    from curate.chat import ChatTemplate

DEFAULT_BACKEND = "transformers"


@dataclass(frozen=True)
class ModelSpec:
    """A model as a pipeline or a call names it: `parameters` are its backend's, `where` is what errors begin with.

    `prices` turn what the model is asked into money, whatever the backend, and change no result.
    """

    where: str
    backend: str
    model: str
    parameters: Mapping[str, Any]
    prices: Prices | None = None

    @property
    def kind(self) -> Kind:
        """What the model can do: "language" models complete and score, an "embedder" embeds, "reward" models reward."""
        return self._class.kind

    def to_dict(self) -> dict[str, Any]:
        """The spec as YAML gives it, without defaults and secrets: keys come from the environment, URLs are masked."""
        fields = schema_of(self._class).model_fields
        given = {key: value for key, value in self.parameters.items() if value != fields[key].get_default()}
        prices = {"prices": dict(self.prices)} if self.prices else {}
        return {"backend": self.backend, "model": self.model, **without_secrets(given), **prices}

    def check(self) -> None:
        """Raises CurateError when the model's directory or a file of it is missing, before anything is loaded.

        A name on the hub is accepted unseen.
        """
        try:
            self._class.check(self.model, self.parameters)
        except CurateError as error:
            raise CurateError(f"{self.where}: {error}") from None

    def check_chat(self) -> None:
        """As `check`, for a model of which nothing but the chat template is wanted: its weights need not be there."""
        try:
            self._class.check_chat(self.model, self.parameters)
        except CurateError as error:
            raise CurateError(f"{self.where}: {error}") from None

    def probe(self, scores: bool) -> None:
        """Raises CurateError when the model is elsewhere and does not answer there, or does not score with `scores`."""
        try:
            self._class.probe(self.model, self.parameters, scores)
        except CurateError as error:
            raise CurateError(f"{self.where}: {error}") from error

    def fingerprint(self) -> str:
        """What identifies the model's results: its parameters, and the content of its files or its name on the hub.

        Parameters that only change speed do not count, nor does the path of a directory or a file, only its last part.
        A commit on the hub does not count either: it is unknown before the download, and a run must know its own
        results again.
        """
        content = source = self.source
        if isinstance(source, Path):
            content = file_fingerprint(source) if source.is_file() else directory_fingerprint(source)
        counted = without_secrets(self._class.counted(self.parameters))
        return digest(self.backend, self._class.shown_name(self.model), counted, content)

    def commit(self) -> str | None:
        """The commit of a hub model's files, once they have been downloaded."""
        source = self.source
        return hub_commit(source) if isinstance(source, str) else None

    def load(self, date: datetime.date | None = None, meter: Meter | None = None) -> Model:
        """Loads the model, which `meter` counts; `date` is what chat templates that print today's date print."""
        try:
            model: Any = self._class(self.model, date, **self.parameters)
            check_model(model, self._class)
        except CurateError as error:
            raise CurateError(f"{self.where}: {error}") from error
        model.meter = meter or Meter(self.prices)
        return model

    def load_chat(self, date: datetime.date | None = None) -> ChatTemplate:
        """Only the chat template of a language or reward model, with its tokenizer."""
        try:
            return self._class.load_chat(self.model, date, self.parameters)
        except CurateError as error:
            raise CurateError(f"{self.where}: {error}") from error

    @property
    def source(self) -> Path | str | None:
        """The directory, GGUF file or hub name of the files that decide the model's results, if there are any here."""
        files = self._class.files(self.model, self.parameters)
        return None if files is None else locate(files)

    @property
    def _class(self) -> type[Backend]:
        return get_backend(self.backend)


def parse_spec(where: str, value: Mapping[str, Any]) -> ModelSpec:
    """The model that stands at `where`: `models.teacher` in a pipeline.

    Raises CurateError with the key, what was found and the nearest valid name; nothing is loaded or looked up.
    """
    if not isinstance(value, Mapping):
        raise CurateError(f"{where}: a mapping such as {{model: DIRECTORY_OR_NAME}} is expected, found {value!r}")
    backend = str(value.get("backend", DEFAULT_BACKEND))
    schema = _entry(get_backend(backend, where))
    keys = {*schema.model_fields, "backend"}
    if unknown := [key for key in value if key not in keys]:
        raise CurateError(f"{where}: unknown key {unknown[0]!r}; {nearest(str(unknown[0]), keys)}")
    try:
        parsed = schema.model_validate({key: item for key, item in value.items() if key != "backend"})
    except ValidationError as error:
        raise explain(error, where, keys) from None
    parameters = {key: getattr(parsed, key) for key in schema.model_fields}
    return ModelSpec(where, backend, parameters.pop("model"), parameters, parameters.pop("prices"))


def load_model(model: str, *, backend: str = DEFAULT_BACKEND, **parameters: Any) -> Model:
    """Loads a model for use in Python: a directory, a GGUF file, a hub name, or `package:NAME/PATH`.

    `parameters` are those that stand beside `model:` in YAML. Raises CurateError as a pipeline would.
    """
    spec = parse_spec(f"models.{model_name(model)}", {"backend": backend, "model": model, **parameters})
    spec.check()
    return spec.load()


def model_name(model: str) -> str:
    """What errors call a model that no pipeline names: the last part of its path or its name on the hub."""
    return model.rstrip("/").rpartition("/")[2]


def models_schema() -> dict[str, Any]:
    """The JSON Schema of the section `models:`; what its references name is under `$defs`."""
    variants: list[dict[str, Any]] = []
    definitions: dict[str, Any] = {}
    for backend in backend_names():
        variant = _entry(get_backend(backend)).model_json_schema()
        definitions |= variant.pop("$defs", {})
        variant["title"] = backend
        variant["properties"] = {"backend": {"const": backend}, **variant["properties"]}
        if backend != DEFAULT_BACKEND:
            variant["required"] = ["backend", *variant["required"]]
        variants.append(variant)
    return {"type": "object", "additionalProperties": {"anyOf": variants}, "$defs": definitions}


def _entry(backend: type[Backend]) -> type[BaseModel]:
    """What stands under `models:` for a model of this backend: the backend's own keys, and those that all have."""
    prices: Any = (Annotated[Prices | None, Field(description="what a million tokens cost")], None)
    return create_model(backend.__name__, __base__=schema_of(backend), prices=prices)
