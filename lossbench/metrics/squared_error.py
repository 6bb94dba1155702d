"""Squared error of a regression."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.interfaces import Task
from lossbench.interfaces.links import OUTPUTS
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class SquaredError(Metric):
    """Squared error Σ_c (a_c − y_c)² of a regression, by the variance of the training targets; 1 − R² on average."""

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    quantity: ClassVar[Quantity] = Quantity(
        title="squared error",
        unit="≈\N{NO-BREAK SPACE}1\N{NO-BREAK SPACE}−\N{NO-BREAK SPACE}R²",
        better="lower",
        owners=("half_squared_error", "gaussian"),
    )

    def measure(self, outputs: Outputs) -> Tensor:
        error = (outputs.a - outputs.y).square().sum(OUTPUTS)
        deviation = outputs.scale.deviation
        return error if deviation == 1 else error / deviation**2
