"""The trained loss itself, for watching one run."""

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
