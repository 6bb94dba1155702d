"""How much each example of a mini-batch counts in the training loss: by its class, and by a weight of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.engine.stacking import LossBlock, loss_blocks
from lossbench.interfaces import Array, Split
from lossbench.interfaces.dataset import class_counts
from lossbench.planning.class_weights import class_weight_numbers
from lossbench.planning.spec import RunSpec


@dataclass(frozen=True)
class Weighing:
    """The weights of the runs that a loss trains: those of the classes (K,), if any, and whether examples have their own.

    What a mini-batch of B examples is worth is Σ w ℓ / B or, `over_weights`, Σ w ℓ / Σ w. The two differ as learning rates do: by
    the mean weight of the batch, which for balanced classes is about 1.
    """

    classes: Tensor | None
    by_example: bool
    over_weights: bool

    def weights(self, y: Tensor, own: Tensor, runs: int, width: int) -> Tensor:
        """The weight of each example (M,), from targets y (T, M) and, where examples have their own, weights (1, M).

        M is at least runs · width, the examples of one run side by side. Of a batch that weighs nothing all weights are 0.
        """
        weights = own[0].clone() if self.by_example else torch.ones_like(y[0])
        if self.classes is not None:
            weights = weights * self._of_classes(y)
        if self.over_weights:
            by_run = weights[: runs * width].view(runs, width)
            total = by_run.sum(-1, keepdim=True)
            by_run.mul_(torch.where(total > 0, width / total, 0.0))
        return weights

    def _of_classes(self, y: Tensor) -> Tensor:
        if self.classes is None:
            raise LookupError("Classes are weighed only where they have weights.")
        if len(y) == 1:
            return torch.where(y[0] > 0.5, self.classes[1], self.classes[0])
        return (self.classes[:, None] * y).sum(0)  # of the terms all but one are 0, so that nothing is rounded


def weighed_targets(run: RunSpec, y: Tensor, weights: Array | None) -> Tensor:
    """Targets (N, T) with the weights of the examples beside them, (N, T + 1); as they are where all examples count alike.

    Where a rest is kept as a mini-batch, (3N, T + 1): each example as it counts by itself, in the rest, and where it fills that
    up (see example_indices), so that Σ w ℓ / B is the mean over the rest.
    """
    rest = run.rest(len(y))
    if weights is None and not rest:
        return y
    own = y.new_ones(len(y)) if weights is None else torch.as_tensor(weights).to(y)
    factors = (1.0, (run.batch or rest) / rest, 0.0) if rest else (1.0,)
    return torch.cat([torch.cat([y, (own * factor)[:, None]], 1) for factor in factors])


def weighings(runs: Sequence[RunSpec], split: Split, like: Tensor) -> list[Weighing | None]:
    """How each block of runs weighs a split's examples, in the number type of a tensor of any shape; None: all count alike."""
    by_example = split.train_weights is not None or runs[0].rest(len(split.train_y)) > 0
    return [_weighing(block, split, like, by_example=by_example) for block in loss_blocks(runs)]


def _weighing(block: LossBlock, split: Split, like: Tensor, *, by_example: bool) -> Weighing | None:
    if block.class_weights is None:
        return Weighing(None, by_example, block.weighted_mean == "weights") if by_example else None
    numbers = class_weight_numbers(block.class_weights, class_counts(split.train_y))
    return Weighing(torch.as_tensor(numbers).to(like), by_example, block.weighted_mean == "weights")
