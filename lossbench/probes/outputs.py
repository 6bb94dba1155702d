"""What each output unit does by itself: whether it can still be taught, and how hard it is pulled."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lossbench import tables
from lossbench.interfaces.links import OUTPUTS, softmax
from lossbench.interfaces.probe import ExampleProbe, Outputs, Step, StepProbe


@dataclass(frozen=True, kw_only=True)
class OutputSlopes(ExampleProbe):
    """The slope of the link at each output: near 0, that unit is saturated. Must be named in probes.

    Formula: the mean over the examples of ∂a_c/∂z_c, which is a_c (1 − a_c) for sigmoid and softmax, at most ¼, and 1 for the
    identity. A unit whose mean is near 0 is saturated on all examples alike: a squared error teaches it nothing.
    Columns: one an output, from 0.
    """

    per_example: ClassVar[bool] = True
    by_default: ClassVar[bool] = False

    def measure(self, outputs: Outputs) -> Tensor:
        if outputs.link == "softmax":
            share, rest = softmax(outputs.z)
            return share * rest
        if outputs.link == "sigmoid":
            return torch.sigmoid(outputs.z) * torch.sigmoid(-outputs.z)
        return torch.ones_like(outputs.z)


@dataclass(frozen=True, kw_only=True)
class OutputGradients(StepProbe):
    """The gradient at each output by itself: how hard the loss pulls at that unit. Must be named in probes.

    Formula: the mean over the mini-batch of |dℓ/dz_c|. Units: of the loss.
    Columns: one an output, from 0.
    """

    many_runs: ClassVar[bool] = True
    norms_only: ClassVar[bool] = True
    by_default: ClassVar[bool] = False

    def measure(self, step: Step) -> dict[str, Tensor]:
        pulls = step.gradient.abs().mean(-1, dtype=torch.float64)
        return {tables.class_column(tables.OUTPUT_GRADIENTS, c): pulls[..., c] for c in range(step.gradient.shape[OUTPUTS])}
