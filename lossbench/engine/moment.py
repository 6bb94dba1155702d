"""A step as probes see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lossbench.engine.network import Network, fused_norms, gradients
from lossbench.engine.objective import Columns
from lossbench.interfaces import ActivationName, Dense

SMALL = 1e-12  # the square of what is much smaller is no normal float32
FAR = 40.0  # raw outputs beyond which an error, 1/p at most, comes near what float32 holds


@dataclass
class Moment:
    """The step of a network that has gone forward and backward; `learn` makes it, `last` says that none is made.

    Each quantity is computed when a probe asks for it. Asked for updates, the moment makes the step.
    """

    net: Network
    rooms: Sequence[Columns]
    learn: Callable[[], None]
    last: bool

    @cached_property
    def parameters(self) -> tuple[Dense[Tensor], ...]:
        return tuple(Dense(p.weight.clone(), p.bias.clone()) for p in self.net.parameters)  # the step changes the network's own

    @cached_property
    def gradients(self) -> tuple[Dense[Tensor], ...]:
        return gradients(self.net)

    @cached_property
    def updates(self) -> tuple[Dense[Tensor], ...] | None:
        if self.last:
            return None
        before = self.parameters
        self.learn()
        pairs = zip(self.net.parameters, before, strict=True)
        return tuple(Dense(new.weight - old.weight, new.bias - old.bias) for new, old in pairs)

    def finish(self) -> None:
        """Make the step, unless it has been."""
        if not self.last and "updates" not in vars(self):
            self.learn()

    @cached_property
    def gradient_norms(self) -> Dense[Tensor]:
        if not self.net.fused:
            return _norms(self.net.gradients)
        rest = _lengths([part for number, layer in enumerate(self.net.gradients) for part in (layer if number else layer[1:])])
        return Dense(torch.cat([fused_norms(self.net)[:, None], rest[:, 1::2]], 1), rest[:, ::2])

    @cached_property
    def parameter_norms(self) -> Dense[Tensor]:
        return _norms(self.parameters)

    @cached_property
    def update_norms(self) -> Dense[Tensor] | None:
        return None if self.updates is None else _norms(self.updates)

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
        return self._laid_out(self._z, self._linked)

    @cached_property
    def gradient(self) -> Tensor:
        return self.net.deltas[-1] * self._z.shape[-1]  # of one example, not of the mean

    @cached_property
    def error(self) -> Tensor:
        """Float64 in any run: cross entropy's, 1/p, leaves float32 where the network is confidently wrong."""
        return self._laid_out(self._z.double(), [_error(room) for room in self.rooms])

    @cached_property
    def slope(self) -> Tensor:
        found = [room.loss.link_function.slope(a) for room, a in zip(self.rooms, self._linked, strict=True)]
        return self._laid_out(self._z[:, 0], found)

    @cached_property
    def _linked(self) -> list[Tensor]:
        """The link's outputs, on the columns of each loss."""
        return [room.loss.link_function.value(room.z) for room in self.rooms]

    @property
    def _z(self) -> Tensor:
        return self.net.units[-1]

    def _laid_out(self, like: Tensor, found: Sequence[Tensor]) -> Tensor:
        """What was measured on the columns of each loss, by run."""
        out = torch.empty_like(like)
        for room, part in zip(self.rooms, found, strict=True):
            out[room.runs].copy_(room.by_run(part))
        return out


def _error(room: Columns) -> Tensor:
    return room.loss.error(room.z.double(), room.y.double())


def _norms(layers: Sequence[Dense[Tensor]]) -> Dense[Tensor]:
    lengths = _lengths([part for layer in layers for part in layer])
    return Dense(lengths[:, ::2], lengths[:, 1::2])


def _lengths(matrices: Sequence[Tensor]) -> Tensor:
    """‖·‖₂ of K matrices, (R, K), in float64 where it is small: squared in float32, what has all but vanished would be gone."""
    lengths = torch.stack([torch.linalg.vector_norm(matrix, dim=(-2, -1)) for matrix in matrices], -1).double()
    small = lengths < SMALL
    if not small.any():
        return lengths
    exact = torch.stack([torch.linalg.vector_norm(matrix.double(), dim=(-2, -1)) for matrix in matrices], -1)
    return torch.where(small, exact, lengths)
