"""The precision in which a loss answers float64, and the difference steps and tolerances that follow from it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lossbench.audit.subjects.time_limit import TooSlow

LossFunction = Callable[[Tensor, Tensor], Tensor]

_NOISE = 1e-11  # relative; float64 leaves some 1e-16 and a softmax of large numbers 1e-14, float32 leaves 6e-8
_DIFFERENCES = 70**0.5  # a fourth difference of independent errors of size 1 has the size √(1 + 16 + 36 + 16 + 1)


@dataclass(frozen=True, kw_only=True)
class Precision:
    """What can be expected of a loss that computes in one dtype, whatever it is given.

    `step` is the step in z of central differences of values, `bend` and `far_bend` those of gradients, within ±15 and farther
    out. Relative tolerances: `slack` for expected losses, `equality` for losses that ought to be equal, `monotone` for
    gradients that ought to rise, `proportion` for a gradient and its multiple, `difference` for a gradient against differences
    of values. `smallest` is the least usable gradient; one above `dying` that is followed by 0 was cut off, not underflowing.
    """

    name: str
    unit: float
    step: float
    bend: float
    far_bend: float
    slack: float
    equality: float
    monotone: float
    proportion: float
    difference: float
    smallest: float
    dying: float


DOUBLE = Precision(
    name="float64",
    unit=2.0**-52,
    step=1e-5,
    bend=1e-6,
    far_bend=1e-3,
    slack=1e-9,
    equality=1e-9,
    monotone=1e-6,
    proportion=1e-6,
    difference=1e-5,
    smallest=1e-300,
    dying=1e-280,
)
SINGLE = Precision(
    name="float32",
    unit=2.0**-23,
    step=2.0**-7,  # powers of two, so that z ± step is exact in float32, too
    bend=2.0**-8,
    far_bend=2.0**-4,
    slack=1e-6,
    equality=2e-5,
    monotone=1e-5,
    proportion=1e-4,
    difference=1e-3,
    smallest=1e-36,
    dying=1e-33,
)


def measured_precision(value: LossFunction, outputs: int) -> Precision:
    """The precision in which `value`, ℓ (B,) of z and y (outputs, B), answers float64.

    SINGLE where its values carry errors far above float64's. The errors are what is left in fourth differences of values on
    steps of 1e-6, where a smooth loss leaves nothing: Hamming, Numerical Methods for Scientists and Engineers, 1973,
    chapter 10. Of 24 raw outputs the median counts, so that corners do not.
    """
    centres = torch.from_numpy(np.random.default_rng(0).uniform(-2, 2, (outputs, 24)))
    offsets = torch.arange(-2, 3, dtype=torch.float64) * 1e-6
    y = torch.zeros(outputs, 24, dtype=torch.float64)
    y[-1] = torch.arange(24) % 2
    if outputs > 1:
        y[0] = 1 - y[-1]
    try:
        values = torch.stack([_moved_value(value, centres, y, float(offset)) for offset in offsets])
    except TooSlow:
        raise
    except (Exception, SystemExit):
        return DOUBLE
    fourth = values[0] - 4 * values[1] + 6 * values[2] - 4 * values[3] + values[4]
    noise = (fourth.abs() / _DIFFERENCES / values[2].abs().clamp_min(1e-3)).nan_to_num(0.0)
    return SINGLE if float(noise.median()) > _NOISE else DOUBLE


def _moved_value(value: LossFunction, z: Tensor, y: Tensor, offset: float) -> Tensor:
    moved = z.clone()
    moved[-1] += offset
    return value(moved, y).detach().double()
