"""Which device a model runs on, and in which precision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from curate.errors import CurateError

if TYPE_CHECKING:
    import torch

Device = Annotated[str, Field(description="auto: the first GPU if there is one; or cpu, cuda:1 ...")]
Dtype = Annotated[
    Literal["auto", "float32", "bfloat16", "float16"],
    Field(description="auto: bfloat16 on a GPU and on a CPU with AMX, else float32"),
]


def pick_device(name: str) -> torch.device:
    """The device of this name, or for `auto` the first GPU if there is one. Raises CurateError for a bad name."""
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise CurateError(f"device: cannot use {name!r}: {str(error).splitlines()[0]}") from error
    return device


def pick_dtype(name: str, device: torch.device) -> torch.dtype:
    """The precision of this name, or for `auto` bfloat16 where the hardware multiplies matrices in it."""
    import torch

    if name != "auto":
        dtype: torch.dtype = getattr(torch, name)
        return dtype
    fast = torch.cuda.is_bf16_supported() if device.type == "cuda" else _has_amx()
    return torch.bfloat16 if fast else torch.float32


def _has_amx() -> bool:
    import torch

    return bool(torch.cpu.get_capabilities().get("amx_bf16", False))
