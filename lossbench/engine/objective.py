"""The losses of a cohort, applied to its raw outputs.

All examples of all runs that share a loss stand side by side as columns, (C, r·B) rounded up: one call a loss,
and no vector loop ever meets a tail (see forms).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.engine.forms import round_up
from lossbench.engine.stacking import Sharing
from lossbench.interfaces import Loss


@dataclass(frozen=True)
class Columns:
    """Room for the raw outputs of one loss's runs, (C, M), M = r·B rounded up; what is beyond r·B is 0."""

    loss: Loss
    runs: slice
    z: Tensor

    @property
    def count(self) -> int:
        """How many runs there are."""
        return int(self.runs.stop - self.runs.start)


Targets = Sequence[Tensor]  # y (T, M) on the columns of each loss


def columns(blocks: Sequence[tuple[Loss, slice]], like: Tensor) -> tuple[Columns, ...]:
    """Room for raw outputs shaped like (R, C, B)."""
    _, outputs, width = like.shape
    lengths = [round_up((runs.stop - runs.start) * width) for _, runs in blocks]
    return tuple(
        Columns(loss, runs, like.new_zeros(outputs, length)) for (loss, runs), length in zip(blocks, lengths, strict=True)
    )


def fill(room: Columns, z: Tensor) -> None:
    """Lay the raw outputs (R, C, B) of the room's runs out as columns."""
    _, outputs, width = z.shape
    room.z[:, : room.count * width].view(outputs, room.count, width).copy_(z[room.runs].transpose(0, 1))


def lay(rooms: Sequence[Columns], y: Tensor, sharing: Sharing) -> list[Targets]:
    """Targets (K, S, T, B) of some steps and every seed as columns, for each step and each loss."""
    steps, _, rows, width = y.shape
    laid = []
    for room in rooms:
        target = y.new_zeros(steps, rows, room.z.shape[1])
        places = target[:, :, : room.count * width].view(steps, rows, room.count, width)
        for start, stop, place in sharing.blocks:
            first, last = max(start, room.runs.start), min(stop, room.runs.stop)
            if first < last:
                places[:, :, first - room.runs.start : last - room.runs.start].copy_(y[:, place, :, None])
        laid.append(target)
    return [list(targets) for targets in zip(*laid, strict=True)]


def by_run(result: Tensor, runs: int, width: int) -> Tensor:
    """Columns (C, M) back to (r, C, B), a view; numbers an example (M,) to (r, B)."""
    if result.dim() == 1:
        return result[: runs * width].view(runs, width)
    return result[:, : runs * width].view(-1, runs, width).transpose(0, 1)


def gradient(rooms: Sequence[Columns], targets: Targets, z: Tensor, out: Tensor) -> None:
    """dL/dz of the mean over the batch, (R, C, B), into `out`."""
    for room, y in zip(rooms, targets, strict=True):
        fill(room, z)
        found = by_run(room.loss.gradient(room.z, y), room.count, z.shape[-1])
        torch.div(found, z.shape[-1], out=out[room.runs])


def scatter(rooms: Sequence[Columns], targets: Targets, out: Tensor, measure: Callable[[Loss, Tensor, Tensor], Tensor]) -> Tensor:
    """Apply a measure of (loss, z, y) to each loss's columns, filled before, and lay the results out by run in `out`."""
    for room, y in zip(rooms, targets, strict=True):
        out[room.runs].copy_(by_run(measure(room.loss, room.z, y), room.count, out.shape[-1]))
    return out
