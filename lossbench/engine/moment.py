"""A step as probes see it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lossbench.engine.network import Network
from lossbench.engine.objective import Columns, Targets, scatter
from lossbench.interfaces import ActivationName, Dense, Loss


@dataclass
class Moment:
    """The step of a network that has gone forward and backward; `learn` makes it, `last` says that none is made.

    Each quantity is computed when a probe asks for it. Asked for updates, the moment makes the step.
    """

    net: Network
    rooms: Sequence[Columns]
    targets: Targets
    learn: Callable[[], None]
    last: bool

    @cached_property
    def parameters(self) -> tuple[Dense[Tensor], ...]:
        return tuple(Dense(p.weight.clone(), p.bias.clone()) for p in self.net.parameters)  # the step changes the network's own

    @property
    def gradients(self) -> tuple[Dense[Tensor], ...]:
        return self.net.gradients

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
        return self._laid_out(self._z, lambda loss, z, _: loss.link_function.value(z))

    @cached_property
    def gradient(self) -> Tensor:
        return self.net.deltas[-1] * self._z.shape[-1]  # of one example, not of the mean

    @cached_property
    def error(self) -> Tensor:
        """Float64 in any run: cross entropy's, 1/p, leaves float32 where the network is confidently wrong."""
        return self._laid_out(self._z.double(), lambda loss, z, y: loss.error(z.double(), y.double()))

    @cached_property
    def slope(self) -> Tensor:
        return self._laid_out(self._z[:, 0], lambda loss, z, _: loss.link_function.slope(loss.link_function.value(z)))

    @property
    def _z(self) -> Tensor:
        return self.net.units[-1]

    def _laid_out(self, like: Tensor, measure: Callable[[Loss, Tensor, Tensor], Tensor]) -> Tensor:
        return scatter(self.rooms, self.targets, torch.empty_like(like), measure)
