"""What the units do: how many are saturated, where they stand."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench import tables
from lossbench.errors import BadInput
from lossbench.probing import Step, StepProbe

STEEPEST = {"sigmoid": 0.25, "softmax": 0.25, "tanh": 1.0, "relu": 1.0, "identity": 1.0}  # the largest slope there is


@dataclass(frozen=True, kw_only=True)
class Saturation(StepProbe):
    """For each layer the share of saturated units, and mean and spread of what the units put out.

    Formula: over units and examples of the mini-batch; a unit is saturated on an example where the slope of its activation
    is below `threshold` times the largest slope it can have: a(1 − a) < threshold/4 for sigmoids, 1 − h² < threshold for
    tanh, h = 0 for relu; a softmax output like a sigmoid, p(1 − p) < threshold/4. Identity outputs never are.
    Mean and standard deviation are those of the activations (of the link's outputs in the last layer).
    """

    threshold: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise BadInput(f"threshold is {self.threshold:g}; it is a share of the largest slope, between 0 and 1.")

    def measure(self, step: Step) -> dict[str, Tensor]:
        layers = (*step.hidden, step.outputs)
        kinds = (*step.activations, step.link)
        seen = [_look(h, kind, self.threshold * STEEPEST[kind]) for h, kind in zip(layers, kinds, strict=True)]
        names = (tables.SATURATED, tables.ACTIVATION_MEAN, tables.ACTIVATION_SPREAD)
        return {name: torch.stack(parts, -1) for name, parts in zip(names, zip(*seen, strict=True), strict=True)}


def _look(h: Tensor, kind: str, bound: float) -> tuple[Tensor, Tensor, Tensor]:
    """Of outputs (..., H, B) of one layer the share whose slope is below a bound, the mean, and the standard deviation.

    One scratch serves all: fresh memory costs more than what is computed in it. The share is counted as numbers, for truth
    values take many times as long.
    """
    mean = h.mean((-2, -1))
    scratch = h - mean[..., None, None]
    spread = torch.linalg.vector_norm(scratch, dim=(-2, -1)) / math.sqrt(h.shape[-2] * h.shape[-1])
    share = torch.lt(_slope(h, kind, scratch), bound, out=scratch).mean((-2, -1))
    return share, mean, spread


def _slope(h: Tensor, kind: str, out: Tensor) -> Tensor:
    """The activation's slope, from its output."""
    if kind in ("sigmoid", "softmax"):
        return torch.addcmul(h, h, h, value=-1, out=out)
    if kind == "tanh":
        return torch.mul(h, h, out=out).neg_().add_(1)
    return torch.gt(h, 0, out=out) if kind == "relu" else out.fill_(1)
