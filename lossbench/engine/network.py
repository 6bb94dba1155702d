"""The dense network of R runs: forward, and the backward pass derived by hand.

Weights are (R, out, in), biases (R, out, 1), activations (R, units, B), and a batch for every seed (S, B, D). What a step
reads and writes is laid out once; it then only fills it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lossbench.engine.entrance import First, Layout, Product, layout, multiply
from lossbench.engine.forms import LEAST_RUNS, buffer, whole
from lossbench.engine.stacking import Sharing
from lossbench.interfaces import ActivationName, Dense, Layer

FORMED = 8  # numbers of a gradient that cost as much as one of a Gram matrix, which are float64


class Inputs(NamedTuple):
    """A batch for every seed, examples as rows (S, B, D) and as columns (S, D, B).

    Both lie in memory as they are read where the batch lasts, but only rows where it changes from step to step.
    """

    rows: Tensor
    columns: Tensor


class Ascent(NamedTuple):
    """A layer on the way forward: its products, bias, room for activations, and that room as one vector without a tail."""

    products: tuple[Product, ...]
    bias: Tensor
    units: Tensor
    even_units: Tensor
    activate: Callable[[Tensor], Any]


class Descent(NamedTuple):
    """A layer on the way back: dL/dz, where the bias's gradient belongs, and products for the weights' gradient and beyond.

    Then dL/dz and the activations of the layer below as vectors without a tail, and its activation's slope.
    """

    delta: Tensor
    bias: Tensor
    products: tuple[Product, ...]
    even_delta: Tensor
    even_units: Tensor
    slope: Callable[[Tensor, Tensor], None]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """What a network is built on: its layers and parameters, who shares a batch, and how many examples a batch has.

    A `lasting` batch is one for all that never changes; `fusible` says that a step is nothing but a rate times the gradient.
    """

    layers: tuple[Layer, ...]
    parameters: tuple[Dense[Tensor], ...]
    sharing: Sharing
    width: int
    lasting: bool = False
    learns: bool = True
    fusible: bool = False


@dataclass(frozen=True)
class Network:
    """Layers with room for a batch, for their activations, for the derivatives by raw outputs, and for the gradients.

    Of a `fused` network `backward` does not form the gradient of the first layer's weights, and a step does without.
    """

    layers: tuple[Layer, ...]
    parameters: tuple[Dense[Tensor], ...]
    sharing: Sharing
    inputs: Inputs
    layout: Layout
    fused: bool
    units: tuple[Tensor, ...]  # (R, units, B) a layer; the last holds the raw outputs z
    deltas: tuple[Tensor, ...]  # the same shapes: dL/dz of each layer; () where the network does not learn
    gradients: tuple[Dense[Tensor], ...]
    way_up: tuple[Ascent, ...]
    way_down: tuple[Descent, ...]


def network(plot: Plot) -> Network:
    """A network with its room; one that does not learn has none for derivatives."""
    like, first = plot.parameters[0].weight, plot.layers[0]
    shape = First(first.outputs, first.inputs, plot.width, plot.lasting, like.dtype, like.device.type)
    found = layout(plot.sharing, shape)
    shared = plot.sharing if found else plot.sharing.apart()
    laid = found or Layout(shared.stretches())
    inputs = _inputs(plot, len(shared.seeds))
    rooms = [(len(like), layer.outputs, plot.width) for layer in plot.layers]
    units = tuple(buffer(room, like) for room in rooms)
    deltas = tuple(buffer(room, like) for room in rooms) if plot.learns else ()
    fused = (
        plot.learns and plot.fusible and like.dtype == torch.float32 and FORMED * plot.width**2 <= first.inputs * first.outputs
    )
    weights = [p.weight.new_empty(0) if fused and n == 0 else torch.empty_like(p.weight) for n, p in enumerate(plot.parameters)]
    pairs = zip(weights, plot.parameters, strict=True)
    gradients = tuple(Dense(weight, torch.empty_like(p.bias)) for weight, p in pairs) if plot.learns else ()
    net = Network(plot.layers, plot.parameters, shared, inputs, laid, fused, units, deltas, gradients, (), ())
    return replace(net, way_up=tuple(_way_up(net)), way_down=tuple(_way_down(net)) if plot.learns else ())


def _inputs(plot: Plot, batches: int) -> Inputs:
    rows = plot.parameters[0].weight.new_zeros(batches, plot.width, plot.layers[0].inputs)
    columns = rows.transpose(1, 2)
    return Inputs(rows, columns.contiguous() if plot.lasting else columns)


def _way_up(net: Network) -> Iterator[Ascent]:
    for number, (layer, parameters, units) in enumerate(zip(net.layers, net.parameters, net.units, strict=True)):
        if number == 0:
            products = net.layout.products(parameters.weight, net.inputs.columns, units)
        else:
            products = (Product(parameters.weight, net.units[number - 1], units),)
        yield Ascent(products, parameters.bias, units, whole(units), ACTIVATE[layer.activation])


def _way_down(net: Network) -> Iterator[Descent]:
    for number in reversed(range(1, len(net.layers))):
        delta, gradient, below = net.deltas[number], net.gradients[number], number - 1
        units, passed = net.units[below], net.deltas[below]
        products = (
            Product(delta, units.transpose(1, 2), gradient.weight),
            Product(net.parameters[number].weight.transpose(1, 2), delta, passed),
        )
        yield Descent(delta, gradient.bias, products, whole(passed), whole(units), SLOPE[net.layers[below].activation])
    delta, gradient = net.deltas[0], net.gradients[0]
    formed = () if net.fused else net.layout.products(delta, net.inputs.rows, gradient.weight)
    yield Descent(delta, gradient.bias, formed, whole(delta), whole(delta), _nothing)


def forward(net: Network) -> Tensor:
    """Raw outputs z (R, C, B) of the batch in `net.inputs`; hidden activations are left in `net.units`."""
    for products, bias, units, even, activate in net.way_up:
        multiply(products)
        units.add_(bias)
        activate(even)
    return net.units[-1]


def backward(net: Network) -> None:
    """Gradients of the mean loss, left in `net.gradients`, from dL/dz in the last of `net.deltas`."""
    for delta, bias, products, even_delta, even_units, slope in net.way_down:
        torch.sum(delta, -1, keepdim=True, out=bias)
        multiply(products)
        slope(even_delta, even_units)


def gradients(net: Network) -> tuple[Dense[Tensor], ...]:
    """The gradients after `backward`, those it did not form among them."""
    if not net.fused:
        return net.gradients
    weight = torch.empty_like(net.parameters[0].weight)
    multiply(net.layout.products(net.deltas[0], net.inputs.rows, weight))
    return (Dense(weight, net.gradients[0].bias), *net.gradients[1:])


def fused_norms(net: Network) -> Tensor:
    """‖ΔX‖₂ of the first layer's gradient, (R,) float64, from the Gram matrices of Δ and X, without forming it.

    ‖ΔX‖² = Σ (ΔᵀΔ)∘(XXᵀ), matrices as small as the batch; all runs of a seed have XXᵀ in common. In float64, for it cancels.
    """
    delta, rows = net.deltas[0].double(), net.inputs.rows.double()
    batches = rows if len(rows) >= LEAST_RUNS else rows.expand(LEAST_RUNS, -1, -1)
    shared = torch.bmm(batches, batches.transpose(1, 2))
    own = torch.bmm(delta.transpose(1, 2), delta)
    for start, runs, place, count in net.layout.stretches:
        own[start : start + runs * count].view(count, runs, *own.shape[1:]).mul_(shared[place : place + count, None])
    return own.sum((1, 2)).clamp_min_(0).sqrt_()


def _sigmoid_slope(delta: Tensor, h: Tensor) -> None:
    torch.ops.aten.sigmoid_backward.grad_input(delta, h, grad_input=delta)  # δ h(1 − h)


def _tanh_slope(delta: Tensor, h: Tensor) -> None:
    torch.ops.aten.tanh_backward.grad_input(delta, h, grad_input=delta)  # δ (1 − h²)


def _relu_slope(delta: Tensor, h: Tensor) -> None:
    torch.ops.aten.threshold_backward.grad_input(delta, h, 0, grad_input=delta)  # δ where h > 0


def _nothing(*_: Tensor) -> None: ...


ACTIVATE: dict[ActivationName | None, Callable[[Tensor], Any]] = {
    "sigmoid": torch.sigmoid_,
    "tanh": torch.tanh_,
    "relu": torch.relu_,
    None: _nothing,
}
SLOPE: dict[ActivationName | None, Callable[[Tensor, Tensor], None]] = {
    "sigmoid": _sigmoid_slope,
    "tanh": _tanh_slope,
    "relu": _relu_slope,
    None: _nothing,
}
