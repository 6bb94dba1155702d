"""Metrics of decisions that do not let a large class drown a small one."""

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.data.scikit_metrics import by_class, decided
from lossbench.interfaces import CLASSIFIED, LABELLED, Task
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class BalancedAccuracy(Metric):
    """Balanced accuracy: the mean over the classes of the share of their examples that are decided rightly.

    Must be named in probes. Computed by scikit-learn's balanced_accuracy_score, of the decisions that accuracy counts; classes
    that do not occur are left out. Units: a share, 0 to 1.
    Source: Brodersen, Ong, Stephan & Buhmann, The Balanced Accuracy and Its Posterior Distribution, 2010.
    """

    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="balanced accuracy", unit="%", better="higher", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        return decided("balanced_accuracy_score", outputs)


@dataclass(frozen=True, kw_only=True)
class MacroF1(Metric):
    """F1 score: the harmonic mean of precision and recall of each class, or label, averaged over them.

    Must be named in probes. Computed by scikit-learn's f1_score (average="macro"); a class that neither occurs nor is
    decided for is left out; a label counts 0 there.
    Units: a share, 0 to 1.
    Source: van Rijsbergen, Information Retrieval, 1979.
    """

    tasks: ClassVar[tuple[Task, ...]] = LABELLED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="F1 (macro)", unit="%", better="higher", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        return decided("f1_score", outputs, average="macro", zero_division=0.0)


@dataclass(frozen=True, kw_only=True)
class F1(Metric):
    """F1 score of each class: the harmonic mean of its precision and its recall.

    Must be named in probes. Computed by scikit-learn's f1_score (average=None) of the decisions that accuracy counts.
    Columns: one a class, from 0; for a lone output two, 0 and 1; of several labels one a label.
    Units: a share, 0 to 1; NaN for a class that neither occurs nor is decided for.
    Source: van Rijsbergen, Information Retrieval, 1979.
    """

    tasks: ClassVar[tuple[Task, ...]] = LABELLED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="F1", unit="%", better="higher", share=True, part="class")

    def measure(self, outputs: Outputs) -> Tensor:
        return by_class("f1_score", outputs, zero_division=math.nan)


@dataclass(frozen=True, kw_only=True)
class Precision(Metric):
    """Precision: of the examples that a class is decided for, the share that belong to it.

    Must be named in probes. Computed by scikit-learn's precision_score (average=None) of the decisions that accuracy counts.
    Columns: one a class, from 0; for a lone output two, 0 and 1; of several labels one a label.
    Units: a share, 0 to 1; 0 for a class that is never decided for.
    Source: Cleverdon, Mills & Keen, Factors Determining the Performance of Indexing Systems, 1966.
    """

    tasks: ClassVar[tuple[Task, ...]] = LABELLED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="precision", unit="%", better="higher", share=True, part="class")

    def measure(self, outputs: Outputs) -> Tensor:
        return by_class("precision_score", outputs, zero_division=0.0)


@dataclass(frozen=True, kw_only=True)
class MatthewsCorrelation(Metric):
    """Matthews correlation coefficient: the correlation between decisions and truth, −1 to 1; 0 is chance.

    Must be named in probes. Computed by scikit-learn's matthews_corrcoef, which for several classes is Gorodkin's R_K.
    Source: Matthews, Comparison of the Predicted and Observed Secondary Structure of T4 Phage Lysozyme, 1975; Gorodkin 2004.
    """

    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="Matthews correlation", better="higher")

    def measure(self, outputs: Outputs) -> Tensor:
        return decided("matthews_corrcoef", outputs)
