"""The dense network of R runs: forward, and the backward pass derived by hand.

Weights are (R, out, in), biases (R, out, 1), activations (R, units, B), and a batch for every seed (S, B, D).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lossbench.engine.forms import buffer, whole
from lossbench.engine.stacking import Sharing
from lossbench.interfaces import ActivationName, Dense, Layer

NARROW = 16  # examples that fill a vector: along fewer of them, products waste it


class Inputs(NamedTuple):
    """A batch for every seed, examples as rows (S, B, D) and as columns (S, D, B).

    Both lie in memory as they are read, but for a narrow batch, whose columns nobody reads.
    """

    rows: Tensor
    columns: Tensor


class Block(NamedTuple):
    """Neighbouring runs that see the same batch: their views of what the first layer reads and writes."""

    place: int | None  # of their seed's batch; None where each run is given its own
    weight: Tensor
    units: Tensor
    rows: Tensor | None
    delta: Tensor | None
    gradient: Tensor | None


@dataclass(frozen=True)
class Network:
    """Layers with room for their activations, for the derivatives by raw outputs, and for the gradients."""

    layers: tuple[Layer, ...]
    parameters: tuple[Dense[Tensor], ...]
    sharing: Sharing
    blocks: tuple[Block, ...]
    units: tuple[Tensor, ...]  # (R, units, B) a layer; the last holds the raw outputs z
    rows: Tensor | None  # (R, B, units) of the first layer, where batches are narrow
    deltas: tuple[Tensor, ...]  # the same shapes: dL/dz of each layer
    slopes: tuple[Tensor, ...]
    gradients: tuple[Dense[Tensor], ...]


@dataclass(frozen=True)
class Plot:
    """What a network is built on: its layers, parameters, who shares a batch, and how wide a batch is."""

    layers: tuple[Layer, ...]
    parameters: tuple[Dense[Tensor], ...]
    sharing: Sharing
    width: int


def network(plot: Plot, *, learns: bool = True) -> Network:
    """A network with its buffers; one that does not learn has no room for derivatives."""
    like = plot.parameters[0].weight
    rooms = [(like.shape[0], layer.outputs, plot.width) for layer in plot.layers]
    units = tuple(buffer(room, like) for room in rooms)
    deltas = tuple(buffer(room, like) for room in rooms) if learns else ()
    slopes = tuple(buffer(room, like) for room in rooms[:-1]) if learns else ()
    gradients = tuple(Dense(torch.zeros_like(p.weight), torch.zeros_like(p.bias)) for p in plot.parameters) if learns else ()
    rows = like.new_zeros(len(like), plot.width, plot.layers[0].outputs) if is_narrow(plot.width) else None
    first = (like, units[0], rows, deltas[0] if learns else None, gradients[0].weight if learns else None)
    blocks = tuple(_blocks(plot.sharing, first))
    return Network(plot.layers, plot.parameters, plot.sharing, blocks, units, rows, deltas, slopes, gradients)


def is_narrow(width: int) -> bool:
    """Whether a batch is so narrow that the first layer is the faster for having examples as rows."""
    return width < NARROW


def lasting(batch: Tensor) -> Inputs:
    """A batch (S, B, D) that is seen many times."""
    return Inputs(batch, batch.transpose(1, 2).contiguous())


def forward(net: Network, inputs: Inputs) -> Tensor:
    """Raw outputs z (R, C, B); hidden activations are left in `net.units`."""
    for number, (layer, parameters, units) in enumerate(zip(net.layers, net.parameters, net.units, strict=True)):
        if number == 0:
            _enter(net, inputs)
        else:
            torch.bmm(parameters.weight, net.units[number - 1], out=units)
            units.add_(parameters.bias)
        if layer.activation:
            ACTIVATE[layer.activation](whole(units))
    return net.units[-1]


def _enter(net: Network, inputs: Inputs) -> None:
    """z = Wx + b of the first layer."""
    bias, units = net.parameters[0].bias, net.units[0]
    if net.rows is None:
        for block, batch in _shown(net, inputs.columns):
            torch.bmm(block.weight, batch, out=block.units)
        units.add_(bias)
        return
    for block, batch in _shown(net, inputs.rows):
        torch.bmm(batch, block.weight.transpose(1, 2), out=block.rows)
    torch.add(net.rows.transpose(1, 2), bias, out=units)


def backward(net: Network, inputs: Inputs) -> None:
    """Gradients of the mean loss, left in `net.gradients`, from dL/dz in the last of `net.deltas`."""
    for number in reversed(range(len(net.layers))):
        delta, gradient = net.deltas[number], net.gradients[number]
        torch.sum(delta, -1, keepdim=True, out=gradient.bias)
        if number == 0:
            break
        below = net.units[number - 1]
        torch.bmm(delta, below.transpose(1, 2), out=gradient.weight)
        torch.bmm(net.parameters[number].weight.transpose(1, 2), delta, out=net.deltas[number - 1])
        activation = net.layers[number - 1].activation
        if activation:
            slope = whole(net.slopes[number - 1])
            SLOPE[activation](whole(below), slope)
            whole(net.deltas[number - 1]).mul_(slope)
    for block, batch in _shown(net, inputs.rows):
        if block.delta is not None and block.gradient is not None:
            torch.bmm(block.delta, batch, out=block.gradient)


def _blocks(sharing: Sharing, first: tuple[Tensor, Tensor, Tensor | None, Tensor | None, Tensor | None]) -> Iterator[Block]:
    if not sharing.by_block:
        yield Block(None, *first)
        return
    for start, stop, place in sharing.blocks:
        views = [None if tensor is None else tensor[start:stop] for tensor in first]
        yield Block(place, *views)  # type: ignore[arg-type]


def _shown(net: Network, x: Tensor) -> Iterator[tuple[Block, Tensor]]:
    """Each block with the batch (runs, …, …) that its runs see, from the batches of all seeds."""
    batches = x.unbind(0)
    for block in net.blocks:
        if block.place is None:
            yield block, x.index_select(0, net.sharing.owner)  # laid out as x is, or the product would take another path
        else:
            yield block, batches[block.place].expand(len(block.weight), -1, -1)


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
