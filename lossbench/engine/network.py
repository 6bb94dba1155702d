"""The dense network of R runs: forward, and the backward pass derived by hand.

Weights are (R, out, in), biases (R, out, 1), activations (R, units, B), and a batch for every seed (S, B, D). What a step
reads and writes is laid out once; it then only fills it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from lossbench.engine.ahead import Ahead
from lossbench.engine.entrance import First, layout
from lossbench.engine.forms import buffer, whole
from lossbench.engine.products import Inputs, Layout, Product, multiply
from lossbench.engine.stacking import Sharing
from lossbench.interfaces import ActivationName, Dense, Layer


class Ascent(NamedTuple):
    """A layer on the way forward: its products, bias, room for activations, and that room as one vector without a tail."""

    products: Callable[[], None]
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

    A `lasting` batch is one for all that never changes; `plain` says that a step is nothing but a rate times the gradient.
    """

    layers: tuple[Layer, ...]
    parameters: tuple[Dense[Tensor], ...]
    sharing: Sharing
    width: int
    lasting: bool = False
    learns: bool = True
    plain: bool = False


@dataclass(frozen=True)
class Network:
    """Layers with room for a batch, for their activations, for the derivatives by raw outputs, and for the gradients.

    Where its first layer is worked out `ahead`, `backward` does not form the gradient of that layer's weights, and those stand
    still for some steps: whoever looks at parameters does so while they are `settled`.
    """

    layers: tuple[Layer, ...]
    parameters: tuple[Dense[Tensor], ...]
    sharing: Sharing
    inputs: Inputs
    layout: Layout
    ahead: Ahead | None
    units: tuple[Tensor, ...]  # (R, units, B) a layer; the last holds the raw outputs z
    deltas: tuple[Tensor, ...]  # the same shapes: dL/dz of each layer; () where the network does not learn
    gradients: tuple[Dense[Tensor], ...]
    way_up: tuple[Ascent, ...]
    way_down: tuple[Descent, ...]

    def settled(self) -> AbstractContextManager[None]:
        """While it is open, the parameters are those of this step."""
        return self.ahead.settled() if self.ahead else nullcontext()


def network(plot: Plot) -> Network:
    """A network with its room; one that does not learn has none for derivatives."""
    like, first = plot.parameters[0].weight, plot.layers[0]
    shape = First(first.outputs, first.inputs, plot.width, plot.lasting, like.dtype, like.device.type)
    reach = shape.reach if plot.learns and plot.plain else 0
    found = layout(plot.sharing, shape, reach)
    shared = plot.sharing if found else plot.sharing.apart()
    laid = found or Layout(shared.stretches())
    inputs = _inputs(plot, len(shared.seeds), max(1, reach))
    rooms = [(len(like), layer.outputs, plot.width) for layer in plot.layers]
    units = tuple(buffer(room, like) for room in rooms)
    deltas = tuple(buffer(room, like) for room in rooms) if plot.learns else ()
    ahead = Ahead(like, inputs, units[0], laid) if reach else None
    weights = [p.weight.new_empty(0) if ahead and n == 0 else torch.empty_like(p.weight) for n, p in enumerate(plot.parameters)]
    pairs = zip(weights, plot.parameters, strict=True)
    gradients = tuple(Dense(weight, torch.empty_like(p.bias)) for weight, p in pairs) if plot.learns else ()
    net = Network(plot.layers, plot.parameters, shared, inputs, laid, ahead, units, deltas, gradients, (), ())
    return replace(net, way_up=tuple(_way_up(net)), way_down=tuple(_way_down(net)) if plot.learns else ())


def _inputs(plot: Plot, batches: int, steps: int) -> Inputs:
    rows = plot.parameters[0].weight.new_zeros(batches, steps * plot.width, plot.layers[0].inputs)
    columns = rows.transpose(1, 2)
    return Inputs(rows, columns.contiguous() if plot.lasting else columns)


def _way_up(net: Network) -> Iterator[Ascent]:
    for number, (layer, parameters, units) in enumerate(zip(net.layers, net.parameters, net.units, strict=True)):
        enter: Callable[[], None]
        if number:
            enter = partial(multiply, (Product(parameters.weight, net.units[number - 1], units),))
        elif net.ahead:
            enter = net.ahead.enter
        else:
            enter = partial(multiply, net.layout.products(parameters.weight, net.inputs.columns, units))
        yield Ascent(enter, parameters.bias, units, whole(units), ACTIVATE[layer.activation])


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
    formed = () if net.ahead else net.layout.products(delta, net.inputs.rows, gradient.weight)
    yield Descent(delta, gradient.bias, formed, whole(delta), whole(delta), _nothing)


def forward(net: Network) -> Tensor:
    """Raw outputs z (R, C, B) of the batch in `net.inputs`; hidden activations are left in `net.units`."""
    for products, bias, units, even, activate in net.way_up:
        products()
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
    if not net.ahead:
        return net.gradients
    return (Dense(net.ahead.gradient(net.deltas[0]), net.gradients[0].bias), *net.gradients[1:])


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
