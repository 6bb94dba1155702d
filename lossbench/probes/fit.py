"""How well the outputs fit the targets, example by example: the trained loss, and measures that belong to none."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.interfaces import Task
from lossbench.interfaces.links import LINKS, OUTPUTS
from lossbench.interfaces.probe import ExampleProbe, Outputs

FAR = 1e30  # beyond any raw output


@dataclass(frozen=True, kw_only=True)
class Loss(ExampleProbe):
    """The run's own loss ℓ, in its own units: good for watching one run, no ground for comparing losses."""

    per_example: ClassVar[bool] = True

    def measure(self, outputs: Outputs) -> Tensor:
        return outputs.value


@dataclass(frozen=True, kw_only=True)
class Accuracy(ExampleProbe):
    """Share of examples decided rightly: for the largest raw output, or for class 1 where a lone one is over the boundary.

    The boundary is the loss's own: 0, but ½ for a squared error on raw outputs, which imitate the targets 0 and 1.
    Units: a share, 0 to 1. A tie is no answer: it counts as wrong.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def measure(self, outputs: Outputs) -> Tensor:
        z, y = outputs.z, outputs.y
        if z.shape[OUTPUTS] == 1:
            return ((z - outputs.boundary) * (2 * y - 1) > 0).select(OUTPUTS, 0).to(z.dtype)
        rivals = z.sub(y, alpha=FAR)  # arithmetic and no argmax, which is a hundred times slower
        return ((z * y).sum(OUTPUTS) > rivals.amax(OUTPUTS)).to(z.dtype)


@dataclass(frozen=True, kw_only=True)
class LogLoss(ExampleProbe):
    """Log loss: −log of the probability given to the true class, in nats; the probabilities are the loss's own link's.

    Formula: softmax −log p_y; one sigmoid −log a or −log(1 − a); several sigmoids −log(a_y / Σ_c a_c).
    Undefined, NaN, where the link gives no probabilities (identity).
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def measure(self, outputs: Outputs) -> Tensor:
        if not LINKS[outputs.link].probabilities:
            return torch.full_like(outputs.z[..., 0, :], torch.nan)
        return -(outputs.y * outputs.log_probabilities).sum(OUTPUTS) - _absent(outputs)


@dataclass(frozen=True, kw_only=True)
class Brier(ExampleProbe):
    """Brier score: the squared distance between the class probabilities and the truth, summed over all classes.

    Formula: Σ_c (p_c − y_c)²; with one output p = (1 − a, a), so the score is 2(a − y)². Lies in 0 to 2.
    Undefined, NaN, where the link gives no probabilities (identity).
    Source: Brier, Verification of Forecasts Expressed in Terms of Probability, 1950.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def measure(self, outputs: Outputs) -> Tensor:
        if not LINKS[outputs.link].probabilities:
            return torch.full_like(outputs.z[..., 0, :], torch.nan)
        square = (outputs.log_probabilities.exp() - outputs.y).square().sum(OUTPUTS)
        return 2 * square if outputs.z.shape[OUTPUTS] == 1 else square


@dataclass(frozen=True, kw_only=True)
class SquaredError(ExampleProbe):
    """Squared error Σ_c (a_c − y_c)² of a regression, in squared units of the (standardised) target; 1 − R² on average."""

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)

    def measure(self, outputs: Outputs) -> Tensor:
        return (outputs.a - outputs.y).square().sum(OUTPUTS)


def _absent(outputs: Outputs) -> Tensor:
    """What a lone output says of the class that it does not stand for: (1 − y) log(1 − a)."""
    if outputs.z.shape[OUTPUTS] > 1:
        return torch.zeros_like(outputs.z[..., 0, :])
    return ((1 - outputs.y) * logsigmoid(-outputs.z)).select(OUTPUTS, 0)
