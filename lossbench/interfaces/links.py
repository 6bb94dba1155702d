"""Links: from raw outputs z to outputs a = g(z), how steep that last step is, and what passes back through it.

Outputs lie along axis −2 and examples along −1; leading axes are free.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from lossbench.interfaces import output_sizes
from lossbench.interfaces.output_sizes import jacobian_squares, length, softmax_slopes, sum_of_others
from lossbench.kernels import link_kernels
from lossbench.kernels.size_kernels import in_one_pass

LinkName = Literal["identity", "sigmoid", "softmax"]
OUTPUTS = output_sizes.OUTPUTS
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

    @property
    @abstractmethod
    def slopes(self) -> Tensor:
        """∂a_c/∂z_c, the slope at each output by itself, (..., C, B)."""

    @property
    @abstractmethod
    def slope(self) -> Tensor:
        """The size of da/dz, one number an example, (..., B)."""

    def passing(self, error: Tensor) -> Tensor:
        """‖dℓ/da‖₂, (..., B), of the part of an error (..., C, B) that da/dz does not map to 0."""
        return length(error)


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

    @property
    def slopes(self) -> Tensor:
        return torch.ones_like(self.z)

    @property
    def slope(self) -> Tensor:
        """1, whatever the outputs are, (..., B)."""
        return torch.ones_like(self.z.select(OUTPUTS, 0))


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

    @property
    def slopes(self) -> Tensor:
        """a(1 − a), (..., C, B), with no digit lost at either end."""
        return self.a * self.complement

    @property
    def slope(self) -> Tensor:
        """The root mean square of a(1 − a) over the outputs, (..., B): a(1 − a) itself where there is one."""
        return length(self.slopes) / math.sqrt(self.z.shape[OUTPUTS])


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
        return sum_of_others(self.powers)

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

    @property
    def slopes(self) -> Tensor:
        """p(1 − p), (..., C, B), with no digit lost at either end."""
        return softmax_slopes(self.a, self.powers)[0]

    @property
    def slope(self) -> Tensor:
        """The Frobenius norm of the Jacobian diag(p) − ppᵀ, (..., B).

        Its square is Σ_j p_j² (1 − p_j)² + 2 Σ_{i<j} p_i² p_j²: no term is negative, so nothing cancels next to p = 1,
        where Σp² − 2Σp³ + (Σp²)², the same number, has no digit left. m = max p(1 − p) is at least any p_i p_j; divided
        by it, no square leaves the floats before the result does.
        """
        self.a, exponents = _shares_and_exponents(self.z)  # which the next who asks for the outputs need not compute again
        own, largest = softmax_slopes(self.a, exponents.exp_())
        return (jacobian_squares(own, self.a, largest, largest.sqrt()).sqrt() * largest).squeeze(OUTPUTS)

    def passing(self, error: Tensor) -> Tensor:
        """‖e − mean(e)‖₂, (..., B): the Jacobian maps constants to 0, for Σ p = 1."""
        return length(error, centred=True)

    def balanced(self, gradient: Tensor, y: Tensor) -> Tensor:
        """A gradient (..., C, B) for targets y, whose winner's entry is what makes the sum 0, where its target is a share.

        Σ_c dℓ/dz_c = 0 on the softmax. Next to p = 1 a winner whose target is neither 0 nor 1 is pulled by nearly as much as
        it is pushed; what is left has its digits only in the entries of the others.
        """
        winner = (self.a > 0.5) & (y > 0) & (y < 1)
        return torch.where(winner, -torch.where(winner, 0.0, gradient).sum(OUTPUTS, keepdim=True), gradient)


@in_one_pass(link_kernels.shares_and_exponents, "each", "each")
def _shares_and_exponents(z: Tensor) -> tuple[Tensor, Tensor]:
    """p and z − max z, both (..., C, B)."""
    linked = Softmax(z)
    return linked.a, linked.below


def softmax(z: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities p and their complements 1 − p, both (..., C, B), to full relative accuracy at any z (..., C, B)."""
    shares = Softmax(z)
    return shares.a, shares.complement


def log_softmax(z: Tensor) -> Tensor:
    """log p (..., C, B) to full relative accuracy, next to p = 1 included."""
    return Softmax(z).log


@dataclass(frozen=True)
class Link:
    """A link by name, and whether its outputs are probabilities: `at` raw outputs z it has outputs, slopes and what passes back.

    The size of its slope is 1 for the identity, the root mean square of a(1 − a) over the outputs for the sigmoid, and the
    Frobenius norm of the Jacobian diag(p) − ppᵀ for the softmax.
    """

    name: LinkName
    at: Callable[[Tensor], Linked]
    probabilities: bool

    def value(self, z: Tensor) -> Tensor:
        """a (..., C, B) from z (..., C, B)."""
        return self.at(z).a


LINKS: dict[str, Link] = {
    "identity": Link("identity", Identity, probabilities=False),
    "sigmoid": Link("sigmoid", Sigmoid, probabilities=True),
    "softmax": Link("softmax", Softmax, probabilities=True),
}
