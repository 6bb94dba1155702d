"""The trained loss itself, without and with the penalty on the weights, for watching one run."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import EVERY_LOSS, Quantity


@dataclass(frozen=True, kw_only=True)
class Loss(Metric):
    """The run's own loss ℓ, in its own units: good for watching one run, no ground for comparing losses."""

    per_example: ClassVar[bool] = True
    quantity: ClassVar[Quantity] = Quantity(title="own loss", better="lower", owners=(EVERY_LOSS,))

    def measure(self, outputs: Outputs) -> Tensor:
        return outputs.value


@dataclass(frozen=True, kw_only=True)
class PenalisedLoss(Metric):
    """The run's own loss and the penalty that its optimizer puts on the weights: the cost that is descended on.

    Must be named in probes. Formula: the mean of ℓ, plus ½ l2 Σ w² + l1 Σ |w| over all weights and no biases. The decay of adam_w
    is no such penalty, and adds nothing. Units: of the loss.
    Source: Nielsen, Neural Networks and Deep Learning, chapter 3, 2015, whose costs on training and on test data have it in them.
    """

    per_example: ClassVar[bool] = True
    penalised: ClassVar[bool] = True
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="penalised loss", better="lower", owners=(EVERY_LOSS,))

    def measure(self, outputs: Outputs) -> Tensor:
        return outputs.value
