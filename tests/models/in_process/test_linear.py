"""Packed linear layers compute what plain ones compute, whether this machine has them in a precision or not."""

from __future__ import annotations

import copy

import pytest
import torch

from curate.models.in_process.linear import PackedLinear, pack_linear_layers, unpack_linear_layers

TOLERANCES = {torch.float32: 1e-5, torch.bfloat16: 2e-2}


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("shape", [(1, 37), (7, 1, 37), (2, 300, 37)])
def test_equals_the_plain_layers(dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    plain = torch.nn.Sequential(torch.nn.Linear(37, 65), torch.nn.SiLU(), torch.nn.Linear(65, 20, bias=False)).to(dtype)
    packed = copy.deepcopy(plain)
    pack_linear_layers(packed)
    states = torch.randn(shape, dtype=dtype)
    tolerance = TOLERANCES[dtype]
    with torch.inference_mode():
        torch.testing.assert_close(packed(states), plain(states), atol=tolerance, rtol=tolerance)
        assert torch.equal(packed[0].weight, plain[0].weight)
        unpack_linear_layers(packed)
        assert torch.equal(packed(states), plain(states))


def test_an_output_layer_leaves_the_embeddings_that_share_its_weights() -> None:
    model = torch.nn.Module()
    model.embeddings, model.head = torch.nn.Embedding(50, 16), torch.nn.Linear(16, 50, bias=False)
    model.head.weight = model.embeddings.weight
    pack_linear_layers(model)
    if torch.backends.mkldnn.is_available():
        assert isinstance(model.head, PackedLinear)
    unpack_linear_layers(model)
    assert model.head.weight is model.embeddings.weight


def test_a_subclass_is_left_as_it_is() -> None:
    class Scaled(torch.nn.Linear):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return 2 * super().forward(input)

    model = torch.nn.Sequential(Scaled(8, 8))
    pack_linear_layers(model)
    assert type(model[0]) is Scaled
