"""Losses of a mean and a variance: each target has two raw outputs, which say a normal distribution."""

from statistics import NormalDist
from typing import ClassVar, Literal

import torch
from torch import Tensor

from lossbench.interfaces import Loss, Task
from lossbench.interfaces.links import OUTPUTS


class MeanAndVariance(Loss):
    """Of T targets the first T raw outputs are the means m, the last T the logarithms s of the variances."""

    per_example: ClassVar[bool] = True
    link: Literal["identity"] = "identity"
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)

    def raw_outputs(self, targets: int) -> int:
        return 2 * targets

    def prediction(self, a: Tensor) -> Tensor:
        return torch.chunk(a, 2, OUTPUTS)[0]

    def quantile(self, z: Tensor, level: float) -> Tensor:
        mean, log_variance = torch.chunk(z, 2, OUTPUTS)
        return mean + NormalDist().inv_cdf(level) * bounded_exp(log_variance / 2)


def bounded_exp(z: Tensor) -> Tensor:
    """e^z (...) of any z (...), or the largest float where that is larger."""
    return z.exp().clamp_max(torch.finfo(z.dtype).max)
