"""How sure the probabilities are, and whether they mean what they say."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lossbench.interfaces import CLASSIFIED, Task
from lossbench.interfaces.links import OUTPUTS
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity

BINS = 15


@dataclass(frozen=True, kw_only=True)
class CalibrationError(Metric):
    """Expected calibration error: how far the probability of the class that is decided for is from being right that often.

    Must be named in probes. Formula: Σ_b (n_b / N) |accuracy_b − mean probability_b| over 15 bins of equal width from 0 to 1, by
    the largest probability of each example. Undefined, NaN, where the link gives no probabilities (identity).
    Units: a share, 0 to 1.
    Source: Naeini, Cooper & Hauskrecht, Obtaining Well Calibrated Probabilities Using Bayesian Binning, 2015; with 15 bins Guo,
        Pleiss, Sun & Weinberger, On Calibration of Modern Neural Networks, 2017.
    """

    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="calibration error", unit="%", better="lower", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        p = outputs.probabilities
        if p is None or not bool(torch.isfinite(outputs.z).all()):
            return outputs.z.new_full((), torch.nan)
        sure, decision = p.double().max(OUTPUTS)
        gap = (decision == outputs.labels).double() - sure
        bins = (sure * BINS).ceil().long().clamp(1, BINS) - 1  # (0, 1/15], (1/15, 2/15], …
        return torch.zeros(BINS, dtype=gap.dtype, device=gap.device).index_add_(0, bins, gap).abs().sum() / len(gap)


@dataclass(frozen=True, kw_only=True)
class TopProbability(Metric):
    """Mean top probability: how sure the model is of the class that it decides for, right or wrong.

    Must be named in probes. Formula: the mean of max_c p_c; of a lone output the greater of a and 1 − a, of several sigmoids
    a_c / Σ_k a_k. Where it is above accuracy the model is too sure. NaN where the link gives no probabilities (identity).
    Units: a share, 0 to 1, at least 1 by the number of classes.
    Source: Guo, Pleiss, Sun & Weinberger, On Calibration of Modern Neural Networks, 2017 (there confidence).
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="top probability", unit="%", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        p = outputs.probabilities
        return torch.full_like(outputs.z[..., 0, :], torch.nan) if p is None else p.amax(OUTPUTS)
