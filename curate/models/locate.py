"""Where a model's files are: a directory, a resource of an installed package, or a name on the Hugging Face hub."""

from __future__ import annotations

import importlib.resources
import re
from pathlib import Path

from curate.errors import CurateError

PACKAGE = "package:"
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


def locate(model: str) -> Path | str:
    """The directory that `model` names, or the name itself when it is one on the hub ("owner/name").

    Nothing is loaded and no network is used. Raises CurateError when a directory or a package is missing.
    """
    if model.startswith(PACKAGE):
        return _resource(model)
    path = Path(model).expanduser()
    if path.is_dir():
        return path.resolve()
    if path.exists():
        raise CurateError(f"{path.absolute()} is a file; a model is a directory with a config.json and weights")
    if HUB_NAME.fullmatch(model) and model[0] not in "~." and not Path(path.parts[0]).is_dir():
        return model
    raise CurateError(f"there is no directory {path.absolute()}, and {model!r} is not of the form owner/name either")


def display_name(model: str) -> str:
    """The name under which results mention a model: of a directory its last part, any other name as it is."""
    if model.startswith(PACKAGE):
        return model.removeprefix(PACKAGE)
    path = Path(model).expanduser()
    return path.resolve().name if path.is_dir() else model


def _resource(model: str) -> Path:
    package, _, rest = model.removeprefix(PACKAGE).partition("/")
    try:
        root = importlib.resources.files(package)
    except (ModuleNotFoundError, ValueError):
        raise CurateError(f"the Python package {package!r} is not installed; pip install 'curate-sft[demo]'") from None
    path = Path(str(root)) / rest
    if not path.is_dir():
        raise CurateError(f"the Python package {package!r} has no directory {rest!r} (looked for {path})")
    return path
