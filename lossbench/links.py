"""Links: from raw outputs z to outputs a = g(z), and how steep that last step is.

Outputs lie along axis −2 and examples along −1; leading axes are free.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

LinkName = Literal["identity", "sigmoid", "softmax"]
OUTPUTS = -2
FAR = 1e30  # beyond any error: takes every output but the winner out of a maximum, without the cost of an index


class Softmax:
    """The softmax of raw outputs z (..., C, B), to full relative accuracy at any z; each quantity is computed when it is asked for.

    With m = max z: p = exp(z − m) / Σ exp(z − m). The winner's power is exactly 1. Left out of the sum, it cannot swallow the
    others: next to p = 1 nothing is formed by a subtraction.
    """

    def __init__(self, z: Tensor) -> None:
        self.below = z - z.amax(OUTPUTS, keepdim=True)  # of a winner, exactly 0

    @cached_property
    def powers(self) -> Tensor:
        """exp(z − m), (..., C, B)."""
        return self.below.exp()

    @cached_property
    def others(self) -> Tensor:
        """The sum of the powers but for one that is exactly 1, (..., 1, B)."""
        lesser = self.powers.frac().sum(OUTPUTS, keepdim=True)
        winners = (self.powers.sum(OUTPUTS, keepdim=True) - lesser).round()
        return lesser + (winners - 1)

    @cached_property
    def total(self) -> Tensor:
        """The sum of the powers, (..., 1, B)."""
        return 1 + self.others

    @cached_property
    def p(self) -> Tensor:
        """Probabilities, (..., C, B)."""
        return self.powers / self.total

    @property
    def rest(self) -> Tensor:
        """1 − p, (..., C, B)."""
        return (1 - self.powers).add_(self.others).div_(self.total)

    @property
    def log(self) -> Tensor:
        """log p, (..., C, B)."""
        return self.below - self.others.log1p()

    def less(self, y: Tensor) -> Tensor:
        """p − y, (..., C, B): where y is 0 or 1, nothing cancels."""
        return (self.powers - y).addcmul_(y, self.others, value=-1).div_(self.total)

    def over(self, weight: Tensor) -> Tensor:
        """weight / p for weights in [0, 1], (..., C, B); a weight of 0 wins over any p."""
        return (self.below * -weight.ceil()).exp_().mul_(weight).mul_(self.total)

    def through(self, error: Tensor) -> Tensor:
        """dℓ/dz from error = dℓ/dp: p_j [e_j − Σ_k p_k e_k], both (..., C, B).

        A constant in the error changes nothing. Counted from the winner's error nothing cancels, neither
        next to p = 1 nor where outputs tie: there the differences of equal errors are exactly 0.
        """
        error = error - torch.add(error, self.below, alpha=FAR).amax(OUTPUTS, keepdim=True)
        return error.sub_((self.p * error).sum(OUTPUTS, keepdim=True)).mul_(self.p)


def softmax(z: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities p and their complements 1 − p, both to full relative accuracy at any z."""
    shares = Softmax(z)
    return shares.p, shares.rest


def log_softmax(z: Tensor) -> Tensor:
    """log p to full relative accuracy, next to p = 1 included."""
    return Softmax(z).log


def both_sides(z: Tensor) -> tuple[Tensor, Tensor]:
    """σ(z) and 1 − σ(z), both to full relative accuracy where neither is too small for a float."""
    return torch.sigmoid(z), (-z).sigmoid_()


def difference(p: Tensor, rest: Tensor, y: Tensor) -> Tensor:
    """p − y from p and 1 − p, as p(1 − y) − (1 − p)y: where y is 0 or 1, nothing cancels."""
    return p.addcmul(p, y, value=-1).addcmul_(rest, y, value=-1)


def _sigmoid_slope(a: Tensor) -> Tensor:
    return (a * (1 - a)).square().mean(OUTPUTS).sqrt()


def _softmax_slope(p: Tensor) -> Tensor:
    """Frobenius norm of diag(p) − ppᵀ, whose square is Σp² − 2Σp³ + (Σp²)²."""
    squares = p.square()
    square, cube = squares.sum(OUTPUTS), (squares * p).sum(OUTPUTS)
    return (square - 2 * cube + square.square()).clamp_min(0).sqrt()


@dataclass(frozen=True)
class Link:
    """A link by name: `value` maps z to a; `slope` gives from a one number per example for the size of da/dz.

    `less` gives a − y from z and y; where y is 0 or 1, nothing cancels.

    The slope is 1 for the identity, the root mean square of a(1 − a) over the outputs for the
    sigmoid (a(1 − a) itself where there is one output), and the Frobenius norm of the Jacobian
    diag(p) − ppᵀ for the softmax.
    """

    name: LinkName
    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    less: Callable[[Tensor, Tensor], Tensor]
    probabilities: bool


LINKS: dict[str, Link] = {
    "identity": Link("identity", lambda z: z, lambda a: torch.ones_like(a.select(OUTPUTS, 0)), torch.sub, probabilities=False),
    "sigmoid": Link("sigmoid", torch.sigmoid, _sigmoid_slope, lambda z, y: difference(*both_sides(z), y), probabilities=True),
    "softmax": Link("softmax", lambda z: Softmax(z).p, _softmax_slope, lambda z, y: Softmax(z).less(y), probabilities=True),
}
