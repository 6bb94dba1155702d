"""Recall: how well each class is recognised, where a mean over all examples hides that one of them is not."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lossbench.interfaces import LABELLED, Task
from lossbench.interfaces.links import FAR, OUTPUTS
from lossbench.interfaces.metric import HALF, Metric, Outputs
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class Recall(Metric):
    """Recall: of the examples of a class, the share that is decided rightly. Must be named in probes.

    The decision is the one that accuracy counts; recall is the accuracy among the examples of one class.
    Soft targets belong to the class that has more than half.
    Columns: one a class, from 0; for a lone output two, 0 and 1; of several labels one a label.
    Units: a share, 0 to 1; NaN for a class that does not occur.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = LABELLED
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="recall", unit="%", better="higher", share=True, part="class")

    def measure(self, outputs: Outputs) -> Tensor:
        z, y = outputs.z, outputs.y
        if outputs.task == "multilabel":
            return torch.where(y > HALF, outputs.decisions.to(z.dtype), torch.nan)
        if outputs.of_classes is not None:
            right = (outputs.decisions == outputs.labels).to(z.dtype)
            return torch.where(y > HALF, right.unsqueeze(OUTPUTS), torch.nan)
        if z.shape[OUTPUTS] == 1:
            lead = (z - outputs.boundary) * (2 * y - 1)
            member = torch.cat([y < 0.5, y > 0.5], OUTPUTS)
        else:
            lead = (z * y).sum(OUTPUTS, keepdim=True) - z.sub(y, alpha=FAR).amax(OUTPUTS, keepdim=True)
            member = y > 0.5
        return torch.where(member, (lead > 0).to(z.dtype), torch.nan)
