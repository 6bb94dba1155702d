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
        shares = [_below(_slope(h, kind), self.threshold * STEEPEST[kind]) for h, kind in zip(layers, kinds, strict=True)]
        means = [h.mean((-2, -1)) for h in layers]
        around = [h - mean[..., None, None] for h, mean in zip(layers, means, strict=True)]
        spreads = [torch.linalg.vector_norm(h, dim=(-2, -1)) / math.sqrt(h.shape[-2] * h.shape[-1]) for h in around]
        return {
            tables.SATURATED: torch.stack(shares, -1),
            tables.ACTIVATION_MEAN: torch.stack(means, -1),
            tables.ACTIVATION_SPREAD: torch.stack(spreads, -1),
        }


def _below(slope: Tensor, bound: float) -> Tensor:
    """The share that is below a bound, counted as numbers, for truth values take many times as long."""
    return torch.lt(slope, bound, out=torch.empty_like(slope)).mean((-2, -1))


def _slope(h: Tensor, kind: str) -> Tensor:
    """The activation's slope, from its output."""
    if kind in ("sigmoid", "softmax"):
        return torch.addcmul(h, h, h, value=-1)
    if kind == "tanh":
        return 1 - h.square()
    return (h > 0).to(h.dtype) if kind == "relu" else torch.ones_like(h)
