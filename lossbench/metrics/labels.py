"""Metrics of several labels at once, each of which is there or not."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.data.scikit_metrics import decided, ranking_of_labels
from lossbench.interfaces import Task
from lossbench.interfaces.links import OUTPUTS
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class LabelAccuracy(Metric):
    """Share of labels that are decided rightly, over all examples: 1 less the Hamming loss.

    The decision is for a label whose raw output is over the loss's boundary. Where labels are rare, always saying no is nearly
    always right: look at the F1 scores, too. Units: a share, 0 to 1.
    Source: Schapire & Singer, BoosTexter: A Boosting-Based System for Text Categorization, 2000.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = ("multilabel",)
    quantity: ClassVar[Quantity] = Quantity(title="label accuracy", unit="%", better="higher", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        return (outputs.decisions == outputs.labels).to(outputs.z.dtype).mean(OUTPUTS)


@dataclass(frozen=True, kw_only=True)
class SubsetAccuracy(Metric):
    """Share of examples of which every label is decided rightly; scikit-learn's accuracy_score of several labels.

    Units: a share, 0 to 1.
    Source: Zhu, Ji, Xu & Gong, Multi-labelled Classification Using Maximum Entropy Method, 2005.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = ("multilabel",)
    quantity: ClassVar[Quantity] = Quantity(title="subset accuracy", unit="%", better="higher", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        return (outputs.decisions == outputs.labels).all(OUTPUTS).to(outputs.z.dtype)


@dataclass(frozen=True, kw_only=True)
class MicroF1(Metric):
    """F1 score over all labels of all examples taken together: frequent labels count more.

    Must be named in probes. Computed by scikit-learn's f1_score (average="micro").
    Units: a share, 0 to 1; 0 where no label occurs and none is decided for.
    Source: Lewis, Evaluating Text Categorization, 1991.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("multilabel",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="F1 (micro)", unit="%", better="higher", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        return decided("f1_score", outputs, average="micro", zero_division=0.0)


@dataclass(frozen=True, kw_only=True)
class LabelRankingPrecision(Metric):
    """Label ranking average precision: how far up, of an example's labels by raw output, those stand that it has.

    Must be named in probes. Computed by scikit-learn's label_ranking_average_precision_score. 1 where every label that an example
    has stands above all that it has not. Units: a share, 0 to 1.
    Source: Schapire & Singer, BoosTexter: A Boosting-Based System for Text Categorization, 2000.
    """

    tasks: ClassVar[tuple[Task, ...]] = ("multilabel",)
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="label ranking average precision", better="higher")

    def measure(self, outputs: Outputs) -> Tensor:
        return ranking_of_labels(outputs)
