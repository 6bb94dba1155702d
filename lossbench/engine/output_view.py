"""What a step does at the outputs, as probes see it: whatever the network before them is."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from lossbench.engine.loss_batch import LossBatch
from lossbench.interfaces.links import Linked

FAR = 40.0  # raw outputs beyond which an error, as large as 1/p, may leave float32


class OutputView(ABC):
    """The outputs of R runs and their gradients with the two factors, of raw outputs that stand in the loss batches."""

    loss_batches: Sequence[LossBatch]

    @property
    @abstractmethod
    def _z(self) -> Tensor:
        """Raw outputs (R, C, B)."""

    @property
    @abstractmethod
    def _deltas(self) -> Tensor:
        """dL/dz (R, C, B) of the mean over the mini-batch."""

    @property
    def link(self) -> str:
        return self.loss_batches[0].loss.link

    @cached_property
    def outputs(self) -> Tensor:
        return self._by_run([linked.a for linked in self._linked])

    @cached_property
    def gradient(self) -> Tensor:
        return self._deltas * self._z.shape[-1]  # of one example, not of the mean

    @cached_property
    def error(self) -> Tensor:
        return self._one_an_example([_weighed_error_size(loss_batch).double() for loss_batch in self.loss_batches])

    @cached_property
    def slope(self) -> Tensor:
        return self._one_an_example([linked.slope for linked in self._linked])

    @cached_property
    def _linked(self) -> list[Linked]:
        """What the link makes of the raw outputs, on the columns of each loss."""
        return [loss_batch.loss.link_function.at(loss_batch.z) for loss_batch in self.loss_batches]

    def _by_run(self, measured: Sequence[Tensor]) -> Tensor:
        """What was measured on the columns of each loss, (K, M), as (R, K, B)."""
        parts = [loss_batch.by_run(part) for loss_batch, part in zip(self.loss_batches, measured, strict=True)]
        return _one_after_the_other(parts).contiguous()

    def _one_an_example(self, measured: Sequence[Tensor]) -> Tensor:
        """What was measured of the examples of each loss, (M,), as (R, B)."""
        return _one_after_the_other([part.by_run(sizes) for part, sizes in zip(self.loss_batches, measured, strict=True)])


def _one_after_the_other(parts: list[Tensor]) -> Tensor:
    """The runs of all parts, of each (r, ...); those of a single one are not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _weighed_error_size(loss_batch: LossBatch) -> Tensor:
    """‖w dℓ/da‖₂ of a loss batch's examples, (r·B,), each weighed as in the gradient."""
    size, weights = _error_size(loss_batch), loss_batch.weights
    return size if weights is None else size * weights[: len(size)]


def _error_size(loss_batch: LossBatch) -> Tensor:
    """‖dℓ/da‖₂ of a loss batch's examples, (r·B,): in float64 for those where float32 may not hold it.

    Cross entropy's error, 1/p, leaves float32 where the network is confidently wrong, and so do the two exponentials of which
    a small error may be the quotient.
    """
    examples = loss_batch.count * loss_batch.width
    size = _passing(loss_batch, loss_batch.z, loss_batch.y)[:examples]
    lowest, highest = torch.aminmax(loss_batch.z)
    if lowest.item() > -FAR and highest.item() < FAR:
        return size
    near = loss_batch.z.abs().amax(0)[:examples] < FAR
    exact = _passing(loss_batch, loss_batch.z.double(), loss_batch.y.double())[:examples]
    return torch.where(near, size.double(), exact)


def _passing(loss_batch: LossBatch, z: Tensor, y: Tensor) -> Tensor:
    """‖dℓ/da‖₂ (M,) of what the link lets through of an error."""
    return loss_batch.loss.link_function.at(z).passing(loss_batch.apply(loss_batch.loss.error, z, y))
