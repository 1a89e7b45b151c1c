"""Parameters that several backends share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

Model = Annotated[str, Field(min_length=1, description="directory, hub name, or package:NAME/DIRECTORY")]
Template = Annotated[
    dict[str, Any] | None, Field(description="switches of the chat template, such as {enable_thinking: false}")
]
TemplateFile = Annotated[str | None, Field(description="a Jinja chat template to use instead of the tokenizer's own")]
TrustRemoteCode = Annotated[bool, Field(description="run Python code that comes with the model")]
