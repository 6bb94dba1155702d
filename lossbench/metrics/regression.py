"""Metrics of a regression, in the unit in which its targets came."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.data.scikit_metrics import pinball, regressed
from lossbench.interfaces import Task
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class RootMeanSquaredError(Metric):
    """Root mean squared error, in the target's own unit: scaling is undone.

    Must be named in probes. Computed by scikit-learn's root_mean_squared_error; of several targets the plain mean.
    Source: Gauss, Theoria Combinationis Observationum, 1823.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="RMSE", better="lower", owners=("half_squared_error", "gaussian"))

    def measure(self, outputs: Outputs) -> Tensor:
        return regressed("root_mean_squared_error", outputs)


@dataclass(frozen=True, kw_only=True)
class MeanAbsoluteError(Metric):
    """Mean absolute error, in the target's own unit: scaling is undone.

    Must be named in probes. Computed by scikit-learn's mean_absolute_error; of several targets the plain mean.
    Source: Laplace, Mémoire sur la probabilité des causes par les évènements, 1774.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="mean absolute error", better="lower", owners=("absolute_error", "laplace"))

    def measure(self, outputs: Outputs) -> Tensor:
        return regressed("mean_absolute_error", outputs)


@dataclass(frozen=True, kw_only=True)
class R2(Metric):
    """R²: the share of the variance of these examples that is explained; 0 is their mean, and worse is below.

    Must be named in probes. Computed by scikit-learn's r2_score. Undefined, NaN, for one example.
    Source: Wright, Correlation and Causation, 1921.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="R²", better="higher", owners=("half_squared_error", "gaussian"))

    def measure(self, outputs: Outputs) -> Tensor:
        return regressed("r2_score", outputs)


@dataclass(frozen=True, kw_only=True)
class Pinball10(Metric):
    """Pinball loss at the quantile 0.1, in the target's own unit: scaling is undone.

    Must be named in probes. Computed by scikit-learn's mean_pinball_loss. It is least for what a tenth of the targets lie below.
    A loss that says a distribution is judged by its quantile, any other by its prediction.
    Source: Koenker & Bassett, Regression Quantiles, 1978.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="pinball loss at 0.1", better="lower", owners=("pinball",))

    def measure(self, outputs: Outputs) -> Tensor:
        return pinball(outputs, 0.1)


@dataclass(frozen=True, kw_only=True)
class Pinball90(Metric):
    """Pinball loss at the quantile 0.9, in the target's own unit: scaling is undone.

    Must be named in probes. Computed by scikit-learn's mean_pinball_loss. It is least for what nine tenths of the targets
    lie below. A loss that says a distribution is judged by its quantile, any other by its prediction.
    Source: Koenker & Bassett, Regression Quantiles, 1978.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="pinball loss at 0.9", better="lower", owners=("pinball",))

    def measure(self, outputs: Outputs) -> Tensor:
        return pinball(outputs, 0.9)
