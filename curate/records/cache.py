"""What a stage may keep for the next time: arrays that follow from its input alone, whatever its thresholds.

A run keeps them beside the results of the stage before, so that a stage which runs again with another threshold finds
them. Called from Python, a stage computes them anew.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from curate.records.files import written_whole

_directory: ContextVar[Path | None] = ContextVar("directory", default=None)


@contextmanager
def cached_in(directory: Path | None) -> Iterator[None]:
    """Lets the stage that is called inside keep arrays in `directory`; None: nowhere."""
    token = _directory.set(directory)
    try:
        yield
    finally:
        _directory.reset(token)


def cached(name: str, compute: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays that `compute` gives, from the last time where they were kept; `name` says all that they depend on
    besides the stage's input."""
    directory = _directory.get()
    if directory is None:
        return dict(compute())
    path = directory / f"{name}.npz"
    try:
        with np.load(path, allow_pickle=False) as kept:
            return {key: kept[key] for key in kept.files}
    except (OSError, ValueError, EOFError, BadZipFile, zlib.error):  # it is not there, or damaged
        arrays = dict(compute())
        with written_whole(path) as file:
            np.savez(file, allow_pickle=False, **arrays)
        return arrays
