"""A step as probes see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lossbench.engine.network import Network, gradients
from lossbench.engine.objective import Columns
from lossbench.interfaces import ActivationName, Dense, Loss
from lossbench.links import OUTPUTS

SMALL = 1e-12  # the square of what is much smaller is no normal float32
FAR = 40.0  # raw outputs beyond which an error, as large as 1/p, may leave float32


@dataclass
class Moment:
    """The step of a network that has gone forward and backward; `learn` makes it, `last` says that none is made.

    Each quantity is computed when a probe asks for it. Asked for updates, the moment makes the step, unless that is nothing but
    a `rate` times the gradient: then one is known from the other.
    """

    net: Network
    rooms: Sequence[Columns]
    learn: Callable[[], None]
    last: bool
    rate: Tensor | None

    @cached_property
    def parameters(self) -> tuple[Dense[Tensor], ...]:
        with self.net.settled():
            return tuple(
                Dense(p.weight.clone(), p.bias.clone()) for p in self.net.parameters
            )  # the step changes the network's own

    @cached_property
    def gradients(self) -> tuple[Dense[Tensor], ...]:
        return gradients(self.net)

    @cached_property
    def updates(self) -> tuple[Dense[Tensor], ...] | None:
        if self.last:
            return None
        if self.rate is not None:
            return tuple(Dense(*(-self.rate * slope for slope in layer)) for layer in self.gradients)
        before = self.parameters
        self.learn()
        pairs = zip(self.net.parameters, before, strict=True)
        return tuple(Dense(new.weight - old.weight, new.bias - old.bias) for new, old in pairs)

    def finish(self) -> None:
        """Make the step, unless it has been."""
        if not self.last and (self.rate is not None or "updates" not in vars(self)):
            self.learn()

    @cached_property
    def gradient_norms(self) -> Dense[Tensor]:
        if not self.net.ahead:
            return _norms(self.net.gradients)
        rest = _lengths([part for number, layer in enumerate(self.net.gradients) for part in (layer if number else layer[1:])])
        return Dense(torch.cat([self.net.ahead.norms(self.net.deltas[0])[:, None], rest[:, 1::2]], 1), rest[:, ::2])

    @cached_property
    def parameter_norms(self) -> Dense[Tensor]:
        with self.net.settled():
            return _norms(self.parameters if "parameters" in vars(self) else self.net.parameters)

    @cached_property
    def update_norms(self) -> Dense[Tensor] | None:
        if self.last or self.rate is None:
            return None if self.updates is None else _norms(self.updates)
        return Dense(*(norms * self.rate[..., 0] for norms in self.gradient_norms))  # as the rule has it, before any rounding

    @property
    def hidden(self) -> tuple[Tensor, ...]:
        return self.net.units[:-1]

    @property
    def activations(self) -> tuple[ActivationName, ...]:
        return tuple(layer.activation for layer in self.net.layers if layer.activation)

    @property
    def link(self) -> str:
        return self.rooms[0].loss.link

    @cached_property
    def outputs(self) -> Tensor:
        return self._by_run(self._linked, self._z.dtype)

    @cached_property
    def gradient(self) -> Tensor:
        return self.net.deltas[-1] * self._z.shape[-1]  # of one example, not of the mean

    @cached_property
    def error(self) -> Tensor:
        return self._by_run([_error_size(room)[None] for room in self.rooms], torch.float64)[:, 0]

    @cached_property
    def slope(self) -> Tensor:
        slopes = [room.loss.link_function.slope(a) for room, a in zip(self.rooms, self._linked, strict=True)]
        return self._by_run([slope[None] for slope in slopes], self._z.dtype)[:, 0]

    @cached_property
    def _linked(self) -> list[Tensor]:
        """The link's outputs, on the columns of each loss."""
        return [room.loss.link_function.value(room.z) for room in self.rooms]

    @property
    def _z(self) -> Tensor:
        return self.net.units[-1]

    def _by_run(self, found: Sequence[Tensor], dtype: torch.dtype) -> Tensor:
        """What was measured on the columns of each loss, as (R, K, B)."""
        runs, _, width = self._z.shape
        out = self._z.new_empty(runs, len(found[0]), width, dtype=dtype)
        for room, part in zip(self.rooms, found, strict=True):
            out[room.runs].copy_(room.by_run(part))
        return out


def _error_size(room: Columns) -> Tensor:
    """‖dℓ/da‖₂ of the room's examples, (r·B,): in float64 for those where float32 may not hold it.

    Cross entropy's error, 1/p, leaves float32 where the network is confidently wrong.
    """
    examples = room.count * room.width
    size = _passing(room.loss, room.z, room.y)[:examples]
    (lowest, highest), (least, most) = torch.aminmax(room.z), torch.aminmax(size)
    if lowest > -FAR and highest < FAR and least > SMALL and most < 1 / SMALL:
        return size
    near = room.z.abs().amax(0)[:examples] < FAR
    exact = _passing(room.loss, room.z.double(), room.y.double())[:examples]
    return torch.where((size > SMALL) & (size < 1 / SMALL) & near, size.double(), exact)


def _passing(loss: Loss, z: Tensor, y: Tensor) -> Tensor:
    """‖dℓ/da‖₂ (M,); of an error at a softmax only what its Jacobian lets through: not the mean over the outputs."""
    error = loss.error(z, y)
    if loss.link == "softmax":
        error = error - error.mean(OUTPUTS, keepdim=True)
    return error.square().sum(OUTPUTS).sqrt_()


def _norms(layers: Sequence[Dense[Tensor]]) -> Dense[Tensor]:
    lengths = _lengths([part for layer in layers for part in layer])
    return Dense(lengths[:, ::2], lengths[:, 1::2])


def _lengths(matrices: Sequence[Tensor]) -> Tensor:
    """‖·‖₂ of K matrices, (R, K), in float64 where it is small: squared in float32, what has all but vanished would be gone."""
    lengths = torch.stack([torch.linalg.vector_norm(matrix, dim=(-2, -1)) for matrix in matrices], -1).double()
    small = lengths < SMALL
    for place in small.any(0).nonzero()[:, 0].tolist() if small.any() else ():
        exact = torch.linalg.vector_norm(matrices[place].double(), dim=(-2, -1))
        lengths[:, place] = torch.where(small[:, place], exact, lengths[:, place])
    return lengths
