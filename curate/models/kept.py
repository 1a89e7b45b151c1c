"""Models that Python code names by their path: each loaded once, and kept for the next call."""

from __future__ import annotations

from typing import Any

from curate.models.spec import load_model

BACKENDS = {"embedder": "sentence-transformers", "reward": "reward"}
_kept: dict[tuple[str, str], Any] = {}


def keep_model(model: str, role: str) -> Any:
    key = (model, role)
    if key not in _kept:
        _kept[key] = load_model(model, backend=BACKENDS.get(role, "transformers"))
        if role == "chat":
            _kept[key] = _kept[key].chat
    return _kept[key]


def close_models() -> None:
    _kept.clear()
