"""Remedies for the plateau of the squared error, from before cross entropy was common, and a slip made in explaining it."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.errors import BadInput
from lossbench.interfaces import Domain, Loss, Properties, Task
from lossbench.interfaces.links import OUTPUTS


@dataclass(frozen=True, kw_only=True)
class FahlmanOffset(Loss):
    """Half the squared error, back-propagated with a constant added to the sigmoid's slope, so that it never reaches 0.

    Domain: targets y in [0, 1]; offset ≥ 0.
    Link: sigmoid, also for several outputs.
    Formula: ℓ = ½ Σ_c (a_c − y_c)² − offset Σ_c [y_c log a_c + (1 − y_c) log(1 − a_c)].
    Gradient: (a − y) (a(1 − a) + offset). The source does the same in every layer; here it is the output's.
    Identities: HalfSquaredError on the sigmoid plus offset times CrossEntropy on the sigmoid.
    Properties: strictly proper; not convex; saturation exponent 0 (1 for offset = 0).
    Source: Fahlman, An Empirical Study of Learning Speed in Back-Propagation Networks, 1988.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    offset: float = 0.1
    link: Literal["sigmoid"] = "sigmoid"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def __post_init__(self) -> None:
        if not 0 <= self.offset < math.inf:
            raise BadInput(f"fahlman_offset has offset = {self.offset}; it must be 0 or more.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        entropy = y * logsigmoid(z) + (1 - y) * logsigmoid(-z)
        return (0.5 * _difference(z, y).square() - self.offset * entropy).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return _difference(z, y) * (torch.sigmoid(z) * torch.sigmoid(-z) + self.offset)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        steep = torch.where(y == 1, 0.0, (1 - y) * (1 + z.exp())) - torch.where(y == 0, 0.0, y * (1 + (-z).exp()))
        return _difference(z, y) + self.offset * steep

    def properties(self) -> Properties:
        return Properties(
            proper=True,
            strictly=True,
            convex=self.offset >= 1,
            calibrated=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=False,
            bounded=self.offset == 0,
            saturation=0.0 if self.offset > 0 else 1.0,
        )


@dataclass(frozen=True, kw_only=True)
class FahlmanArctanh(Loss):
    """The output's error 2·artanh(a − y) in place of a − y: it grows without bound as an output gets fully wrong.

    Domain: targets y in [0, 1].
    Link: sigmoid, also for several outputs.
    Formula: with d = a − y, ℓ = Σ_c [(1 + d_c) log(1 + d_c) + (1 − d_c) log(1 − d_c)].
    Gradient: dℓ/da = 2 artanh d = log((1 + d)/(1 − d)), times the slope a(1 − a). The source cuts the error off at ±17.
    Identities: for small d this is d², twice HalfSquaredError on the sigmoid; at most 2 log 2 for each output.
    Properties: not proper; not convex; bounded; saturation exponent 1 (the error grows only like the margin).
    Source: Fahlman, An Empirical Study of Learning Speed in Back-Propagation Networks, 1988.
    """

    link: Literal["sigmoid"] = "sigmoid"
    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        size, rest = _difference(z, y).abs(), _complement(z, y)
        near = size * (size.log1p() - (-size).log1p()) + (-size.square()).log1p()
        far = (1 + size) * size.log1p() + torch.xlogy(rest, rest)
        return torch.where(size < 0.5, near, far).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        half = (0.5 * (logsigmoid(z) + logsigmoid(-z))).exp()  # the slope's root: the slope alone may be too small for a float
        return half * self.error(z, y) * half

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        difference = _difference(z, y)
        size = difference.abs()
        hard = torch.where(y == 1, logsigmoid(z), logsigmoid(-z))  # log(1 − |d|) for targets 0 and 1
        log_rest = torch.where((y == 0) | (y == 1), hard, _complement(z, y).log())
        return difference.sign() * (size.log1p() - torch.where(size < 0.5, (-size).log1p(), log_rest))

    def properties(self) -> Properties:
        return Properties(
            proper=False,
            strictly=False,
            convex=False,
            calibrated=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=False,
            bounded=True,
            saturation=1.0,
        )


@dataclass(frozen=True, kw_only=True)
class InsetHalfSquaredError(Loss):
    """Half the squared error towards targets that the sigmoid reaches, away from its asymptotes.

    Domain: targets y in [0, 1]; inset from 0 to less than ½.
    Link: sigmoid, also for several outputs.
    Formula: ℓ = ½ Σ_c (a_c − y'_c)², with y' = inset + (1 − 2 inset) y.
    Gradient: (a − y') a(1 − a).
    Identities: inset = 0 is HalfSquaredError on the sigmoid; with the default inset, ½ (1 − 1/1.7159), (2·1.7159)² ℓ is the
        source's ½ (1.7159 tanh(2x/3) ∓ 1)² at x = 3z/4.
    Properties: not proper; bounded; saturation exponent 1 on both sides: the plateau stays, only the targets do not ask for it.
    Source: LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    inset: float = 0.5 - 0.5 / 1.7159
    link: Literal["sigmoid"] = "sigmoid"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def __post_init__(self) -> None:
        if not 0 <= self.inset < 0.5:
            raise BadInput(f"inset_half_squared_error has inset = {self.inset}; it must be at least 0 and less than 0.5.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return 0.5 * self.error(z, y).square().sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return self.error(z, y) * (torch.sigmoid(z) * torch.sigmoid(-z))

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        kept = 1 - 2 * self.inset
        return torch.sigmoid(z) * (self.inset + kept * (1 - y)) - torch.sigmoid(-z) * (self.inset + kept * y)

    def properties(self) -> Properties:
        plain = self.inset == 0
        return Properties(
            proper=plain,
            strictly=plain,
            convex=False,
            calibrated=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=False,
            bounded=True,
            saturation=1.0,
        )


@dataclass(frozen=True, kw_only=True)
class SlopeLeftOut(Loss):
    """What is learnt from where cross entropy's error is back-propagated and the sigmoid's slope is forgotten.

    Domain: targets y in [0, 1].
    Link: sigmoid, also for several outputs.
    Formula: ℓ = Σ_c [y_c (e^(−z_c) − z_c) + (1 − y_c) (e^(z_c) + z_c)]. Beyond the largest float it is that.
    Gradient: (a − y) / (a(1 − a)), which is cross entropy's dℓ/da in place of its dℓ/dz = a − y.
    Identities: for hard targets Exponential less the margin; the gradient is CrossEntropy's error on the sigmoid.
    Properties: strictly proper, its weight being ω(q) = q⁻² (1 − q)⁻²; convex in z; unbounded from below; saturation exponent −1.
    Source: two figures in Nielsen, Neural Networks and Deep Learning, chapter 3, 2015, whose programs step w and b by it; the
        book's equations (61) and (62) are cross entropy's.
    """

    link: Literal["sigmoid"] = "sigmoid"
    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return (y * (_power(-z) - z) + (1 - y) * (_power(z) + z)).sum(OUTPUTS).clamp_max(torch.finfo(z.dtype).max)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return (1 - y) * (1 + _power(z)) - y * (1 + _power(-z))

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        return self.gradient(z, y) * (2 + z.exp() + (-z).exp())

    def properties(self) -> Properties:
        return Properties(
            proper=True,
            strictly=True,
            convex=True,
            calibrated=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=False,
            bounded=False,
            saturation=-1.0,
        )


def _difference(z: Tensor, y: Tensor) -> Tensor:
    """a − y with nothing cancelled."""
    return torch.sigmoid(z) * (1 - y) - torch.sigmoid(-z) * y


def _complement(z: Tensor, y: Tensor) -> Tensor:
    """1 − |a − y| with nothing cancelled."""
    a, rest = torch.sigmoid(z), torch.sigmoid(-z)
    return torch.where(a >= y, rest + y, a + (1 - y))


def _power(z: Tensor) -> Tensor:
    """e^z, but no more than the largest float."""
    return z.exp().clamp_max(torch.finfo(z.dtype).max)
