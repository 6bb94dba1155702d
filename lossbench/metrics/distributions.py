"""Metrics of losses that say a distribution of each target, and not only its mean."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lossbench.interfaces import Task
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity

LEVELS = (0.05, 0.95)  # of the interval that nine tenths of the targets should lie in


@dataclass(frozen=True, kw_only=True)
class CoverageError(Metric):
    """Coverage error: how far the share of targets that lie in the central 90 % interval is from 90 %.

    Must be named in probes. Formula: |share of y in [q_0.05, q_0.95] − 0.9|, with the quantiles that the loss says; of several
    targets each counts. Undefined, NaN, where it says no distribution. Units: a share, 0 to 0.9.
    Source: Christoffersen, Evaluating Interval Forecasts, 1998.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="coverage error of 90 %", unit="%", better="lower", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        within = _within(outputs)
        return (within.double().mean() - (LEVELS[1] - LEVELS[0])).abs()


@dataclass(frozen=True, kw_only=True)
class Coverage(Metric):
    """Coverage: the share of targets that lie in the central 90 % interval; right is 90 %, neither more nor less.

    Must be named in probes. Undefined, NaN, where the loss says no distribution. Units: a share, 0 to 1.
    Source: Christoffersen, Evaluating Interval Forecasts, 1998.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="coverage of 90 %", unit="%", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        return _within(outputs).double().mean()


@dataclass(frozen=True, kw_only=True)
class IntervalWidth(Metric):
    """Mean width of the central 90 % interval, in the target's own unit: of intervals that cover alike the narrower says more.

    Must be named in probes. Undefined, NaN, where the loss says no distribution.
    Source: Gneiting, Balabdaoui & Raftery, Probabilistic Forecasts, Calibration and Sharpness, 2007.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="width of the 90 % interval")

    def measure(self, outputs: Outputs) -> Tensor:
        low, high = (outputs.quantile(level) for level in LEVELS)
        nothing = outputs.truth.new_full((), torch.nan)
        return nothing if low is None or high is None else (high - low).double().mean()


def _within(outputs: Outputs) -> Tensor:
    """1 where a target lies in the interval, (T, N); NaN where there is none, or it is not finite."""
    low, high = (outputs.quantile(level) for level in LEVELS)
    if low is None or high is None or not bool((torch.isfinite(low) & torch.isfinite(high)).all()):
        return torch.full_like(outputs.truth, torch.nan)
    return ((low <= outputs.truth) & (outputs.truth <= high)).to(outputs.truth.dtype)
