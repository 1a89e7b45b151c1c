"""The tokenizer of a language model, with its chat template: small enough to load without the model."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curate.chat import ChatTemplate
from curate.errors import CurateError
from curate.models.locate import locate


def load_chat(
    model: str,
    date: datetime.date | None = None,
    *,
    template: Mapping[str, Any] | None = None,
    template_file: str | None = None,
    trust_remote_code: bool = False,
) -> ChatTemplate:
    """The chat template of `model`, or of `template_file`; `template` holds the template's own switches.

    Raises CurateError when the tokenizer cannot be loaded or has no template.
    """
    from transformers import AutoTokenizer

    place = str(locate(model))
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, trust_remote_code=trust_remote_code)
    except (OSError, ValueError, ImportError) as error:
        raise CurateError(f"cannot load the tokenizer of {model}: {first_line(error)}") from error
    if template_file is not None:
        tokenizer.chat_template = read_template(template_file)
    return ChatTemplate(tokenizer, date=date, options=template)


def first_line(error: BaseException) -> str:
    """The first line of an error of a library, which may run to many."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def read_template(template_file: str) -> str:
    """The Jinja chat template in this file; raises CurateError when it is missing."""
    path = Path(template_file).expanduser()
    if not path.is_file():
        raise CurateError(f"template_file: there is no file {path.absolute()}")
    return path.read_text("utf-8")
