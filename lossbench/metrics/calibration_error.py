"""How sure the probabilities are, and whether they mean what they say."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from lossbench.interfaces import CLASSIFIED, Task
from lossbench.interfaces.links import OUTPUTS
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import BINS, Quantity


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
        return torch.zeros(BINS, dtype=gap.dtype, device=gap.device).index_add_(0, _bin(sure), gap).abs().sum() / len(gap)


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


@dataclass(frozen=True, kw_only=True)
class ReliabilityShare(Metric):
    """Share of examples in each bin of a reliability diagram, by the probability of the class that is decided for.

    Must be named in probes; with reliability_accuracy and reliability_probability the report draws the diagram.
    Columns: one a bin, from 0; 15 bins of equal width from 0 to 1, as of the calibration error.
    Units: a share, 0 to 1; NaN where the link gives no probabilities (identity).
    Source: Guo, Pleiss, Sun & Weinberger, On Calibration of Modern Neural Networks, 2017.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="share of examples", unit="%", share=True, part="bin")

    def measure(self, outputs: Outputs) -> Tensor:
        binned = _binned(outputs)
        return torch.where(binned.known, binned.inside.to(outputs.z.dtype), torch.nan)


@dataclass(frozen=True, kw_only=True)
class ReliabilityAccuracy(Metric):
    """Accuracy in each bin of a reliability diagram: how often the class that is decided for is right.

    Must be named in probes. Columns and units: as those of reliability_share; NaN in a bin without examples.
    Source: DeGroot & Fienberg, The Comparison and Evaluation of Forecasters, 1983; Niculescu-Mizil & Caruana, Predicting Good
        Probabilities with Supervised Learning, 2005.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="accuracy of those as sure", unit="%", share=True, part="bin")

    def measure(self, outputs: Outputs) -> Tensor:
        binned = _binned(outputs)
        right = (binned.decision == outputs.labels).to(outputs.z.dtype).unsqueeze(OUTPUTS)
        return torch.where(binned.known & binned.inside, right, torch.nan)


@dataclass(frozen=True, kw_only=True)
class ReliabilityProbability(Metric):
    """Mean probability, in each bin of a reliability diagram, of the class that is decided for.

    Must be named in probes. Columns and units: as those of reliability_share; NaN in a bin without examples.
    Source: Guo, Pleiss, Sun & Weinberger, On Calibration of Modern Neural Networks, 2017 (there confidence).
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="top probability of those as sure", unit="%", share=True, part="bin")

    def measure(self, outputs: Outputs) -> Tensor:
        binned = _binned(outputs)
        return torch.where(binned.known & binned.inside, binned.sure.to(outputs.z.dtype).unsqueeze(OUTPUTS), torch.nan)


class Binned(NamedTuple):
    """Examples by the probability of the class that is decided for.

    The probability and the class (..., B), in which of K bins each lies (..., K, B), and whether it is known (..., 1, B).
    """

    sure: Tensor
    decision: Tensor
    inside: Tensor
    known: Tensor


def _binned(outputs: Outputs) -> Binned:
    """The bins (0, 1/15], (1/15, 2/15], …; nothing is known where the link gives no probabilities, or z is not finite."""
    p = outputs.probabilities
    shown = torch.full_like(outputs.z, torch.nan) if p is None else p
    sure, decision = shown.double().max(OUTPUTS)
    known = torch.isfinite(sure)
    index = _bin(torch.where(known, sure, 0.0))
    inside = index.unsqueeze(OUTPUTS) == torch.arange(BINS, device=index.device)[:, None]
    return Binned(sure, decision, inside, known.unsqueeze(OUTPUTS))


def _bin(sure: Tensor) -> Tensor:
    """The number of the bin that a probability lies in, from 0, of the same shape."""
    return (sure * BINS).ceil().long().clamp(1, BINS) - 1
