"""What identifies a model's files, without loading them: the key under which a run keeps its results."""

from __future__ import annotations

import hashlib
from pathlib import Path

WHOLE = 256 * 2**20  # weights up to this size in all are read whole
EDGE = 2**20  # of larger ones, this much at either end of each file
SMALL_FILES = {".json", ".jinja", ".model", ".txt", ".py", ".tiktoken"}  # configuration, tokenizer, template, code
WEIGHTS = ".safetensors"


def model_files(directory: Path) -> list[Path]:
    """The files below `directory` that can change a model's results, in order; hidden ones are left out.

    A model that is one file is that file.
    """
    if directory.is_file():
        return [directory]
    files = (path for path in directory.rglob("*") if path.suffix in SMALL_FILES or path.suffix == WEIGHTS)
    return sorted(path for path in files if path.is_file() and not _hidden(path, directory))


def directory_fingerprint(directory: Path) -> str:
    """A hash of the configuration, tokenizer and template files, and of the weights, below `directory`.

    Weights of more than 256 MiB in all count by the size and the first and last MiB of each file.
    """
    files = model_files(directory)
    whole = sum(path.stat().st_size for path in files if path.suffix == WEIGHTS) <= WHOLE
    total = hashlib.sha256()
    for path in files:
        total.update(f"{path.relative_to(directory).as_posix()}\n".encode())
        total.update(_content(path, whole or path.suffix in SMALL_FILES))
    return total.hexdigest()


def file_fingerprint(file: Path) -> str:
    """A hash of a model that is one file, which counts as weights do in a directory."""
    return _content(file, file.stat().st_size <= WHOLE).hex()


def hub_commit(name: str) -> str | None:
    """The commit of `name` in the local hub cache, or None when it is not there."""
    from huggingface_hub.constants import HF_HUB_CACHE

    reference = Path(HF_HUB_CACHE) / f"models--{name.replace('/', '--')}" / "refs" / "main"
    return reference.read_text().strip() if reference.is_file() else None


def _content(path: Path, whole: bool) -> bytes:
    with path.open("rb") as file:
        if whole:
            return hashlib.file_digest(file, "sha256").digest()
        size = path.stat().st_size
        edges = hashlib.sha256(f"{size}\n".encode())
        edges.update(file.read(EDGE))
        file.seek(max(0, size - EDGE))
        edges.update(file.read(EDGE))
        return edges.digest()


def _hidden(path: Path, directory: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(directory).parts)
