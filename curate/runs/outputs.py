"""Whether a run may write where it is told to, before it does any work."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from curate.errors import CurateError
from curate.records.writing import check_writable


def check_directory(directory: Path, outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Raises CurateError when one of the `outputs` in a run's directory is an input, or a file that no run made, or
    when nothing can be written there."""
    check_writable(directory)
    read = {file.resolve() for file in inputs}
    for output in outputs:
        if output.resolve() in read:
            raise CurateError(f"{output} is an input of this run, and would be overwritten; choose another directory")
        if output.exists() and not any((directory / name).exists() for name in ("manifest.json", "stages")):
            raise CurateError(
                f"{output} was made by no run, for nothing else of one is there; choose another directory"
            )
