"""The losses of a cohort, applied to its raw outputs.

All examples of all runs that share a loss stand side by side as columns, (C, r·B) rounded up: one call a loss,
and no vector loop ever meets a tail (see forms).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from lossbench.engine.forms import round_up
from lossbench.interfaces import Loss


@dataclass(frozen=True)
class Columns:
    """The raw outputs (C, M) and targets (T, M) of one loss's runs, M = r·B rounded up; what is beyond r·B is 0."""

    loss: Loss
    runs: slice
    z: Tensor
    y: Tensor


def columns(blocks: Sequence[tuple[Loss, slice]], like: Tensor, targets: int) -> list[Columns]:
    """Room for raw outputs shaped like (R, C, B) and as many examples' targets, T each."""
    _, outputs, width = like.shape
    lengths = [round_up((runs.stop - runs.start) * width) for _, runs in blocks]
    return [
        Columns(loss, runs, like.new_zeros(outputs, length), like.new_zeros(targets, length))
        for (loss, runs), length in zip(blocks, lengths, strict=True)
    ]


def fill(room: Tensor, values: Tensor) -> None:
    """Lay (r, C, B) out as columns."""
    runs, outputs, width = values.shape
    room[:, : runs * width].view(outputs, runs, width).copy_(values.transpose(0, 1))


def by_run(result: Tensor, runs: int, width: int) -> Tensor:
    """Columns (C, M) back to (r, C, B), a view; numbers an example (M,) to (r, B)."""
    if result.dim() == 1:
        return result[: runs * width].view(runs, width)
    return result[:, : runs * width].view(-1, runs, width).transpose(0, 1)


def gradient(rooms: Sequence[Columns], z: Tensor, y: Tensor, out: Tensor) -> None:
    """dL/dz of the mean over the batch, (R, C, B), into `out`."""
    scatter(rooms, z, y, out, lambda room: room.loss.gradient(room.z, room.y))
    out.div_(z.shape[-1])


def scatter(rooms: Sequence[Columns], z: Tensor, y: Tensor, out: Tensor, measure: Callable[[Columns], Tensor]) -> None:
    """Apply a measure to each loss's columns and lay the results out by run in `out`, (R, C, B) or (R, B)."""
    for room in rooms:
        fill(room.z, z[room.runs])
        fill(room.y, y[room.runs])
        out[room.runs].copy_(by_run(measure(room), room.runs.stop - room.runs.start, z.shape[-1]))
