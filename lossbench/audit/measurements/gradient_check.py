"""Whether the gradient is the derivative of the value: autograd and finite differences, in float64."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lossbench.audit.subjects.precision import DOUBLE
from lossbench.audit.subjects.subject import Subject


@dataclass(frozen=True, kw_only=True)
class Slopes:
    """Largest relative gaps between the gradient, autograd's, and central differences; `gradcheck` is torch's own verdict.

    NaN (and None) where there is no autograd through the value; torch's verdict is asked for in float64 only.
    """

    against_autograd: float
    against_differences: float
    gradcheck: bool | None
    tolerance: float = DOUBLE.difference

    @property
    def right(self) -> bool:
        """Whether the gradient is the derivative of the value: every gap is within its tolerance."""
        return not self.against_autograd > 1e-9 and self.against_differences <= self.tolerance and self.gradcheck is not False


def slopes(subject: Subject) -> Slopes:
    """The gaps at random raw outputs and hard targets, away from corners with probability one."""
    results = [_slopes(subject, rows) for rows in subject.row_counts]
    return max(results, key=lambda item: (item.gradcheck is False, not item.right, item.against_differences))


def _slopes(subject: Subject, rows: int) -> Slopes:
    rng = np.random.default_rng(0)
    z = torch.from_numpy(rng.normal(0, 2, (subject.raw_outputs if subject.raw_outputs > 1 else rows, 12)))
    hard = (torch.arange(12) % 2)[None] if rows == 1 else torch.eye(3)[:, torch.arange(12) % 3]
    y = hard.to(torch.float64)
    gradient = subject.loss.gradient(z, y)
    precision = subject.precision
    noise = precision.unit * subject.loss.value(z, y).detach().abs() / precision.step  # of the differences of values
    scale = torch.maximum(gradient.abs().amax(0), noise / precision.difference).clamp_min(1e-12)
    differences = torch.stack([_difference(subject, z, y, row) for row in range(len(z))])
    return Slopes(
        against_autograd=_autograd_gap(subject, z, y, gradient, scale),
        against_differences=float(((gradient - differences).abs() / scale).max()),
        gradcheck=_gradcheck(subject, z, y) if precision is DOUBLE else None,
        tolerance=precision.difference,
    )


def _difference(subject: Subject, z: Tensor, y: Tensor, row: int) -> Tensor:
    step = torch.zeros_like(z)
    step[row] = subject.precision.step
    return (subject.loss.value(z + step, y) - subject.loss.value(z - step, y)) / (2 * subject.precision.step)


def _autograd_gap(subject: Subject, z: Tensor, y: Tensor, gradient: Tensor, scale: Tensor) -> float:
    moving = z.clone().requires_grad_()
    value = subject.loss.value(moving, y)
    if not value.requires_grad:
        return float("nan")
    (by_autograd,) = torch.autograd.grad(value.sum(), moving)
    return float(((gradient - by_autograd).abs() / scale).max())


def _gradcheck(subject: Subject, z: Tensor, y: Tensor) -> bool | None:
    moving = z[:, :6].clone().requires_grad_()
    if not subject.loss.value(moving, y[:, :6]).requires_grad:
        return None
    return bool(torch.autograd.gradcheck(lambda item: subject.loss.value(item, y[:, :6]), (moving,), raise_exception=False))
