"""What a model's directory must hold: each check raises CurateError when what loading needs is missing."""

from __future__ import annotations

import json
from pathlib import Path

from curate.errors import CurateError

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.txt",
    "vocab.json",
    "tekken.json",
)
TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json", "additional_chat_templates")


def check_config(directory: Path) -> None:
    """A configuration."""
    if not (directory / "config.json").is_file():
        raise CurateError(f"{directory} has no config.json; a directory as save_pretrained writes it is expected")


def check_tokenizer(directory: Path) -> None:
    """A tokenizer."""
    if not any((directory / name).is_file() for name in TOKENIZER_FILES):
        raise CurateError(f"{directory} has no tokenizer (tokenizer.json or tokenizer_config.json)")


def check_weights(directory: Path) -> None:
    """Weights in safetensors."""
    if not any(directory.glob("*.safetensors")):
        other = next((path.name for pattern in ("*.bin", "*.pt", "*.gguf") for path in directory.glob(pattern)), "none")
        raise CurateError(
            f"{directory} has no safetensors weights, found {other}; convert them, for other formats can run code"
        )


def check_template(directory: Path) -> None:
    """A chat template, in a file of its own or in the tokenizer's configuration."""
    if any((directory / name).exists() for name in TEMPLATE_FILES):
        return
    config = directory / "tokenizer_config.json"
    if not config.is_file() or not json.loads(config.read_text("utf-8")).get("chat_template"):
        raise CurateError(
            f"the tokenizer in {directory} has no chat template; use an instruct model's, or name a Jinja file with "
            "'template_file'"
        )
