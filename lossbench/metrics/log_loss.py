"""Log loss: what cross entropy measures of the probabilities that any loss's link gives; and how often the truth has none."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.interfaces import CLASSIFIED, LABELLED, Task
from lossbench.interfaces.links import OUTPUTS
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity

VANISHED = 1e-8  # a probability of the true class from which nothing is left


@dataclass(frozen=True, kw_only=True)
class LogLoss(Metric):
    """Log loss: −log of the probability given to the true class, in nats; the probabilities are the loss's own link's.

    Formula: softmax −log p_y; one sigmoid −log a or −log(1 − a); several sigmoids −log(a_y / Σ_c a_c);
        of several labels at once the sum over the labels of −log a or −log(1 − a).
    Undefined, NaN, where the link gives no probabilities (identity).
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = LABELLED
    quantity: ClassVar[Quantity] = Quantity(
        title="log loss",
        unit="nats",
        better="lower",
        owners=(
            "cross_entropy",
            "kullback_leibler",
            "bernoulli",
            "logistic_margin",
            "logit_adjusted",
            "continuation_ratio",
            "cumulative_link",
        ),
    )

    def measure(self, outputs: Outputs) -> Tensor:
        return _surprise(outputs)


@dataclass(frozen=True, kw_only=True)
class VanishedProbability(Metric):
    """The share of examples whose true class is given a probability below 10⁻⁸: wrong, and sure of it.

    Must be named in probes. Formula: the mean of [p_y < 10⁻⁸], p_y as in log_loss. Undefined, NaN, where the link gives no
    probabilities (identity).
    Units: a share, 0 to 1.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="p of the truth below 1e−8", unit="%", better="lower", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        surprise = _surprise(outputs)
        return torch.where(surprise.isnan(), surprise, (surprise > -math.log(VANISHED)).to(surprise))


def _surprise(outputs: Outputs) -> Tensor:
    """−log p_y of each example (..., B), in nats; NaN on a link that gives no probabilities."""
    if not outputs.probable:
        return torch.full_like(outputs.z[..., 0, :], torch.nan)
    return -(outputs.y * outputs.log_probabilities).sum(OUTPUTS) - _absent(outputs)


def _absent(outputs: Outputs) -> Tensor:
    """What outputs that each stand for one of two answers say of the other: Σ (1 − y) log(1 − a)."""
    if outputs.task == "multilabel":
        return ((1 - outputs.y) * logsigmoid(-outputs.z)).sum(OUTPUTS)
    if outputs.y.shape[OUTPUTS] > 1:
        return torch.zeros_like(outputs.z[..., 0, :])
    return ((1 - outputs.y) * logsigmoid(-outputs.z)).select(OUTPUTS, 0)
