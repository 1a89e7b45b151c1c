"""Models named as in a pipeline where a call takes an object: loaded at the first call, kept for the next.

A `role` is what a caller wants of a model: the kind of model, or "chat", the chat template alone.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, Literal

from curate.chat import ChatTemplate
from curate.models.fingerprint import model_files
from curate.models.protocols import Model
from curate.models.spec import ModelSpec, parse_spec

Role = Literal["language", "embedder", "reward", "chat"]

DEFAULT_BACKENDS: dict[Role, str] = {
    "language": "transformers",
    "embedder": "sentence-transformers",
    "reward": "reward",
    "chat": "transformers",
}

_kept: dict[tuple[str, str, bool], tuple[Any, Model | ChatTemplate]] = {}  # with the state of its files at the time
_lock = threading.Lock()


def default_spec(model: str, role: Role, where: str = "model") -> ModelSpec:
    """`model` (directory, GGUF file, hub name or package:NAME/PATH) with the backend and the parameters of its role.

    `where` is what errors begin with: the parameter that was given the model.
    """
    return parse_spec(where, {"model": model, "backend": DEFAULT_BACKENDS[role]})


def kept_model(model: str, role: Role, where: str = "model") -> Model | ChatTemplate:
    """The model, or for the role "chat" its template: the one of an earlier call unless its files have changed since.

    May be called by several threads. Raises CurateError, which begins with `where`, as a pipeline would.
    """
    spec = default_spec(model, role, where)
    with _lock:
        if role != "chat":
            spec.check()
        source = spec.source
        key, state = (spec.backend, str(source), role == "chat"), _state(source)
        if key not in _kept or _kept[key][0] != state:
            _kept.pop(key, None)  # not closed: it may be in use, and is freed when it no longer is
            _kept[key] = (state, spec.load_chat() if role == "chat" else spec.load())
        return _kept[key][1]


def close_models() -> None:
    """Closes all models that `kept_model` has loaded, and forgets them."""
    with _lock:
        while _kept:
            _, (_, model) = _kept.popitem()
            if not isinstance(model, ChatTemplate):
                model.close()


def _state(source: Path | str | None) -> list[tuple[Path, int, int]]:
    """What changes when the files of a model do; of a model on the hub nothing is looked at."""
    if not isinstance(source, Path):
        return []
    files = [(path, path.stat()) for path in model_files(source)]
    return [(path, stat.st_size, stat.st_mtime_ns) for path, stat in files]
