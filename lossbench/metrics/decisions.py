"""Metrics of decisions that do not let a large class drown a small one."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.data.scikit_metrics import decided
from lossbench.interfaces import Task
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class BalancedAccuracy(Metric):
    """Balanced accuracy: the mean over the classes of the share of their examples that are decided rightly.

    Must be named in probes. Computed by scikit-learn's balanced_accuracy_score, of the decisions that accuracy counts; classes
    that do not occur are left out. Units: a share, 0 to 1.
    Source: Brodersen, Ong, Stephan & Buhmann, The Balanced Accuracy and Its Posterior Distribution, 2010.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="balanced accuracy", unit="%", better="higher", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        return decided("balanced_accuracy_score", outputs)


@dataclass(frozen=True, kw_only=True)
class MacroF1(Metric):
    """F1 score: the harmonic mean of precision and recall of each class, averaged over the classes.

    Must be named in probes. Computed by scikit-learn's f1_score (average="macro"); a class that neither occurs nor is
    decided for is left out.
    Units: a share, 0 to 1.
    Source: van Rijsbergen, Information Retrieval, 1979.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="F1 (macro)", unit="%", better="higher", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        return decided("f1_score", outputs, average="macro", zero_division=0.0)


@dataclass(frozen=True, kw_only=True)
class MatthewsCorrelation(Metric):
    """Matthews correlation coefficient: the correlation between decisions and truth, −1 to 1; 0 is chance.

    Must be named in probes. Computed by scikit-learn's matthews_corrcoef, which for several classes is Gorodkin's R_K.
    Source: Matthews, Comparison of the Predicted and Observed Secondary Structure of T4 Phage Lysozyme, 1975; Gorodkin 2004.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="Matthews correlation", better="higher")

    def measure(self, outputs: Outputs) -> Tensor:
        return decided("matthews_corrcoef", outputs)
