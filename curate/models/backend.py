"""A backend is one class in one file: it says of itself what the rest of the code must know before a model is made."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from curate.chat import ChatTemplate
from curate.errors import CurateError
from curate.models.files import check_code, check_config, check_template, check_tokenizer, check_weights
from curate.models.gguf import check_gguf_template, check_gguf_tokenizer, check_gguf_weights
from curate.models.locate import display_name, locate
from curate.models.protocols import Kind
from curate.models.tokenizer import load_chat, read_template
from curate.models.usage import Meter

ModelSource = Annotated[str, Field(min_length=1, description="directory, GGUF file, hub name, or package:NAME/PATH")]
Precision = Literal["auto", "float32", "bfloat16", "float16"]
Template = Annotated[
    dict[str, Any] | None, Field(description="switches of the chat template, such as {enable_thinking: false}")
]
TemplateFile = Annotated[str | None, Field(description="a Jinja chat template to use instead of the tokenizer's own")]
TrustRemoteCode = Annotated[bool, Field(description="run Python code that comes with the model")]


class Backend:
    """What backends have in common; the defaults are those of a directory with weights and no chat template.

    A backend of one's own is a subclass, registered by its name under the entry point group `curate.backends`:

    - `kind` says what its models can do, and it has the methods of that kind's protocol (curate/models/protocols.py).
    - Its constructor takes `model` and `date` by position, and by keyword only what may stand beside `model:` in YAML:
      annotated, with types that YAML has, with bounds and a description in `Annotated`. A constructor that ends in
      `**rest` hands it to that of its base class, whose parameters are then its own too.
    - A model has the attributes of the protocol, and its methods can be called by several threads at a time.
    - Its methods count what they are asked and what they write: `self.meter.count(Usage(...))`.
    - Its module imports the libraries that run models when one is made, not before.

    A class that is otherwise is refused in one sentence when it is first used.
    """

    kind: ClassVar[Kind]
    neutral: ClassVar[frozenset[str]] = frozenset()  # parameters that change the speed or the way, and no result
    shares_batches = False

    def __init__(self, model: ModelSource, date: datetime.date | None = None) -> None:
        """`date` is what a chat template that prints today's date prints."""
        self.name = self.shown_name(model)

    @cached_property
    def meter(self) -> Meter:
        """Counts the model's requests and tokens; a run puts its own here."""
        return Meter()

    @classmethod
    def shown_name(cls, model: str) -> str:
        """The name under which results mention the model."""
        return display_name(model)

    @classmethod
    def files(cls, model: str, parameters: Mapping[str, Any]) -> str | None:
        """Where the files are that decide the model's results, as `locate` takes it; None when there are none here."""
        return model

    @classmethod
    def check(cls, model: str, parameters: Mapping[str, Any]) -> None:
        """Raises CurateError when something is missing that a model will need; loads nothing, and takes hub names as
        they are.
        """
        source = cls.files(model, parameters)
        if source is not None and isinstance(found := locate(source), Path):
            (cls.check_gguf if found.is_file() else cls.check_directory)(found, parameters)
            if found.is_dir() and not parameters.get("trust_remote_code"):
                check_code(found)

    @classmethod
    def check_chat(cls, model: str, parameters: Mapping[str, Any]) -> None:
        """As `check`, for a model of which nothing but the chat template is wanted."""
        cls.check(model, parameters)

    @classmethod
    def probe(cls, model: str, parameters: Mapping[str, Any], scores: bool) -> None:
        """Raises CurateError when the model is elsewhere and does not answer there, or with `scores`, does not score.

        A run asks this before its first stage begins.
        """

    @classmethod
    def check_directory(cls, directory: Path, parameters: Mapping[str, Any]) -> None:
        """Raises CurateError when the directory of the model's files lacks one that loading it will need."""
        check_config(directory)
        check_tokenizer(directory)
        check_weights(directory)

    @classmethod
    def check_gguf(cls, file: Path, parameters: Mapping[str, Any]) -> None:
        """Raises CurateError when the model's GGUF file lacks what loading it will need; here, since it is one."""
        raise CurateError(
            f"{file} is a GGUF file, and only language models are read from those; name a directory or a hub name"
        )

    @classmethod
    def counted(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What the fingerprint counts of the parameters: those that can change a result."""
        return {key: value for key, value in parameters.items() if key not in cls.neutral}

    @classmethod
    def load_chat(cls, model: str, date: datetime.date | None, parameters: Mapping[str, Any]) -> ChatTemplate:
        """The model's chat template, without the model. Raises CurateError when it has none."""
        raise CurateError(f"{model} has no chat template that can be read")

    def close(self) -> None:
        """Frees what the model holds."""


def check_speech(source: Path, parameters: Mapping[str, Any]) -> None:
    """Raises CurateError unless the directory or GGUF file has a tokenizer, with a template where none is given."""
    in_file = source.is_file()
    (check_gguf_tokenizer if in_file else check_tokenizer)(source)
    if parameters.get("template_file") is None:
        (check_gguf_template if in_file else check_template)(source)


class TemplatedBackend(Backend):
    """A backend whose models are spoken to in the chat template of their tokenizer, or of a file."""

    def __init__(
        self,
        model: ModelSource,
        date: datetime.date | None = None,
        *,
        template: Template = None,
        template_file: TemplateFile = None,
        trust_remote_code: TrustRemoteCode = False,
    ) -> None:
        super().__init__(model, date)
        self.chat = load_chat(
            model, date, template=template, template_file=template_file, trust_remote_code=trust_remote_code
        )
        self.trust_remote_code = trust_remote_code

    @classmethod
    def check(cls, model: str, parameters: Mapping[str, Any]) -> None:
        """As for every backend, and `template_file` must be there."""
        super().check(model, parameters)
        if (template_file := parameters.get("template_file")) is not None:
            read_template(template_file)

    @classmethod
    def check_chat(cls, model: str, parameters: Mapping[str, Any]) -> None:
        """As `check`, but no weights are needed, nor their configuration."""
        source = cls.files(model, parameters)
        if source is not None and isinstance(found := locate(source), Path):
            check_speech(found, parameters)
        if (template_file := parameters.get("template_file")) is not None:
            read_template(template_file)

    @classmethod
    def check_directory(cls, directory: Path, parameters: Mapping[str, Any]) -> None:
        """As for every backend, and the tokenizer has a chat template unless there is a `template_file`."""
        super().check_directory(directory, parameters)
        if parameters.get("template_file") is None:
            check_template(directory)

    @classmethod
    def check_gguf(cls, file: Path, parameters: Mapping[str, Any]) -> None:
        """Raises CurateError when the model's GGUF file lacks weights, tokenizer, or a template where none is given."""
        check_gguf_tokenizer(file)
        check_gguf_weights(file)
        if parameters.get("template_file") is None:
            check_gguf_template(file)

    @classmethod
    def counted(cls, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What the fingerprint counts: of `template_file`, its content."""
        counted = super().counted(parameters)
        if counted.get("template_file"):
            counted["template_file"] = read_template(counted["template_file"])
        return counted

    @classmethod
    def load_chat(cls, model: str, date: datetime.date | None, parameters: Mapping[str, Any]) -> ChatTemplate:
        """The model's chat template, with its tokenizer and nothing else of it."""
        keys = ("template", "template_file", "trust_remote_code")
        source = cls.files(model, parameters) or model
        return load_chat(source, date, **{key: parameters[key] for key in keys if key in parameters})
