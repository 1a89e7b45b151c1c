"""Which device a model of this process runs on, in which precision, and its memory given back."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from curate.errors import CurateError, first_line
from curate.models.backend import Precision

if TYPE_CHECKING:
    import torch

Device = Annotated[str, Field(description="auto: the first GPU if there is one; or cpu, cuda:1 ...")]
Dtype = Annotated[Precision, Field(description="auto: bfloat16 on a GPU and on a CPU with AMX, else float32")]


def pick_device(name: str) -> torch.device:
    """The device of this name, or for `auto` the first GPU if there is one. Raises CurateError for a bad name."""
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise CurateError(f"device: cannot use {name!r}: {first_line(error)}") from error
    return device


def pick_dtype(name: str, device: torch.device, fast_on_cpu: Sequence[str] = ("amx_bf16",)) -> torch.dtype:
    """The precision of this name, or for `auto` bfloat16 where it is fast: on a CPU, with one of these capabilities."""
    import torch

    if name != "auto":
        dtype: torch.dtype = getattr(torch, name)
        return dtype
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported()
    else:
        capabilities = torch.cpu.get_capabilities()
        fast = any(capabilities.get(capability, False) for capability in fast_on_cpu)
    return torch.bfloat16 if fast else torch.float32


def free_memory(device: torch.device) -> None:
    """Gives back what nothing holds any more, after a model on `device` has been let go."""
    import torch

    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
