"""Whether a callable computes a loss of ours: a constant multiple of it, at asymmetric points, by number of outputs."""

from dataclasses import dataclass
from fractions import Fraction

import torch
from mpmath import mpf
from torch import Tensor

from lossbench.audit.references import Formula
from lossbench.audit.subjects.adapter import AdaptedLoss
from lossbench.audit.subjects.time_limit import TooSlow

_CLOSE = 1e-5  # relative to the largest value: what computes in float32 is the same loss, too
_COUNTS = (0.0, 1.0, 2.0, 5.0, 3.0, 0.0, 4.0, 1.0)  # as targets they mean something to every regression, to counts as well


@dataclass(frozen=True)
class Scaled:
    """A formula times a factor that depends on the number of outputs, as where a callable takes the mean over them."""

    formula: Formula
    factors: tuple[tuple[int, Fraction], ...]

    def __call__(self, z: list[mpf], y: list[mpf]) -> mpf:
        factor = dict(self.factors)[len(z)]
        return self.formula(z, y) * factor.numerator / factor.denominator


def multiples(adapted: AdaptedLoss, claim: Formula) -> tuple[tuple[int, Fraction], ...]:
    """How many times the claimed loss a callable is, by number of outputs C; () where it is not the same loss."""
    if claim.loss.link == "softmax" and adapted.convention.outputs == 1:
        return ()
    factors = []
    for rows in (1,) if adapted.convention.outputs == 1 else (2, 3):
        z, y = _points(rows)
        try:
            got, right = adapted.value(z, y).double(), _values(claim, z, y)
            factor = float((got * right).sum() / right.square().sum())
            if not factor > 0 or not _close(got, factor * right) or not _follows_counts(adapted, claim, factor):
                return ()
        except TooSlow:
            raise
        except (Exception, SystemExit):
            return ()
        factors.append((rows, Fraction(factor).limit_denominator(12)))
    return tuple(factors)


def _follows_counts(adapted: AdaptedLoss, claim: Formula, factor: float) -> bool:
    """Whether the two agree for counts as targets, but for what depends on the target alone; true without a meaning."""
    is_regression = claim.loss.link == "identity" and "regression" in claim.loss.tasks
    if adapted.convention.outputs == 2 or not is_regression or adapted.convention.targets != "alike":
        return True
    z, y = _points(1)[0], torch.tensor([_COUNTS], dtype=torch.float64)
    got = adapted.value(z, y).double() - adapted.value(torch.zeros_like(z), y).double()
    return _close(got, factor * (_values(claim, z, y) - _values(claim, torch.zeros_like(z), y)))


def _values(claim: Formula, z: Tensor, y: Tensor) -> Tensor:
    """ℓ (B,) of the claimed loss, for z and y (C, B)."""
    pairs = zip(z.T.tolist(), y.T.tolist(), strict=True)
    return torch.tensor([float(claim(list(map(mpf, a)), list(map(mpf, b)))) for a, b in pairs], dtype=torch.float64)


def _close(got: Tensor, right: Tensor) -> bool:
    return bool(((got - right).abs() <= _CLOSE * right.abs().max()).all())


def _points(rows: int) -> tuple[Tensor, Tensor]:
    """Raw outputs and targets (C, 8), no two alike and not symmetric."""
    z = torch.tensor(
        [
            [0.7, -1.2, 2.0, 0.4, -3.1, 1.6, -0.2, 4.3],
            [-0.3, 0.9, 0.1, -1.4, 2.2, -2.7, 3.6, 0.5],
            [0.2, 1.1, -0.6, 0.5, -1.9, 0.8, 1.4, -3.3],
        ],
        dtype=torch.float64,
    )[:rows]
    y = torch.eye(max(rows, 2), dtype=torch.float64)[-rows:, (torch.arange(8) // 2 + torch.arange(8)) % max(rows, 2)]
    return z, y
