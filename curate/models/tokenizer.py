"""The tokenizer of a language model, with its chat template: small enough to load without the model."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from curate.chat import ChatTemplate
from curate.errors import CurateError, first_line
from curate.models.locate import loadable_tokenizer, locate


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

    source = loadable_tokenizer(model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=trust_remote_code)
    except (OSError, ValueError, ImportError) as error:
        raise CurateError(f"cannot load the tokenizer of {model}: {first_line(error)}") from error
    tokenizer.name_or_path = str(locate(model))  # which errors name: of a GGUF file, not what it was converted to
    if template_file is not None:
        tokenizer.chat_template = read_template(template_file)
    return ChatTemplate(tokenizer, date=date, options=template)


def read_template(template_file: str) -> str:
    """The Jinja chat template in this file; raises CurateError when it is missing."""
    path = Path(template_file).expanduser()
    if not path.is_file():
        raise CurateError(f"template_file: there is no file {path.absolute()}")
    return path.read_text("utf-8")


def to_texts(tokenizer: Any, sequences: Sequence[Sequence[int]]) -> list[str]:
    """The texts of several token sequences, special tokens visible and spaces as they are."""
    texts: list[str] = tokenizer.batch_decode(
        [list(tokens) for tokens in sequences], skip_special_tokens=False, clean_up_tokenization_spaces=False
    )
    return texts
