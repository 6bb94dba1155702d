"""What each output unit does by itself: how hard the loss pulls at it."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from lossbench import tables
from lossbench.interfaces.probe import Probe, Step
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class OutputGradients(Probe):
    """The gradient at each output by itself: how hard the loss pulls at that unit. Must be named in probes.

    Formula: the mean over the mini-batch of |dℓ/dz_c|. Units: of the loss.
    Columns: one an output, from 0.
    """

    many_runs: ClassVar[bool] = True
    norms_only: ClassVar[bool] = True
    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(stem=tables.OUTPUT_GRADIENTS, title="gradient |dL/dz|", part="output"),
    )
    by_default: ClassVar[bool] = False

    def measure(self, step: Step) -> dict[str, Tensor]:
        pulls = step.gradient.abs().double().sum(-1) / step.gradient.shape[-1]  # a mean that converts as it sums takes longer
        return {tables.class_column(tables.OUTPUT_GRADIENTS, c): own for c, own in enumerate(pulls.unbind(-1))}
