"""Steps of plain gradient descent, with the lengths of what they go along and of what they change.

For layer l with units h_l = f(z_l), z_l = W_l h_{l−1} + b_l, and δ_l = dL/dz_l (U_l, B), B the mini-batch:

    ∂L/∂b_l = δ_l 1,    ∂L/∂W_l = δ_l h_{l−1}ᵀ,    δ_{l−1} = (W_lᵀ δ_l) ∘ f'(z_{l−1}),    W_l ← W_l − η ∂L/∂W_l.

From the last layer down to the first, layer by layer and in each run by run: a gradient is formed, measured, followed and
forgotten. δ_{l−1} is taken through W_l before W_l moves, hence in one function with it. Formed for all runs, then looked at,
then followed, a gradient would travel to memory and back twice; so it stays in the cache of one core, unless its layer is so
large that several cores share its products.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossbench.engine.network import Network, passing, weight_gradient
from lossbench.kernels import layer_kernels, link_kernels
from lossbench.kernels.activations import ACTIVATIONS

LayerUpdate = Callable[
    [layer_kernels.Step, link_kernels.Numbers], Any
]  # rates (R,) and whether to move; room for lengths (R, 2), or (R, 0)
WEIGHT, BIAS = 0, 1


@dataclass(frozen=True)
class FusedSGD:
    """The layers' updates in order, each with its slot among all weights and biases, and room for lengths (2L, R, 2).

    Of weights that are moved elsewhere there are neither.
    """

    parts: tuple[tuple[int, LayerUpdate], ...]
    lengths: Tensor

    def step(self, rate: Tensor) -> None:
        """Back to dL/dz of every layer, and a step by rates (R, 1, 1)."""
        how, unmeasured = (rate.view(-1).numpy(), True), self.lengths[0, :, :0].numpy()
        for _, part in self.parts:
            part(how, unmeasured)

    def measure(self, rate: Tensor, *, moving: bool) -> Tensor:
        """The same, the step only if `moving`; ‖gradients‖ and, before the step, ‖parameters‖, (2L, R, 2) as in `lengths`."""
        how, lengths = (rate.view(-1).numpy(), moving), self.lengths.numpy()
        for slot, part in self.parts:
            part(how, lengths[slot])
        return self.lengths.clone()


def fused_sgd(net: Network) -> FusedSGD | None:
    """The fused updates of a network that learns by plain gradient descent; None where its numbers are not in this machine."""
    like = net.parameters[0].weight
    if not link_kernels.plain(like):
        return None
    return FusedSGD(tuple(_parts(net)), like.new_zeros(2 * len(net.layers), len(like), 2, dtype=torch.float64))


def _parts(net: Network) -> Iterator[tuple[int, LayerUpdate]]:
    for number in reversed(range(len(net.layers))):
        bias, delta = net.parameters[number].bias.flatten(1), net.deltas[number]
        yield 2 * number + BIAS, partial(layer_kernels.descend_biases, bias.numpy(), delta.numpy())
        if number or not net.look_ahead:
            yield 2 * number + WEIGHT, _upper(net, number) if number else _first(net)


def _upper(net: Network, number: int) -> LayerUpdate:
    if not net.run_by_run[number]:
        parameter, gradient = net.parameters[number].weight.flatten(1), net.gradients[number].weight.flatten(1)
        return partial(_along, (*passing(net, number), weight_gradient(net, number)), parameter, gradient)
    weight, delta = net.parameters[number].weight.numpy(), net.deltas[number].numpy()
    units, passed = net.units[number - 1].numpy(), net.deltas[number - 1].numpy()
    kind = ACTIVATIONS[net.layers[number - 1].activation].kind
    return partial(layer_kernels.descend_upper_layer, weight, delta, (units, passed, kind))


def _first(net: Network) -> LayerUpdate:
    # No δ is passed on below the first layer. Small ones are worked out run by run like the others; a large one by BLAS for
    # all runs at once, whose blocked loops gain more than the gradient's way through memory costs.
    weight, delta, gradient = net.parameters[0].weight, net.deltas[0], net.gradients[0].weight
    if net.run_by_run[0]:
        fed = net.inputs.rows.numpy(), np.array(net.sharing.owners)
        return partial(layer_kernels.descend_first_layer, weight.numpy(), delta.numpy(), fed)
    forming = net.layout.products(delta, net.inputs.rows, gradient).multiply
    return partial(_along, (forming,), weight.flatten(1), gradient.flatten(1))


def _along(forming: Sequence[Callable[[], object]], parameter: Tensor, gradient: Tensor, *how: Any) -> None:
    """Along a gradient (R, N) that is formed for all runs at once, and whatever must be done before the parameters move."""
    for go in forming:
        go()
    layer_kernels.descend(parameter.numpy(), gradient.numpy(), *how)
