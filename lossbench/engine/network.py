"""The dense network of R runs: forward, and the backward pass derived by hand.

Weights are (R, out, in), biases (R, out, 1), activations (R, units, B).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.engine.forms import buffer, whole
from lossbench.engine.stacking import Sharing
from lossbench.interfaces import ActivationName, Dense, Layer


@dataclass(frozen=True)
class Inputs:
    """A batch for every seed, x (S, B, D), and which run sees which."""

    x: Tensor
    sharing: Sharing

    def product(self, left: Tensor, out: Tensor, *, transposed: bool) -> None:
        """out_r = left_r · x_s (or its transpose, features by examples) for each run r and its seed's batch x_s."""
        if not self.sharing.by_block:
            each = self.x.index_select(0, self.sharing.owner)  # laid out as x is, or the product would take another path
            torch.bmm(left, each.transpose(1, 2) if transposed else each, out=out)
            return
        x = self.x.transpose(1, 2) if transposed else self.x
        for start, stop, place in self.sharing.blocks:
            torch.bmm(left[start:stop], x[place].expand(stop - start, -1, -1), out=out[start:stop])


@dataclass(frozen=True)
class Network:
    """Layers with room for their activations, for the derivatives by raw outputs, and for the gradients."""

    layers: tuple[Layer, ...]
    parameters: tuple[Dense[Tensor], ...]
    units: tuple[Tensor, ...]  # (R, units, B) a layer; the last holds the raw outputs z
    deltas: tuple[Tensor, ...]  # the same shapes: dL/dz of each layer
    slopes: tuple[Tensor, ...]
    gradients: tuple[Dense[Tensor], ...]


def network(layers: tuple[Layer, ...], parameters: tuple[Dense[Tensor], ...], width: int, *, learns: bool = True) -> Network:
    """A network for batches of a width; one that does not learn has no room for derivatives."""
    like = parameters[0].weight
    runs = like.shape[0]
    rooms = [(runs, layer.outputs, width) for layer in layers]
    gradients = tuple(Dense(torch.zeros_like(p.weight), torch.zeros_like(p.bias)) for p in parameters) if learns else ()
    return Network(
        layers,
        parameters,
        tuple(buffer(room, like) for room in rooms),
        tuple(buffer(room, like) for room in rooms) if learns else (),
        tuple(buffer(room, like) for room in rooms[:-1]) if learns else (),
        gradients,
    )


def forward(net: Network, inputs: Inputs) -> Tensor:
    """Raw outputs z (R, C, B); hidden activations are left in `net.units`."""
    for number, (layer, parameters, units) in enumerate(zip(net.layers, net.parameters, net.units, strict=True)):
        if number == 0:
            inputs.product(parameters.weight, units, transposed=True)
        else:
            torch.bmm(parameters.weight, net.units[number - 1], out=units)
        units.add_(parameters.bias)
        if layer.activation:
            ACTIVATE[layer.activation](whole(units))
    return net.units[-1]


def backward(net: Network, inputs: Inputs) -> None:
    """Gradients of the mean loss, left in `net.gradients`, from dL/dz in the last of `net.deltas`."""
    for number in reversed(range(len(net.layers))):
        delta, gradient = net.deltas[number], net.gradients[number]
        torch.sum(delta, -1, keepdim=True, out=gradient.bias)
        if number == 0:
            inputs.product(delta, gradient.weight, transposed=False)
            return
        below = net.units[number - 1]
        torch.bmm(delta, below.transpose(1, 2), out=gradient.weight)
        torch.bmm(net.parameters[number].weight.transpose(1, 2), delta, out=net.deltas[number - 1])
        activation = net.layers[number - 1].activation
        if activation:
            slope = whole(net.slopes[number - 1])
            SLOPE[activation](whole(below), slope)
            whole(net.deltas[number - 1]).mul_(slope)


def _sigmoid_slope(h: Tensor, out: Tensor) -> None:
    torch.addcmul(h, h, h, value=-1, out=out)


def _tanh_slope(h: Tensor, out: Tensor) -> None:
    torch.mul(h, h, out=out).neg_().add_(1)


def _relu_slope(h: Tensor, out: Tensor) -> None:
    torch.gt(h, 0, out=out)


ACTIVATE: dict[ActivationName, Callable[[Tensor], Tensor]] = {"sigmoid": torch.sigmoid_, "tanh": torch.tanh_, "relu": torch.relu_}
SLOPE: dict[ActivationName, Callable[[Tensor, Tensor], None]] = {
    "sigmoid": _sigmoid_slope,  # f′ = h(1 − h)
    "tanh": _tanh_slope,  # f′ = 1 − h²
    "relu": _relu_slope,  # f′ = 1 where h > 0
}
