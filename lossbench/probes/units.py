"""What the units do: how many are saturated, where they stand."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from lossbench import tables
from lossbench.errors import BadInput
from lossbench.interfaces.probe import Probe, Step
from lossbench.kernels.activations import ACTIVATIONS, INPUT_SLOPES, OUTPUTS, Activation, slope
from lossbench.kernels.compilation import compiled
from lossbench.kernels.link_kernels import Numbers, plain
from lossbench.kernels.summation import row_sum, row_sum_of_squares
from lossbench.tables import Quantity


@dataclass(frozen=True, kw_only=True)
class Saturation(Probe):
    """For each layer the share of saturated units, and mean and spread of what the units put out.

    Formula: over units and examples of the mini-batch; a unit is saturated on an example where the slope of its activation
    is below `threshold` times the largest slope it can have: a(1 − a) < threshold/4 for sigmoids, 1 − h² < threshold for
    tanh, h = 0 for relu, (1 − |h|)² < threshold for softsign; a softmax output like a sigmoid, p(1 − p) < threshold/4. Identity
    outputs never are. Of a torch module's other activations the slope is that at their inputs.
    Mean and standard deviation are those of the activations (of the link's outputs in the last layer).
    """

    many_runs: ClassVar[bool] = True
    norms_only: ClassVar[bool] = True
    quantities: ClassVar[tuple[Quantity, ...]] = (
        Quantity(stem=tables.SATURATED, title="saturated", unit="%", share=True),
        Quantity(stem=tables.ACTIVATION_MEAN, title="mean activation"),
        Quantity(stem=tables.ACTIVATION_SPREAD, title="spread of activations"),
    )
    threshold: float = 0.05

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise BadInput(f"threshold is {self.threshold:g}; it is a share of the largest slope, between 0 and 1.")

    def measure(self, step: Step) -> dict[str, Tensor]:
        inputs = step.hidden_inputs or [None] * len(step.hidden)
        hidden = zip(step.activations, step.hidden, inputs, strict=True)
        measured = [_look_at_hidden(*layer, self.threshold) for layer in hidden]
        measured.append(_look(step.outputs, OUTPUTS[step.link], self.threshold))
        names = (tables.SATURATED, tables.ACTIVATION_MEAN, tables.ACTIVATION_SPREAD)
        return dict(zip(names, torch.stack(measured).movedim(0, -1), strict=True))  # stacked where each stands whole in memory


def _look_at_hidden(name: str, h: Tensor, z: Tensor | None, threshold: float) -> Tensor:
    """The same as `_look` says, of a hidden activation's outputs h and, where they are there and tell its slope, its inputs z."""
    if z is None or name not in INPUT_SLOPES:
        return _look(h, ACTIVATIONS[name], threshold)
    slope_of, steepest = INPUT_SLOPES[name]
    _, mean, spread = _look(h, ACTIVATIONS[None], threshold)
    return torch.stack([(slope_of(z) < threshold * steepest).to(mean.dtype).mean((-2, -1)), mean, spread])


def _look(h: Tensor, activation: Activation, threshold: float) -> Tensor:
    """Of outputs h (..., H, B) the share with a slope below `threshold` times the steepest, mean, and deviation: (3, ...)."""
    bound = threshold * activation.steepest
    if plain(h):
        measured = torch.empty(3, *h.shape[:-2], dtype=torch.float64)
        rows = h.numpy().reshape(-1, h.shape[-2] * h.shape[-1])
        _look_once(rows, activation.kind, bound, measured.numpy().reshape(3, -1))
        return measured
    mean = h.mean((-2, -1))
    spread = (h - mean[..., None, None]).square().mean((-2, -1)).sqrt()
    return torch.stack([(activation.slope(h) < bound).to(h.dtype).mean((-2, -1)), mean, spread])


@compiled()
def _look_once(rows: Numbers, kind: int, bound: float, measured: Numbers) -> None:
    """The same of rows (R, N), into (3, R), in passes over what the nearest cache holds and without scratch."""
    one, least = rows.dtype.type(1), rows.dtype.type(bound)
    count = rows.shape[1]
    for r in range(len(rows)):
        mean = row_sum(rows, r) / rows.dtype.type(count)
        flat = 0
        for n in range(count):
            flat += 1 if slope(kind, rows[r, n], one) < least else 0
        deviation = math.sqrt(row_sum_of_squares(rows, r, mean) / count)
        measured[0, r], measured[1, r], measured[2, r] = flat / count, mean, deviation
