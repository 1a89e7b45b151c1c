"""What a model's directory must hold: each check raises CurateError when what loading needs is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from curate.errors import CurateError, first_line
from curate.models.weights import check_files

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
    """Weights in safetensors, whose files are whole."""
    if not any(directory.glob("*.safetensors")):
        other = next((path.name for pattern in ("*.bin", "*.pt", "*.gguf") for path in directory.glob(pattern)), "none")
        raise CurateError(
            f"{directory} has no safetensors weights, found {other}; convert them, for other formats can run code"
        )
    check_files(directory)


def check_template(directory: Path) -> None:
    """A chat template, in a file of its own or in the tokenizer's configuration."""
    if any((directory / name).exists() for name in TEMPLATE_FILES):
        return
    if not read_config(directory / "tokenizer_config.json").get("chat_template"):
        raise CurateError(
            f"the tokenizer in {directory} has no chat template; use an instruct model's, or name a Jinja file with "
            "'template_file'"
        )


def check_code(directory: Path) -> None:
    """No code of its own that loading it would have to run, for transformers has the code of its type."""
    config, modules = read_config(directory / "config.json"), directory / "modules.json"
    named = config.get("auto_map")
    if named and not _is_known(config.get("model_type")):
        raise _code(directory / "config.json", f"auto_map: {json.dumps(named)}")
    if modules.is_file():
        kinds = [str(module.get("type")) for module in _read(modules, list) if isinstance(module, dict)]
        if foreign := [kind for kind in kinds if not kind.startswith("sentence_transformers.")]:
            raise _code(modules, f"type: {foreign[0]}")


def read_config(file: Path) -> dict[str, Any]:
    """The JSON object in this file, empty where it is not there. Raises CurateError when it is none."""
    content: dict[str, Any] = _read(file, dict) if file.is_file() else {}
    return content


def _read(file: Path, kind: type) -> Any:
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise CurateError(f"{file} is damaged: {first_line(error)}; download the model again") from None
    if not isinstance(content, kind):
        raise CurateError(f"{file} holds a {type(content).__name__} where a {kind.__name__} is expected")
    return content


def _is_known(model_type: Any) -> bool:
    from transformers import CONFIG_MAPPING

    return model_type in CONFIG_MAPPING


def _code(file: Path, where: str) -> CurateError:
    return CurateError(
        f"{file} names code that comes with the model ({where}), and it is not run; take a model of a type that "
        "transformers knows, or add trust_remote_code: true if you have read that code"
    )
