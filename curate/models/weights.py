"""Weights that are all in a model's files: what is missing, transformers would fill with random numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from curate.errors import CurateError, first_line

NAMED = 3  # weights in an error
INDEX = "model.safetensors.index.json"
POOLER = r"(?:\w+\.)?pooler\."
HEADS = rf"{POOLER}|(?:\w+\.)?(?:cls|lm_head|classifier|decoder)\."  # of tasks that a model may also have been made for
AGAIN = "download the model again"


def check_files(directory: Path) -> None:
    """Raises CurateError unless every safetensors file of the directory is whole, and each that its index names there.

    Only the files' headers are read.
    """
    for file in sorted(directory.glob("*.safetensors")):
        try:
            with safe_open(file, "numpy"):
                pass
        except (SafetensorError, OSError) as error:
            raise CurateError(f"{file} is damaged or cut short ({first_line(error)}); {AGAIN}") from None
    index = directory / INDEX
    if not index.is_file():
        return
    try:
        named = sorted({str(name) for name in json.loads(index.read_text("utf-8"))["weight_map"].values()})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CurateError(f"{index} is damaged: no weight_map can be read; {AGAIN}") from None
    if lacking := [name for name in named if not (directory / name).is_file()]:
        raise CurateError(f"{directory} lacks {lacking[0]}, which {INDEX} names; {AGAIN}")


@contextmanager
def loading(model: str) -> Iterator[None]:
    """Turns what libraries raise while they load `model` into one sentence."""
    try:
        yield
    except (OSError, ValueError, ImportError, RuntimeError, KeyError, SafetensorError) as error:
        raise CurateError(f"cannot load {model}: {first_line(error)}") from error


def check_complete(model: str, info: Mapping[str, Any], *, may_lack: str = "", may_hold: str = "") -> None:
    """Raises CurateError, which names them, when weights were missing, unexpected or of another shape.

    `info` is what `from_pretrained` says with `output_loading_info` and `ignore_mismatched_sizes`; it counts neither
    tied weights nor buffers that are not saved. Names that match `may_lack` may be missing, `may_hold` unexpected.
    """
    for what, keys, spared in (
        ("lack the weights", info["missing_keys"], may_lack),
        ("hold weights that its configuration has no use for:", info["unexpected_keys"], may_hold),
        ("hold weights of another shape than its configuration's:", {key[0] for key in info["mismatched_keys"]}, ""),
    ):
        if names := sorted(key for key in keys if not (spared and re.match(spared, key))):
            more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
            raise CurateError(
                f"{model}: its files {what} {', '.join(names[:NAMED])}{more}; see that config.json and weights are of "
                f"one model, or {AGAIN}"
            )
