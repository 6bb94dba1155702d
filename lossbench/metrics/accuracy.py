"""Accuracy: the share of examples that are decided rightly."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.interfaces import CLASSIFIED, Task
from lossbench.interfaces.links import FAR, OUTPUTS
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class Accuracy(Metric):
    """Share of examples decided rightly: for the largest raw output, or for class 1 where a lone one is over the boundary.

    The boundary is the loss's own: 0, but ½ for a squared error on raw outputs, which imitate the targets 0 and 1.
    Units: a share, 0 to 1. A tie is no answer: it counts as wrong.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = CLASSIFIED
    quantity: ClassVar[Quantity] = Quantity(title="accuracy", unit="%", better="higher", share=True)

    def measure(self, outputs: Outputs) -> Tensor:
        z, y = outputs.z, outputs.y
        if outputs.of_classes is not None:
            return (outputs.decisions == outputs.labels).to(z.dtype)
        if z.shape[OUTPUTS] == 1:
            return ((z - outputs.boundary) * (2 * y - 1) > 0).select(OUTPUTS, 0).to(z.dtype)
        rivals = z.sub(y, alpha=FAR)  # arithmetic and no argmax, which is a hundred times slower
        return ((z * y).sum(OUTPUTS) > rivals.amax(OUTPUTS)).to(z.dtype)
