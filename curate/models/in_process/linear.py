"""Linear layers on a CPU whose weights oneDNN has arranged in advance, instead of at every call.

A decoding step has few rows, and then much of its time goes into the order of the weights: on two quiet cores with AVX2
(float32, width 576), 64 rows take four fifths of the time of a plain layer, the output layer three fifths, 4 rows a
quarter to a half. The sums are the same. Hundreds of rows gain nothing, so that scoring keeps the plain layers.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch

TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2, torch.float16: 5e-3}  # RMS error, of the RMS of the output


class PackedLinear(torch.nn.Module):
    """What `linear` computes, with its weights in oneDNN's order; `shared` ones are also kept as they are."""

    def __init__(self, linear: torch.nn.Linear, *, shared: bool) -> None:
        super().__init__()
        self.in_features, self.out_features, self.bias = linear.in_features, linear.out_features, linear.bias
        self._packed = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), None)
        self._plain = (linear,) if shared else ()  # a tuple, so that it is no part of the model

    @property
    def weight(self) -> torch.Tensor:
        """The weights in their plain order, shape (out, in): a copy, unless they are kept."""
        weight: torch.Tensor = self._plain[0].weight if self._plain else self._packed.to_dense()
        return weight

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """`states` (..., in) to (..., out)."""
        output: torch.Tensor = torch.ops.mkldnn._linear_pointwise(states, self._packed, self.bias, "none", [], "")
        return output

    def plain(self) -> torch.nn.Linear:
        """The layer that this one was made from, or one like it."""
        if self._plain:
            return self._plain[0]
        linear = torch.nn.Linear(self.in_features, self.out_features, bias=False, device="meta")
        linear.weight = torch.nn.Parameter(self.weight, requires_grad=False)
        linear.bias = self.bias
        return linear


def pack_linear_layers(model: Any) -> None:
    """Exchanges the linear layers of `model`, which is on a CPU, where oneDNN can and gives what they give."""
    uses = Counter(id(parameter) for _, parameter in model.named_parameters(remove_duplicate=False))
    for parent, name, child in _children(model):
        if type(child) is torch.nn.Linear and (packed := _packed(child, shared=uses[id(child.weight)] > 1)):
            setattr(parent, name, packed)


def unpack_linear_layers(model: Any) -> None:
    """Takes back what `pack_linear_layers` did."""
    for parent, name, child in _children(model):
        if isinstance(child, PackedLinear):
            setattr(parent, name, child.plain())


def _children(model: Any) -> list[tuple[Any, str, Any]]:
    return [(parent, name, child) for parent in model.modules() for name, child in parent.named_children()]


def _packed(linear: torch.nn.Linear, *, shared: bool) -> PackedLinear | None:
    """The layer in oneDNN's order, or None if that computes something else, or this torch or machine has none of it."""
    trial = torch.linspace(-1, 1, 3 * linear.in_features, dtype=linear.weight.dtype).reshape(3, -1).sin()
    try:
        packed = PackedLinear(linear, shared=shared)
        expected, output = linear(trial).float(), packed(trial).float()
        same = shared or torch.equal(packed.weight, linear.weight)
    except (AttributeError, NotImplementedError, RuntimeError):
        return None
    error = (output - expected).square().mean().sqrt()
    return packed if same and error <= TOLERANCE.get(linear.weight.dtype, 0) * expected.square().mean().sqrt() else None
