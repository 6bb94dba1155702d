"""Brier score: the squared distance between probabilities and truth."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lossbench.interfaces import CLASSIFIED, Task
from lossbench.interfaces.links import OUTPUTS
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class Brier(Metric):
    """Brier score: the squared distance between the class probabilities and the truth, summed over all classes.

    Formula: Σ_c (p_c − y_c)²; with one output p = (1 − a, a), so the score is 2(a − y)². Lies in 0 to 2.
    Undefined, NaN, where the link gives no probabilities (identity).
    Source: Brier, Verification of Forecasts Expressed in Terms of Probability, 1950.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    quantity: ClassVar[Quantity] = Quantity(
        title="Brier score", better="lower", owners=("half_squared_error", "brier"), curve=False
    )

    def measure(self, outputs: Outputs) -> Tensor:
        if not outputs.probable:
            return torch.full_like(outputs.z[..., 0, :], torch.nan)
        square = (outputs.log_probabilities.exp() - outputs.y).square().sum(OUTPUTS)
        return 2 * square if outputs.y.shape[OUTPUTS] == 1 else square
