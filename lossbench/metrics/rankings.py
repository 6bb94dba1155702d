"""Metrics of how well examples are ranked, whatever the threshold."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.data.scikit_metrics import ranked, top
from lossbench.interfaces import CLASSIFIED, LABELLED, Task
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class RocAuc(Metric):
    """Area under the ROC curve: how often an example of the class is ranked above one of another; ½ is chance.

    Must be named in probes. Computed by scikit-learn's roc_auc_score; of several classes, or labels, the plain mean of each
    against the rest.
    Source: Hanley & McNeil, The Meaning and Use of the Area under a Receiver Operating Characteristic Curve, 1982.
    """

    tasks: ClassVar[tuple[Task, ...]] = LABELLED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="ROC AUC", better="higher")

    def measure(self, outputs: Outputs) -> Tensor:
        return ranked("roc_auc_score", outputs)


@dataclass(frozen=True, kw_only=True)
class AveragePrecision(Metric):
    """Average precision: the area under the curve of precision over recall; chance is the class's share.

    Must be named in probes. Computed by scikit-learn's average_precision_score, of class 1; of several classes, or
    labels, the plain mean.
    Source: Manning, Raghavan & Schütze, Introduction to Information Retrieval, 2008.
    """

    tasks: ClassVar[tuple[Task, ...]] = LABELLED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="average precision", better="higher")

    def measure(self, outputs: Outputs) -> Tensor:
        return ranked("average_precision_score", outputs)


@dataclass(frozen=True, kw_only=True)
class TopFiveAccuracy(Metric):
    """Top-5 accuracy: the share of examples whose class is among the five that are ranked highest.

    Must be named in probes. Computed by scikit-learn's top_k_accuracy_score. Undefined, NaN, for five classes or fewer.
    Units: a share, 0 to 1.
    Source: Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, 2015.
    """

    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="top-5 accuracy", unit="%", better="higher", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        return top(5, outputs)


@dataclass(frozen=True, kw_only=True)
class TopThreeAccuracy(Metric):
    """Top-3 accuracy: the share of examples whose class is among the three that are ranked highest.

    Must be named in probes. Computed by scikit-learn's top_k_accuracy_score. Undefined, NaN, for three classes or fewer.
    Units: a share, 0 to 1.
    Source: Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, 2015 (there top 5).
    """

    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="top-3 accuracy", unit="%", better="higher", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        return top(3, outputs)
