"""Links: from raw outputs z to outputs a = g(z), how steep that last step is, and what passes back through it.

Outputs lie along axis −2 and examples along −1; leading axes are free.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from lossbench.kernels import link_kernels

LinkName = Literal["identity", "sigmoid", "softmax"]
OUTPUTS = -2
FAR = 1e30  # beyond any error: takes every output but the winner out of a maximum, without the cost of an index


class Linked(ABC):
    """Raw outputs z (..., C, B) and what a link makes of them; each quantity is computed when it is asked for."""

    def __init__(self, z: Tensor) -> None:
        self.z = z

    @property
    @abstractmethod
    def a(self) -> Tensor:
        """The outputs, (..., C, B)."""

    @abstractmethod
    def residual(self, y: Tensor) -> Tensor:
        """a − y, (..., C, B): where y is 0 or 1, nothing cancels."""

    @abstractmethod
    def backward(self, error: Tensor) -> Tensor:
        """dℓ/dz from error = dℓ/da, both (..., C, B)."""

    @abstractmethod
    def residual_backward(self, y: Tensor) -> Tensor:
        """dℓ/dz where the error is a − y, as half a squared distance has it, (..., C, B)."""


class Identity(Linked):
    """a = z."""

    @property
    def a(self) -> Tensor:
        return self.z

    def residual(self, y: Tensor) -> Tensor:
        return self.z - y

    def backward(self, error: Tensor) -> Tensor:
        return error

    def residual_backward(self, y: Tensor) -> Tensor:
        return self.z - y


class Sigmoid(Linked):
    """a = 1 / (1 + e^−z), and 1 − a: both to full relative accuracy, for neither is formed by a subtraction."""

    @cached_property
    def a(self) -> Tensor:
        return torch.sigmoid(self.z)

    @cached_property
    def complement(self) -> Tensor:
        """1 − a, (..., C, B)."""
        return (-self.z).sigmoid_()

    @link_kernels.at_one_go(link_kernels.sigmoid, link_kernels.RESIDUAL)
    def residual(self, y: Tensor) -> Tensor:
        """a − y as a(1 − y) − (1 − a)y, (..., C, B)."""
        return self.a.addcmul(self.a, y, value=-1).addcmul_(self.complement, y, value=-1)

    @link_kernels.at_one_go(link_kernels.sigmoid, link_kernels.BACKWARD)
    def backward(self, error: Tensor) -> Tensor:
        """dℓ/dz = e a(1 − a), (..., C, B)."""
        return (self.a * self.complement).mul_(error)

    @link_kernels.at_one_go(link_kernels.sigmoid, link_kernels.RESIDUAL_BACKWARD)
    def residual_backward(self, y: Tensor) -> Tensor:
        return self.backward(self.residual(y))


class Softmax(Linked):
    """a = p = exp(z − m) / Σ exp(z − m) with m = max z, to full relative accuracy at any z.

    The winner's power is exactly 1. Left out of the sum, it cannot swallow the others: next to p = 1 nothing is formed by a
    subtraction.
    """

    @cached_property
    def below(self) -> Tensor:
        """z − m, (..., C, B): of a winner, exactly 0."""
        return self.z - self.z.amax(OUTPUTS, keepdim=True)

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
    @link_kernels.at_one_go(link_kernels.softmax, link_kernels.OUTPUTS)
    def a(self) -> Tensor:
        return self.powers / self.total

    @property
    def complement(self) -> Tensor:
        """1 − p, (..., C, B)."""
        return (1 - self.powers).add_(self.others).div_(self.total)

    @property
    def log(self) -> Tensor:
        """log p, (..., C, B)."""
        return self.below - self.others.log1p()

    @link_kernels.at_one_go(link_kernels.softmax, link_kernels.RESIDUAL)
    def residual(self, y: Tensor) -> Tensor:
        return (self.powers - y).addcmul_(y, self.others, value=-1).div_(self.total)

    @link_kernels.at_one_go(link_kernels.softmax, link_kernels.QUOTIENT)
    def quotient(self, weight: Tensor) -> Tensor:
        """weight / p, (..., C, B): 0 where the weight is 0, however small p is; infinite where only p vanishes."""
        info = torch.finfo(self.powers.dtype)
        return (weight * self.total).div_(self.powers.clamp_min(info.tiny * info.eps))  # the least float above 0

    @link_kernels.at_one_go(link_kernels.softmax, link_kernels.BACKWARD)
    def backward(self, error: Tensor) -> Tensor:
        """dℓ/dz_j = p_j [e_j − Σ_k p_k e_k], (..., C, B).

        A constant in the error changes nothing. Counted from the winner's error nothing cancels, neither
        next to p = 1 nor where outputs tie: there the differences of equal errors are exactly 0.
        """
        error = error - torch.add(error, self.below, alpha=FAR).amax(OUTPUTS, keepdim=True)
        return error.sub_((self.a * error).sum(OUTPUTS, keepdim=True)).mul_(self.a)

    @link_kernels.at_one_go(link_kernels.softmax, link_kernels.RESIDUAL_BACKWARD)
    def residual_backward(self, y: Tensor) -> Tensor:
        return self.backward(self.residual(y))


def softmax(z: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities p and their complements 1 − p, both (..., C, B), to full relative accuracy at any z (..., C, B)."""
    shares = Softmax(z)
    return shares.a, shares.complement


def log_softmax(z: Tensor) -> Tensor:
    """log p (..., C, B) to full relative accuracy, next to p = 1 included."""
    return Softmax(z).log


def _sigmoid_slope(a: Tensor) -> Tensor:
    return (a * (1 - a)).square().mean(OUTPUTS).sqrt()


def _softmax_slope(p: Tensor) -> Tensor:
    """Frobenius norm of diag(p) − ppᵀ, whose square is Σp² − 2Σp³ + (Σp²)²."""
    squares = p.square()
    square, cube = squares.sum(OUTPUTS), squares.mul_(p).sum(OUTPUTS)
    return (square - 2 * cube + square.square()).clamp_min(0).sqrt()


@dataclass(frozen=True)
class Link:
    """A link by name: `at` raw outputs z it has outputs a; `slope` gives from a one number per example for the size of da/dz.

    The slope is 1 for the identity, the root mean square of a(1 − a) over the outputs for the
    sigmoid (a(1 − a) itself where there is one output), and the Frobenius norm of the Jacobian
    diag(p) − ppᵀ for the softmax.
    """

    name: LinkName
    at: Callable[[Tensor], Linked]
    slope: Callable[[Tensor], Tensor]
    probabilities: bool

    def value(self, z: Tensor) -> Tensor:
        """a (..., C, B) from z (..., C, B)."""
        return self.at(z).a


LINKS: dict[str, Link] = {
    "identity": Link("identity", Identity, lambda a: torch.ones_like(a.select(OUTPUTS, 0)), probabilities=False),
    "sigmoid": Link("sigmoid", Sigmoid, _sigmoid_slope, probabilities=True),
    "softmax": Link("softmax", Softmax, _softmax_slope, probabilities=True),
}
