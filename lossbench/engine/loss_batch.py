"""The losses of a cohort, applied to its raw outputs.

All examples of all runs that share a loss stand side by side as columns, (C, r·B) rounded up: one call a loss,
and no vector loop ever meets a tail (see determinism). So it is for a loss that is `per_example`; any other is called
run by run, with a copy of exactly that run's examples.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.engine.determinism import round_up, whole
from lossbench.engine.network import Network
from lossbench.engine.stacking import LossBlock, RunBlock
from lossbench.engine.weighing import Weighing
from lossbench.errors import BadInput
from lossbench.interfaces import Loss

LossFunction = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class LossBatch:
    """Room for raw outputs z (C, M) and targets y (T, M) of one loss's runs, M = r·B rounded up; what is beyond r·B is 0.

    `copied` (T, M) or (T + 1, M) is what is copied for a batch: targets and, where examples are weighed, their weights.
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
    copied: Tensor
    weighing: Weighing | None = None

    @property
    def count(self) -> int:
        """How many runs there are."""
        return int(self.runs.stop - self.runs.start)

    @property
    def weights(self) -> Tensor | None:
        """How much each example counts, (M,); None where all count alike."""
        if self.weighing is None:
            return None
        return self.weighing.weights(self.y, self.copied[len(self.y) :], self.count, self.width)

    def fill(self) -> None:
        """Lay the network's raw outputs out as columns."""
        if self.raw is not None:
            self.split_by_run(self.z).copy_(self.raw)

    def split_by_run(self, result: Tensor) -> Tensor:
        """Columns (C, M) as (C, r, B), a view."""
        count = self.count * self.width
        return (result if result.shape[1] == count else result[:, :count]).view(-1, self.count, self.width)

    def apply(self, function: LossFunction, z: Tensor, y: Tensor) -> Tensor:
        """The loss's value, gradient or error of columns z (C, M) and y (T, M): (M,) or (C, M), 0 in the padding.

        A loss that may look across examples sees those of one run at a time. Raises BadInput where it returns another shape.
        """
        if self.loss.per_example:
            return function(z, y)
        ends = range(0, self.count * self.width, self.width)
        parts = [function(*(t[:, start : start + self.width].clone() for t in (z, y))) for start in ends]
        for part in parts:
            if not isinstance(part, Tensor) or part.shape[-1:] != (self.width,) or part.shape[:-1] not in ((), z.shape[:1]):
                raise BadInput(
                    f"{function.__name__}() of the loss {type(self.loss).__module__}.{type(self.loss).__qualname__} returned "
                    f"{tuple(part.shape) if isinstance(part, Tensor) else part!r} for z {(len(z), self.width)}."
                )
        return torch.cat([*parts, parts[0].new_zeros(*parts[0].shape[:-1], z.shape[1] - self.count * self.width)], -1)

    def by_run(self, result: Tensor) -> Tensor:
        """Columns (C, M) back to (r, C, B), a view; numbers an example (M,) to (r, B)."""
        if result.dim() == 1:
            return result[: self.count * self.width].view(self.count, self.width)
        return self.split_by_run(result).transpose(0, 1)


def loss_batches(
    blocks: Sequence[LossBlock], net: Network, targets: int, weighings: Sequence[Weighing | None] = ()
) -> tuple[LossBatch, ...]:
    """Room for the raw outputs of a network, and for targets (T of them an example); how each block weighs its examples."""
    pairs = zip(blocks, weighings or [None] * len(blocks), strict=True)
    return tuple(_loss_batch(block, net, targets, weighing) for block, weighing in pairs)


def _loss_batch(block: LossBlock, net: Network, targets: int, weighing: Weighing | None) -> LossBatch:
    loss, runs = block.loss, block.runs
    units = net.units[-1]
    _, outputs, width = units.shape
    slope = net.deltas[-1][runs].transpose(0, 1) if net.deltas else None
    length = round_up((runs.stop - runs.start) * width)
    copied = units.new_zeros(targets + (weighing is not None and weighing.by_example), length)
    y = copied[:targets]
    run_blocks = net.sharing.run_blocks(runs)
    if outputs == 1 and runs == slice(0, len(units)):
        return LossBatch(loss, runs, whole(units)[None], y, width, run_blocks, None, slope, copied, weighing)
    raw = units[runs].transpose(0, 1)
    return LossBatch(loss, runs, units.new_zeros(outputs, length), y, width, run_blocks, raw, slope, copied, weighing)


def target_views(loss_batches: Sequence[LossBatch], y: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Where in the columns of loss batches targets y (T, S, B) of every batch belong: pairs to copy, second to first.

    Where examples are weighed, the weights stand below the targets, (T + 1, S, B).
    """
    for loss_batch in loss_batches:
        for start, runs, first_batch, batches in loss_batch.run_blocks:
            some = loss_batch.copied[:, start * y.shape[2] :][:, : runs * batches * y.shape[2]]
            yield some.view(len(y), batches, runs, y.shape[2]), y[:, first_batch : first_batch + batches, None]


def gradient(loss_batches: Sequence[LossBatch]) -> None:
    """dL/dz of L = (1/B) Σ_b w_b ℓ_b, which is (w_b/B) dℓ_b/dz_b, (R, C, B), into the network's own."""
    for loss_batch in loss_batches:
        loss_batch.fill()
        if loss_batch.slope is not None:
            slope = loss_batch.apply(loss_batch.loss.gradient, loss_batch.z, loss_batch.y)
            weights = loss_batch.weights
            slope = slope if weights is None else slope * weights
            torch.mul(loss_batch.split_by_run(slope), 1 / loss_batch.width, out=loss_batch.slope)
