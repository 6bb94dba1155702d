"""Links: from raw outputs z to outputs a = g(z), and how steep that last step is.

Outputs lie along axis −2 and examples along −1; leading axes are free.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

LinkName = Literal["identity", "sigmoid", "softmax"]
OUTPUTS = -2
FAR = 1e30  # beyond any error: takes every output but the winner out of a maximum, without the cost of an index


def softmax(z: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities p and their complements 1 − p, both to full relative accuracy at any z."""
    powers = (z - z.amax(OUTPUTS, keepdim=True)).exp_()
    rest = _rest(powers)
    total = 1 + rest
    return powers / total, (1 - powers).add_(rest).div_(total)  # of a winner, 1 − power is exactly 0


def log_softmax(z: Tensor) -> Tensor:
    """log p to full relative accuracy, next to p = 1 included."""
    below = z - z.amax(OUTPUTS, keepdim=True)
    return below - _rest(below.exp()).log1p()


def through_softmax(error: Tensor, p: Tensor) -> Tensor:
    """dℓ/dz from error = dℓ/dp: p_j [e_j − Σ_k p_k e_k], both (..., C, B).

    A constant in the error changes nothing. Counted from the winner's error nothing cancels, neither
    next to p = 1 nor where outputs tie: there the differences of equal errors are exactly 0.
    """
    top = torch.add(error, p - p.amax(OUTPUTS, keepdim=True), alpha=FAR).amax(OUTPUTS, keepdim=True)
    error = error - top
    return error.sub_((p * error).sum(OUTPUTS, keepdim=True)).mul_(p)


def _rest(powers: Tensor) -> Tensor:
    """The sum of powers exp(z − max z) but for one that is exactly 1.

    Left out of the sum, it cannot swallow the others: next to p = 1 nothing is formed by a subtraction.
    """
    ones = powers.floor()
    return (powers - ones).sum(OUTPUTS, keepdim=True) + (ones.sum(OUTPUTS, keepdim=True) - 1)


def _sigmoid_slope(a: Tensor) -> Tensor:
    return (a * (1 - a)).square().mean(OUTPUTS).sqrt()


def _softmax_slope(p: Tensor) -> Tensor:
    """Frobenius norm of diag(p) − ppᵀ, whose square is Σp² − 2Σp³ + (Σp²)²."""
    square = p.square().sum(OUTPUTS)
    return (square - 2 * p.pow(3).sum(OUTPUTS) + square.square()).clamp_min(0).sqrt()


@dataclass(frozen=True)
class Link:
    """A link by name: `value` maps z to a; `slope` gives from a one number per example for the size of da/dz.

    The slope is 1 for the identity, the root mean square of a(1 − a) over the outputs for the
    sigmoid (a(1 − a) itself where there is one output), and the Frobenius norm of the Jacobian
    diag(p) − ppᵀ for the softmax.
    """

    name: LinkName
    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    probabilities: bool


LINKS: dict[str, Link] = {
    "identity": Link("identity", lambda z: z, lambda a: torch.ones_like(a.select(OUTPUTS, 0)), probabilities=False),
    "sigmoid": Link("sigmoid", torch.sigmoid, _sigmoid_slope, probabilities=True),
    "softmax": Link("softmax", lambda z: softmax(z)[0], _softmax_slope, probabilities=True),
}
