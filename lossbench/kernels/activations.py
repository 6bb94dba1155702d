"""What units do: every activation once, with its slope, for compiled loops and for tensors.

The slope is a function of the unit's own output h, so that nothing else need be kept on the way up:
σ' = h(1 − h), tanh' = 1 − h², relu' = [h > 0], softsign' = (1 − |h|)². A softmax output counts as a sigmoid of its own, p(1 − p).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lossbench.kernels.compilation import compiled

IDENTITY, SIGMOID, TANH, RELU, SOFTSIGN = range(5)
APART = (TANH, SOFTSIGN)  # which no compiled loop applies: a layer is given z, and tensors make h of it


@compiled()
def slope(kind: int, h: Any, one: Any) -> Any:
    """f'(z) of one unit, from its output h = f(z); `one` is 1 in its own type, which no step of the formula leaves."""
    if kind == SIGMOID:
        return h * (one - h)
    if kind == TANH:
        return one - h * h
    if kind == RELU:
        return one if h > 0 else one - one
    if kind == SOFTSIGN:
        return (one - abs(h)) * (one - abs(h))
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


def _softsign(z: Tensor) -> None:
    z.div_(z.abs().add_(1))  # z / (1 + |z|)


def _softsign_back(delta: Tensor, h: Tensor) -> None:
    delta.mul_(h.abs().neg_().add_(1).square_())  # δ (1 − |h|)²


def _nothing(*_: Tensor) -> None: ...


_SIGMOID = Activation(SIGMOID, torch.sigmoid_, _sigmoid_back, lambda h: h * (1 - h), 0.25)
ACTIVATIONS: dict[str | None, Activation] = {
    "sigmoid": _SIGMOID,
    "tanh": Activation(TANH, torch.tanh_, _tanh_back, lambda h: 1 - h * h, 1.0),
    "relu": Activation(RELU, torch.relu_, _relu_back, lambda h: (h > 0).to(h.dtype), 1.0),
    "softsign": Activation(SOFTSIGN, _softsign, _softsign_back, lambda h: (1 - h.abs()).square(), 1.0),
    None: Activation(IDENTITY, _nothing, _nothing, torch.ones_like, 1.0),
}
OUTPUTS: dict[str, Activation] = {"sigmoid": _SIGMOID, "softmax": _SIGMOID, "identity": ACTIVATIONS[None]}  # by link


class InputSlope(NamedTuple):
    """The slope f'(z) of an activation as a function of its inputs z, of any shape, and the steepest that it can be."""

    of: Callable[[Tensor], Tensor]
    steepest: float


def _gelu_slope(z: Tensor) -> Tensor:
    """Φ(z) + z φ(z)."""
    total: Tensor = (1 + torch.erf(z * 0.5**0.5)) / 2 + z * torch.exp(-z * z / 2) / (2 * torch.pi) ** 0.5
    return total


def _silu_slope(z: Tensor) -> Tensor:
    share = torch.sigmoid(z)
    return share * (1 + z * (1 - share))


# Activations of torch modules. Two of them are no function of z that can be turned round, so that h does not tell the slope.
INPUT_SLOPES: dict[str, InputSlope] = {
    "gelu": InputSlope(_gelu_slope, 1.128904),  # at z = √2
    "silu": InputSlope(_silu_slope, 1.099839),  # at z = 2.3994
    "softplus": InputSlope(torch.sigmoid, 1.0),
    "leaky_relu": InputSlope(lambda z: torch.where(z > 0, torch.ones_like(z), 0.01), 1.0),
    "elu": InputSlope(lambda z: z.clamp_max(0).exp(), 1.0),
    "identity": InputSlope(torch.ones_like, 1.0),
    "softsign": InputSlope(lambda z: (1 + z.abs()) ** -2, 1.0),
    "hard_sigmoid": InputSlope(lambda z: (z.abs() < 3).to(z.dtype) / 6, 1 / 6),
}
