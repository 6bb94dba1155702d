"""What the units do: how many are saturated, where they stand."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lossbench import tables
from lossbench.errors import BadInput
from lossbench.interfaces.probe import Step, StepProbe
from lossbench.kernels.compilation import SUMS, compiled
from lossbench.kernels.link_kernels import Numbers, plain

SIGMOID, TANH, RELU, IDENTITY = range(4)
KINDS = {"sigmoid": SIGMOID, "softmax": SIGMOID, "tanh": TANH, "relu": RELU, "identity": IDENTITY}
STEEPEST = {"sigmoid": 0.25, "softmax": 0.25, "tanh": 1.0, "relu": 1.0, "identity": 1.0}  # the largest slope there is


@dataclass(frozen=True, kw_only=True)
class Saturation(StepProbe):
    """For each layer the share of saturated units, and mean and spread of what the units put out.

    Formula: over units and examples of the mini-batch; a unit is saturated on an example where the slope of its activation
    is below `threshold` times the largest slope it can have: a(1 − a) < threshold/4 for sigmoids, 1 − h² < threshold for
    tanh, h = 0 for relu; a softmax output like a sigmoid, p(1 − p) < threshold/4. Identity outputs never are.
    Mean and standard deviation are those of the activations (of the link's outputs in the last layer).
    """

    many_runs: ClassVar[bool] = True
    norms_only: ClassVar[bool] = True
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


def _look(h: Tensor, kind: str, bound: float) -> Tensor:
    """Of outputs (..., H, B) of one layer the share whose slope is below a bound, mean, and standard deviation: (3, ...)."""
    if plain(h):
        seen = h.new_empty(3, *h.shape[:-2], dtype=torch.float64)
        _look_once(h.flatten(-2).reshape(-1, h.shape[-2] * h.shape[-1]).numpy(), KINDS[kind], bound, seen.view(3, -1).numpy())
        return seen
    mean = h.mean((-2, -1))
    spread = (h - mean[..., None, None]).square().mean((-2, -1)).sqrt()
    return torch.stack([(_slope(h, kind) < bound).to(h.dtype).mean((-2, -1)), mean, spread])


@compiled(fastmath=SUMS)
def _look_once(rows: Numbers, kind: int, bound: float, seen: Numbers) -> None:
    """The same of rows (R, N), into (3, R), in two passes and no scratch."""
    one, none, least = rows.dtype.type(1), rows.dtype.type(0), rows.dtype.type(bound)
    count = rows.shape[1]
    for r in range(len(rows)):
        total = none
        for n in range(count):
            total += rows[r, n]
        mean = total / rows.dtype.type(count)
        flat, apart = none, none
        for n in range(count):
            h = rows[r, n]
            if kind == SIGMOID:
                slope = h * (one - h)
            elif kind == TANH:
                slope = one - h * h
            elif kind == RELU:
                slope = one if h > 0 else none
            else:
                slope = one
            flat += one if slope < least else none
            apart += (h - mean) * (h - mean)
        seen[0, r], seen[1, r], seen[2, r] = flat / count, mean, math.sqrt(apart / count)


def _slope(h: Tensor, kind: str) -> Tensor:
    """The activation's slope, from its output."""
    if kind in ("sigmoid", "softmax"):
        return h * (1 - h)
    if kind == "tanh":
        return 1 - h * h
    return (h > 0).to(h.dtype) if kind == "relu" else torch.ones_like(h)
