"""The dense network of R runs: forward, and the backward pass derived by hand.

Weights are (R, out, in), biases (R, out, 1), activations (R, units, B), and a batch for every seed (S, B, D). What a step
reads and writes is laid out once; it then only fills it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from lossbench.engine.determinism import buffer, whole
from lossbench.engine.first_layer import FirstLayerShape, layout
from lossbench.engine.look_ahead import LookAhead
from lossbench.engine.products import Inputs, Layout, Product, Products, is_large
from lossbench.engine.stacking import Sharing
from lossbench.interfaces import Dense, Layer
from lossbench.kernels import layer_kernels, link_kernels
from lossbench.kernels.activations import ACTIVATIONS, APART


@dataclass(frozen=True, kw_only=True)
class NetworkSpec:
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


@dataclass(frozen=True, kw_only=True)
class Network:
    """Layers with room for a batch, for their activations, for the derivatives by raw outputs, and for the gradients.

    Where its first layer is worked out ahead, by `look_ahead`, the gradient of that layer's weights is not formed, and those
    stand still for some steps: whoever looks at parameters does so while they are `settled`.
    """

    layers: tuple[Layer, ...]
    parameters: tuple[Dense[Tensor], ...]
    sharing: Sharing
    inputs: Inputs
    layout: Layout
    look_ahead: LookAhead | None
    run_by_run: tuple[bool, ...]  # of each layer: whether it is worked out for one run after the other
    units: tuple[Tensor, ...]  # (R, units, B) a layer; the last holds the raw outputs z
    sums: Tensor  # (R,) of the raw outputs, finite where all of these are
    deltas: tuple[Tensor, ...]  # the same shapes: dL/dz of each layer; () where the network does not learn
    gradients: tuple[Dense[Tensor], ...]
    way_up: tuple[Callable[[], object], ...] = ()  # from what stands in the inputs to the raw outputs
    way_down: tuple[Callable[[], object], ...] = ()  # from dL/dz of the last layer to that of the first
    forming: tuple[Callable[[], object], ...] = ()  # from those to the gradients

    def settled(self) -> AbstractContextManager[None]:
        """While it is open, the parameters are those of this step."""
        return self.look_ahead.settled() if self.look_ahead else nullcontext()


def network(spec: NetworkSpec) -> Network:
    """A network with its memory; one that does not learn has none for derivatives."""
    like, first = spec.parameters[0].weight, spec.layers[0]
    shape = FirstLayerShape(first.outputs, first.inputs, spec.width, spec.lasting, like.dtype, like.device.type)
    reach = shape.reach if spec.learns and spec.plain else 0
    shared_layout = layout(spec.sharing, shape, reach)
    shared = spec.sharing if shared_layout else spec.sharing.apart()
    product_layout = replace(shared_layout or Layout(shared.run_blocks()), cut=spec.learns)
    run_by_run = (
        link_kernels.plain(like) and shape.run_by_run(reach),
        *(_is_run_by_run(spec, layer) for layer in spec.layers[1:]),
    )
    inputs = _inputs(spec, len(shared.seeds), max(1, reach), turned=spec.lasting or run_by_run[0])
    unit_shapes = [(len(like), layer.outputs, spec.width) for layer in spec.layers]
    units = tuple(buffer(unit_shape, like) for unit_shape in unit_shapes)
    net = Network(
        layers=spec.layers,
        parameters=spec.parameters,
        sharing=shared,
        inputs=inputs,
        layout=product_layout,
        look_ahead=LookAhead(like, inputs, units[0], product_layout) if reach else None,
        run_by_run=run_by_run,
        units=units,
        sums=like.new_empty(len(like)),
        deltas=tuple(buffer(unit_shape, like) for unit_shape in unit_shapes) if spec.learns else (),
        gradients=tuple(_gradients(spec.parameters, ahead=bool(reach))) if spec.learns else (),
    )
    net = replace(net, way_up=tuple(_way_up(net)))
    return replace(net, way_down=tuple(_way_down(net)), forming=tuple(_forming(net))) if spec.learns else net


def _is_run_by_run(spec: NetworkSpec, layer: Layer) -> bool:
    """Whether to work a layer out for one run after the other: not if it learns and its products are worth several threads."""
    large = spec.learns and is_large(min(layer.outputs, layer.inputs), max(layer.outputs, layer.inputs), spec.width)
    return link_kernels.plain(spec.parameters[0].weight) and not large


def _gradients(parameters: tuple[Dense[Tensor], ...], *, ahead: bool) -> Iterator[Dense[Tensor]]:
    """Room for the gradients; for that of weights that are worked out ahead there is none."""
    for number, (weight, bias) in enumerate(parameters):
        formed = weight.new_empty(len(weight), 0, 0) if ahead and number == 0 else torch.empty_like(weight)
        yield Dense(formed, torch.empty_like(bias))


def _inputs(spec: NetworkSpec, batches: int, steps: int, *, turned: bool) -> Inputs:
    rows = spec.parameters[0].weight.new_zeros(batches, steps * spec.width, spec.layers[0].inputs)
    columns = rows.transpose(1, 2)
    return Inputs(rows, columns.contiguous() if turned else columns)


def _way_up(net: Network) -> Iterator[Callable[[], object]]:
    for number in range(len(net.layers) - 1):
        activation, units = ACTIVATIONS[net.layers[number].activation], net.units[number]
        if net.run_by_run[number]:
            yield partial(layer_kernels.forward_hidden, *_fed(net, number), activation.kind, units.numpy())
        else:
            yield _product(net, number)
            yield partial(units.add_, net.parameters[number].bias)
        if not net.run_by_run[number] or activation.kind in APART:
            yield partial(activation.apply, whole(units))
    yield from _outputs(net)


def _outputs(net: Network) -> Iterator[Callable[[], object]]:
    last, units, bias = len(net.layers) - 1, net.units[-1], net.parameters[-1].bias
    if net.run_by_run[-1]:
        yield partial(layer_kernels.forward_output, *_fed(net, last), units.numpy(), net.sums.numpy())
        return
    yield _product(net, last)
    if link_kernels.plain(units):
        yield partial(layer_kernels.add_bias, bias.flatten(1).numpy(), units.numpy(), net.sums.numpy())
    else:
        yield partial(units.add_, bias)
        yield partial(torch.sum, units, (1, 2), out=net.sums)


def _fed(net: Network, number: int) -> tuple[layer_kernels.Fed, layer_kernels.Fed]:
    """Weights and biases of a layer; what it is fed, and where in that each run's share stands."""
    weight, bias = net.parameters[number]
    fed = net.units[number - 1] if number else net.inputs.columns
    run_indices = np.arange(len(weight)) if number else np.array(net.sharing.owners)
    return (weight.numpy(), bias.flatten(1).numpy()), (fed.numpy(), run_indices)


def _product(net: Network, number: int) -> Callable[[], None]:
    """Weights times what the layer is fed, of all runs at once."""
    weight, units = net.parameters[number].weight, net.units[number]
    if number == 0 and net.look_ahead:
        return net.look_ahead.enter
    if number == 0:
        return net.layout.products(weight, net.inputs.columns, units).multiply
    return Products((Product(weight, net.units[number - 1], units),), cut=bool(net.deltas)).multiply


def _way_down(net: Network) -> Iterator[Callable[[], object]]:
    for number in reversed(range(1, len(net.layers))):
        yield from passing(net, number)


def passing(net: Network, number: int) -> Iterator[Callable[[], object]]:
    """From dL/dz of a layer to that of the layer below: Δ_{l−1} = (W_lᵀ Δ_l) ∘ f'(Z_{l−1})."""
    # f' follows from the activation itself, so that Z is not kept.
    passed, units = net.deltas[number - 1], net.units[number - 1]
    weight = net.parameters[number].weight
    yield Products((Product(weight.transpose(1, 2), net.deltas[number], passed),), cut=True).multiply
    yield partial(ACTIVATIONS[net.layers[number - 1].activation].pass_back, whole(passed), whole(units))


def weight_gradient(net: Network, number: int) -> Callable[[], object]:
    """From dL/dz to dL/dW_l = Δ_l H_{l−1}ᵀ of a layer that is not the first."""
    below, gradient = net.units[number - 1].transpose(1, 2), net.gradients[number].weight
    return Products((Product(net.deltas[number], below, gradient),), cut=True).multiply


def _forming(net: Network) -> Iterator[Callable[[], object]]:
    for number, (delta, gradient) in enumerate(zip(net.deltas, net.gradients, strict=True)):
        # dL/db_l = Σ_B Δ_l; 1/B is in Δ already, which loss_batch.gradient scales.
        yield partial(torch.sum, delta, -1, keepdim=True, out=gradient.bias)
        if number:
            yield weight_gradient(net, number)
        elif not net.look_ahead:
            yield net.layout.products(delta, net.inputs.rows, gradient.weight).multiply


def forward(net: Network) -> None:
    """From the batch in `net.inputs` to the raw outputs, the last of `net.units`, and their sums."""
    for go in net.way_up:
        go()


def backward(net: Network) -> None:
    """From dL/dz of the mean loss in the last of `net.deltas` to that of all layers."""
    for go in net.way_down:
        go()


def form(net: Network) -> None:
    """From `net.deltas` to the gradients, but for that of weights that are worked out ahead."""
    for go in net.forming:
        go()


def gradients(net: Network) -> tuple[Dense[Tensor], ...]:
    """All gradients, (R, out, in) and (R, out, 1) a layer, from `net.deltas`."""
    form(net)
    if not net.look_ahead:
        return net.gradients
    return (Dense(net.look_ahead.gradient(net.deltas[0]), net.gradients[0].bias), *net.gradients[1:])
