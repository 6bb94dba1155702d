"""Metrics of classes in an order: a mistake counts by how far off it is."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.data.scikit_metrics import decided
from lossbench.interfaces import Task
from lossbench.interfaces.links import OUTPUTS
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class ClassDistance(Metric):
    """Mean absolute error in classes: by how many classes the decision is off, on average.

    Formula: the mean of |decision − class|, classes counted from low to high. The decision is that of the largest raw output, or
    where raw outputs do not stand for classes the median.
    Source: Baccianella, Esuli & Sebastiani, Evaluation Measures for Ordinal Regression, 2009.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = ("ordinal",)
    quantity: ClassVar[Quantity] = Quantity(title="mean absolute error", unit="classes", better="lower")

    def measure(self, outputs: Outputs) -> Tensor:
        return (outputs.decisions - outputs.labels).abs().to(outputs.z.dtype)


@dataclass(frozen=True, kw_only=True)
class QuadraticWeightedKappa(Metric):
    """Cohen's kappa with quadratic weights: agreement beyond chance, 1 at most; a mistake costs the square of its distance.

    Must be named in probes. Computed by scikit-learn's cohen_kappa_score (weights="quadratic"). Undefined, NaN, where decisions
    and truth are one and the same class throughout.
    Source: Cohen, Weighted Kappa: Nominal Scale Agreement with Provision for Scaled Disagreement or Partial Credit, 1968.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("ordinal",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="quadratic weighted kappa", better="higher")

    def measure(self, outputs: Outputs) -> Tensor:
        return decided("cohen_kappa_score", outputs, weights="quadratic", labels=range(outputs.y.shape[OUTPUTS]))
