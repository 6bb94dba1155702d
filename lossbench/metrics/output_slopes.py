"""The slope of the link at each output: whether that unit can still be taught."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench.interfaces.links import LINKS
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class OutputSlopes(Metric):
    """The slope of the link at each output: near 0, that unit is saturated. Must be named in probes.

    Formula: the mean over the examples of ∂a_c/∂z_c, which is a_c (1 − a_c) for sigmoid and softmax, at most ¼, and 1 for the
    identity. A unit whose mean is near 0 is saturated on all examples alike: a squared error teaches it nothing.
    Columns: one an output, from 0.
    """

    per_example: ClassVar[bool] = True
    by_default: ClassVar[bool] = False
    quantity: ClassVar[Quantity] = Quantity(title="slope", part="output")

    def measure(self, outputs: Outputs) -> Tensor:
        return LINKS[outputs.link].at(outputs.z).slopes
