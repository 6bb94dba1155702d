"""What units do: every activation once, with its slope, for compiled loops and for tensors.

The slope is a function of the unit's own output h, so that nothing else need be kept on the way up:
σ' = h(1 − h), tanh' = 1 − h², relu' = [h > 0]. A softmax output counts as a sigmoid of its own, p(1 − p).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lossbench.kernels.compilation import compiled

IDENTITY, SIGMOID, TANH, RELU = range(4)


@compiled()
def slope(kind: int, h: Any, one: Any) -> Any:
    """f'(z) of one unit, from its output h = f(z); `one` is 1 in its own type, which no step of the formula leaves."""
    if kind == SIGMOID:
        return h * (one - h)
    if kind == TANH:
        return one - h * h
    if kind == RELU:
        return one if h > 0 else one - one
    return one


class Activation(NamedTuple):
    """An activation: its number in compiled loops, what it does to tensors in place, and its slope.

    `apply` makes h of z, `pass_back` dL/dz of dL/dh by h, both in place. `slope` gives f' of outputs h of any shape; at most it
    is `steepest`.
    """

    kind: int
    apply: Callable[[Tensor], object]
    pass_back: Callable[[Tensor, Tensor], object]
    slope: Callable[[Tensor], Tensor]
    steepest: float


def _sigmoid_back(delta: Tensor, h: Tensor) -> None:
    torch.ops.aten.sigmoid_backward.grad_input(delta, h, grad_input=delta)  # δ h(1 − h)


def _tanh_back(delta: Tensor, h: Tensor) -> None:
    torch.ops.aten.tanh_backward.grad_input(delta, h, grad_input=delta)  # δ (1 − h²)


def _relu_back(delta: Tensor, h: Tensor) -> None:
    torch.ops.aten.threshold_backward.grad_input(delta, h, 0, grad_input=delta)  # δ where h > 0


def _nothing(*_: Tensor) -> None: ...


_SIGMOID = Activation(SIGMOID, torch.sigmoid_, _sigmoid_back, lambda h: h * (1 - h), 0.25)
ACTIVATIONS: dict[str | None, Activation] = {
    "sigmoid": _SIGMOID,
    "tanh": Activation(TANH, torch.tanh_, _tanh_back, lambda h: 1 - h * h, 1.0),
    "relu": Activation(RELU, torch.relu_, _relu_back, lambda h: (h > 0).to(h.dtype), 1.0),
    None: Activation(IDENTITY, _nothing, _nothing, torch.ones_like, 1.0),
}
OUTPUTS: dict[str, Activation] = {"sigmoid": _SIGMOID, "softmax": _SIGMOID, "identity": ACTIVATIONS[None]}  # by link
