"""The losses of a cohort, applied to its raw outputs.

All examples of all runs that share a loss stand side by side as columns, (C, r·B) rounded up: one call a loss,
and no vector loop ever meets a tail (see forms).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.engine.determinism import round_up, whole
from lossbench.engine.network import Network
from lossbench.engine.stacking import Stretch
from lossbench.interfaces import Loss


@dataclass(frozen=True)
class Columns:
    """Room for raw outputs z (C, M) and targets y (T, M) of one loss's runs, M = r·B rounded up; what is beyond r·B is 0.

    `raw` and `slope` are what the network has of these runs: raw outputs, and dL/dz where it learns, both (C, r, B).
    """

    loss: Loss
    runs: slice
    z: Tensor
    y: Tensor
    width: int  # B
    stretches: tuple[Stretch, ...]
    raw: Tensor | None  # None where z itself is the network's
    slope: Tensor | None

    @property
    def count(self) -> int:
        """How many runs there are."""
        return int(self.runs.stop - self.runs.start)

    def fill(self) -> None:
        """Lay the network's raw outputs out as columns."""
        if self.raw is not None:
            self.parted(self.z).copy_(self.raw)

    def parted(self, result: Tensor) -> Tensor:
        """Columns (C, M) as (C, r, B), a view."""
        count = self.count * self.width
        return (result if result.shape[1] == count else result[:, :count]).view(-1, self.count, self.width)

    def by_run(self, result: Tensor) -> Tensor:
        """Columns (C, M) back to (r, C, B), a view; numbers an example (M,) to (r, B)."""
        if result.dim() == 1:
            return result[: self.count * self.width].view(self.count, self.width)
        return self.parted(result).transpose(0, 1)


def columns(blocks: Sequence[tuple[Loss, slice]], net: Network, targets: int) -> tuple[Columns, ...]:
    """Room for the raw outputs of a network, and for targets (T of them an example)."""
    return tuple(_columns(loss, runs, net, targets) for loss, runs in blocks)


def _columns(loss: Loss, runs: slice, net: Network, targets: int) -> Columns:
    units = net.units[-1]
    _, outputs, width = units.shape
    slope = net.deltas[-1][runs].transpose(0, 1) if net.deltas else None
    length = round_up((runs.stop - runs.start) * width)
    y = units.new_zeros(targets, length)
    stretches = net.sharing.stretches(runs)
    if outputs == 1 and runs == slice(0, len(units)):
        return Columns(loss, runs, whole(units)[None], y, width, stretches, None, slope)
    return Columns(loss, runs, units.new_zeros(outputs, length), y, width, stretches, units[runs].transpose(0, 1), slope)


def layings(rooms: Sequence[Columns], y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Where in the rooms' columns targets y (T, S, B) of every batch belong: pairs to copy, second to first."""
    for room in rooms:
        for start, runs, place, batches in room.stretches:
            some = room.y[:, start * y.shape[2] :][:, : runs * batches * y.shape[2]]
            yield some.view(len(y), batches, runs, y.shape[2]), y[:, place : place + batches, None]


def gradient(rooms: Sequence[Columns]) -> None:
    """dL/dz of the mean over the batch, (R, C, B), into the network's own."""
    for room in rooms:
        room.fill()
        if room.slope is not None:
            torch.mul(room.parted(room.loss.gradient(room.z, room.y)), 1 / room.width, out=room.slope)
