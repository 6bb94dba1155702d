"""Losses of classes in an order: raw outputs stand for the thresholds between the classes, not for the classes."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from lossbench.interfaces import Domain, Loss, Task
from lossbench.interfaces.links import OUTPUTS


class Ordered(Loss):
    """Of C classes in an order there are C − 1 thresholds, and as many raw outputs.

    Targets (..., C, B) are one-hot, from the lowest class to the highest; a lone column, 0 or 1, is the upper one of two classes.
    A subclass says how raw outputs make probabilities of the classes.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "distribution"
    tasks: ClassVar[tuple[Task, ...]] = ("ordinal",)

    @abstractmethod
    def log_probabilities(self, z: Tensor) -> Tensor:
        """log p (..., C, B) of the classes, from raw outputs (..., C − 1, B)."""

    def raw_outputs(self, targets: int) -> int:
        return max(1, targets - 1)

    def prediction(self, a: Tensor) -> Tensor:
        """Probabilities of the classes (..., C, B); of two classes the upper one's alone, (..., 1, B)."""
        p = self.log_probabilities(a.logit() if self.link == "sigmoid" else a).exp()
        return p if a.shape[OUTPUTS] > 1 else p.narrow(OUTPUTS, 1, 1)

    def class_log_probabilities(self, z: Tensor) -> Tensor | None:
        return self.log_probabilities(z) if z.shape[OUTPUTS] > 1 else None


def members(y: Tensor) -> Tensor:
    """Targets (..., C, B) of C ≥ 2 classes: a lone column is the upper one of two."""
    return y if y.shape[OUTPUTS] > 1 else torch.cat([1 - y, y], OUTPUTS)


def above(y: Tensor) -> Tensor:
    """The share of the targets (..., C, B) that lies above each threshold, (..., C − 1, B): of hard ones exactly 0 or 1."""
    return y.narrow(OUTPUTS, 1, y.shape[OUTPUTS] - 1).flip(OUTPUTS).cumsum(OUTPUTS).flip(OUTPUTS)


def below(y: Tensor) -> Tensor:
    """The share of the targets (..., C, B) that lies below each threshold, (..., C − 1, B)."""
    return y.narrow(OUTPUTS, 0, y.shape[OUTPUTS] - 1).cumsum(OUTPUTS)
