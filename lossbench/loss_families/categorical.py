"""Losses of a whole distribution over classes, brought to the sigmoid: there each output is a distribution of two."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from lossbench.interfaces import Domain, Loss
from lossbench.interfaces.links import OUTPUTS


class Categorical(Loss):
    """ℓ of softmax probabilities. On the sigmoid the sum over outputs of the same for the pair (a, 1 − a).

    A sigmoid at z is a softmax at (z, 0), so a subclass writes its formulas once, for C ≥ 2 classes on the softmax.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"

    @abstractmethod
    def cost(self, z: Tensor, y: Tensor) -> Tensor:
        """ℓ on the softmax, (..., B)."""

    @abstractmethod
    def cost_gradient(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dz on the softmax, (..., C, B)."""

    @abstractmethod
    def cost_error(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dp on the softmax, up to a constant, (..., C, B)."""

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return self.cost(z, y) if self.link == "softmax" else self.cost(*_pairs(z, y)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return self.cost_gradient(z, y) if self.link == "softmax" else self.cost_gradient(*_pairs(z, y)).select(OUTPUTS, 0)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        if self.link == "softmax":
            return self.cost_error(z, y)
        error = self.cost_error(*_pairs(z, y))
        return error.select(OUTPUTS, 0) - error.select(OUTPUTS, 1)


def _pairs(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Every output with its counterpart, (..., C, 2, B)."""
    return torch.stack([z, torch.zeros_like(z)], OUTPUTS), torch.stack([y, 1 - y], OUTPUTS)


def classes(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Raw outputs and targets (..., C, B) of at least two classes, C ≥ 2: a lone output plays against a raw output of 0."""
    if z.shape[OUTPUTS] > 1:
        return z, y
    return torch.cat([z, torch.zeros_like(z)], OUTPUTS), torch.cat([y, 1 - y], OUTPUTS)
