"""The precision that `auto` picks, by what the CPU multiplies fast."""

from __future__ import annotations

import pytest
import torch

from curate.errors import CurateError
from curate.models.in_process.hardware import pick_device, pick_dtype
from curate.models.sentence_transformers import FAST_ON_CPU

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("capabilities", "decoder", "encoder"),
    [
        ({}, torch.float32, torch.float32),
        ({"avx512_bf16": True}, torch.float32, torch.bfloat16),
        ({"avx512_bf16": True, "amx_bf16": True}, torch.bfloat16, torch.bfloat16),
    ],
)
def test_auto_is_bfloat16_where_that_is_fast(
    capabilities: dict[str, bool], decoder: torch.dtype, encoder: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert pick_dtype("auto", CPU) == decoder
    assert pick_dtype("auto", CPU, FAST_ON_CPU) == encoder
    assert pick_dtype("float16", CPU, FAST_ON_CPU) == torch.float16


def test_a_device_that_is_not_there_is_told() -> None:
    with pytest.raises(CurateError, match="device: cannot use 'gpu': "):
        pick_device("gpu")
