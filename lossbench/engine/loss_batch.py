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
from lossbench.engine.stacking import RunBlock
from lossbench.interfaces import Loss


@dataclass(frozen=True)
class LossBatch:
    """Room for raw outputs z (C, M) and targets y (T, M) of one loss's runs, M = r·B rounded up; what is beyond r·B is 0.

    `raw` and `slope` are what the network has of these runs: raw outputs, and dL/dz where it learns, both (C, r, B).
    """

    loss: Loss
    runs: slice
    z: Tensor
    y: Tensor
    width: int  # B
    run_blocks: tuple[RunBlock, ...]
    raw: Tensor | None  # None where z itself is the network's
    slope: Tensor | None

    @property
    def count(self) -> int:
        """How many runs there are."""
        return int(self.runs.stop - self.runs.start)

    def fill(self) -> None:
        """Lay the network's raw outputs out as columns."""
        if self.raw is not None:
            self.split_by_run(self.z).copy_(self.raw)

    def split_by_run(self, result: Tensor) -> Tensor:
        """Columns (C, M) as (C, r, B), a view."""
        count = self.count * self.width
        return (result if result.shape[1] == count else result[:, :count]).view(-1, self.count, self.width)

    def by_run(self, result: Tensor) -> Tensor:
        """Columns (C, M) back to (r, C, B), a view; numbers an example (M,) to (r, B)."""
        if result.dim() == 1:
            return result[: self.count * self.width].view(self.count, self.width)
        return self.split_by_run(result).transpose(0, 1)


def loss_batches(blocks: Sequence[tuple[Loss, slice]], net: Network, targets: int) -> tuple[LossBatch, ...]:
    """Room for the raw outputs of a network, and for targets (T of them an example)."""
    return tuple(_loss_batch(loss, runs, net, targets) for loss, runs in blocks)


def _loss_batch(loss: Loss, runs: slice, net: Network, targets: int) -> LossBatch:
    units = net.units[-1]
    _, outputs, width = units.shape
    slope = net.deltas[-1][runs].transpose(0, 1) if net.deltas else None
    length = round_up((runs.stop - runs.start) * width)
    y = units.new_zeros(targets, length)
    run_blocks = net.sharing.run_blocks(runs)
    if outputs == 1 and runs == slice(0, len(units)):
        return LossBatch(loss, runs, whole(units)[None], y, width, run_blocks, None, slope)
    return LossBatch(loss, runs, units.new_zeros(outputs, length), y, width, run_blocks, units[runs].transpose(0, 1), slope)


def target_views(loss_batches: Sequence[LossBatch], y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Where in the columns of loss batches targets y (T, S, B) of every batch belong: pairs to copy, second to first."""
    for loss_batch in loss_batches:
        for start, runs, first_batch, batches in loss_batch.run_blocks:
            some = loss_batch.y[:, start * y.shape[2] :][:, : runs * batches * y.shape[2]]
            yield some.view(len(y), batches, runs, y.shape[2]), y[:, first_batch : first_batch + batches, None]


def gradient(loss_batches: Sequence[LossBatch]) -> None:
    """dL/dz of the mean over the batch, (R, C, B), into the network's own."""
    for loss_batch in loss_batches:
        loss_batch.fill()
        if loss_batch.slope is not None:
            slope = loss_batch.loss.gradient(loss_batch.z, loss_batch.y)
            torch.mul(loss_batch.split_by_run(slope), 1 / loss_batch.width, out=loss_batch.slope)
