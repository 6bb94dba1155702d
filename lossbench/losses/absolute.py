"""Losses that measure the distance between output and target without squaring it, at least not far out."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Domain, Loss, Properties
from lossbench.interfaces.links import OUTPUTS, softmax


@dataclass(frozen=True, kw_only=True)
class AbsoluteError(Loss):
    """The distance between output and target, summed over the outputs (L1); on the softmax also called expectation loss.

    Domain: any real targets; on the sigmoid and the softmax within [0, 1].
    Link: identity, sigmoid or softmax. "auto" is the identity for regression, else as for cross entropy.
    Formula: ℓ = Σ_c |a_c − y_c|.
    Gradient: identity s = sign(z − y); sigmoid s·a(1 − a); softmax p_j Σ_k p_k (s_j − s_k), for one-hot targets
        −2 p (1 − p) for the right class and 2 p p_j for another.
    Identities: with one-hot targets, on the softmax ℓ is twice the chance of a mistake, 2 (1 − p).
    Properties: not proper; noise-tolerant on the sigmoid and the softmax; convex on the identity; saturation exponent 0
        (identity), 1 (sigmoid, softmax).
    Source: Boscovich 1757; on the softmax Janocha & Czarnecki, On Loss Functions for Deep Neural Networks in
        Classification, 2017.
    """

    per_example: ClassVar[bool] = True
    link: Literal["auto", "identity", "sigmoid", "softmax"] = "auto"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return _differences(self.link, z, y)[0].abs().sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        difference, p, rest = _differences(self.link, z, y)
        sign = difference.sign()
        if self.link == "identity":
            return sign
        if self.link == "sigmoid":
            return sign * p * rest
        above = (p * (sign > 0)).sum(OUTPUTS, keepdim=True)
        below = (p * (sign < 0)).sum(OUTPUTS, keepdim=True)
        return p * ((sign + 1) * below + (sign - 1) * above)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        return _signs(self.link, _differences(self.link, z, y)[0], y)

    @property
    def domain(self) -> Domain:
        return "shares" if self.link in ("sigmoid", "softmax") else "reals"

    def properties(self) -> Properties:
        identity = self.link == "identity"
        return Properties(
            proper=False,
            strictly=False,
            convex=identity,
            calibrated=True,
            calibrated_for_three=not identity,
            canonical=False,
            symmetric=True,
            noise_tolerant=not identity,
            bounded=not identity,
            saturation=0.0 if identity else 1.0,
        )


@dataclass(frozen=True, kw_only=True)
class Chebyshev(Loss):
    """The largest distance between a probability and its target (L∞).

    Domain: targets y in [0, 1], summing to 1 on the softmax.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = max_c |a_c − y_c|. Where several tie, the gradient is that of the true class, or the first.
    Gradient: with s = sign(a_k − y_k) at the largest k: sigmoid s·a_k(1 − a_k) there, 0 elsewhere; softmax s·p_k(δ_jk − p_j).
    Identities: with one-hot targets, on the softmax half of AbsoluteError.
    Properties: not proper; noise-tolerant on the softmax; bounded by 1; saturation exponent 1.
    Source: Janocha & Czarnecki, On Loss Functions for Deep Neural Networks in Classification, 2017.
    """

    takes: ClassVar[Domain] = "shares"
    per_example: ClassVar[bool] = True
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return _differences(self.link, z, y)[0].abs().amax(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        difference, p, rest = _differences(self.link, z, y)
        pull = _at_largest(difference, self._preference(z, y)) * p
        if self.link == "sigmoid":
            return pull * rest
        return pull * rest - p * (pull.sum(OUTPUTS, keepdim=True) - pull)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        difference = _differences(self.link, z, y)[0]
        return (_at_largest(difference, self._preference(z, y)) != 0) * _signs(self.link, difference, y)

    def _preference(self, z: Tensor, y: Tensor) -> Tensor:
        """Which of two distances that round to the same number is larger: on the sigmoid the one further on the wrong side."""
        return y if self.link == "softmax" else (1 - 2 * y) * z

    def properties(self) -> Properties:
        return Properties(
            proper=False,
            strictly=False,
            convex=False,
            calibrated=True,
            calibrated_for_three=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=True,
            bounded=True,
            saturation=1.0,
        )


@dataclass(frozen=True, kw_only=True)
class Huber(Loss):
    """Half the squared error up to a residual δ, and linear from there on: an outlier pulls no harder than δ.

    Domain: any real targets; delta > 0.
    Link: identity.
    Formula: ℓ = Σ_c h(z_c − y_c), h(r) = r²/2 for |r| ≤ δ, δ (|r| − δ/2) beyond.
    Gradient: z − y, cut off at ±δ.
    Identities: within residuals of δ this is HalfSquaredError on the identity; torch's SmoothL1Loss(beta) is this over β.
    Properties: convex; unbounded; saturation exponent 0.
    Source: Huber, Robust Estimation of a Location Parameter, 1964.
    """

    per_example: ClassVar[bool] = True
    delta: float = 1.0
    link: Literal["identity"] = "identity"

    def __post_init__(self) -> None:
        if not 0 < self.delta < math.inf:
            raise BadInput(f"huber has delta = {self.delta}; it must be above 0.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        size = (z - y).abs()
        near = size.clamp_max(self.delta)
        return (near * (size - 0.5 * near)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return (z - y).clamp(-self.delta, self.delta)

    def properties(self) -> Properties:
        within = self.delta >= 1  # the residuals of a probability to 0 and 1
        return Properties(
            proper=within,
            strictly=within,
            convex=True,
            calibrated=True,
            calibrated_for_three=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )


@dataclass(frozen=True, kw_only=True)
class LogCosh(Loss):
    """The logarithm of the residual's hyperbolic cosine: a smooth Huber loss.

    Domain: any real targets.
    Link: identity.
    Formula: ℓ = Σ_c log cosh(z_c − y_c).
    Gradient: tanh(z − y).
    Identities: r²/2 for small residuals, |r| − log 2 for large ones; with r = z − y, ℓ = CrossEntropy on the sigmoid at
        2r, target 0, less r and log 2.
    Properties: convex; unbounded; saturation exponent 0.
    Source: Green, Bayesian Reconstructions from Emission Tomography Data Using a Modified EM Algorithm, 1990.
    """

    per_example: ClassVar[bool] = True
    link: Literal["identity"] = "identity"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        size = (z - y).abs()
        near = 2 * (0.5 * size.clamp_max(2)).sinh().square()  # cosh r − 1
        far = size - math.log(2) + (-2 * size).exp().log1p()
        return torch.where(size < 2, near.log1p(), far).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return (z - y).tanh()

    def properties(self) -> Properties:
        return Properties(
            proper=False,
            strictly=False,
            convex=True,
            calibrated=True,
            calibrated_for_three=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )


@dataclass(frozen=True, kw_only=True)
class Pinball(Loss):
    """The quantile loss: least where the output is the targets' τ-quantile.

    Domain: any real targets; tau strictly between 0 and 1.
    Link: identity.
    Formula: ℓ = Σ_c max(τ (y_c − z_c), (τ − 1)(y_c − z_c)).
    Gradient: 1 − τ where z > y, −τ where z < y.
    Identities: tau = 0.5 is half of AbsoluteError on the identity.
    Properties: convex; unbounded; saturation exponent 0.
    Source: Koenker & Bassett, Regression Quantiles, 1978.
    """

    per_example: ClassVar[bool] = True
    tau: float = 0.5
    link: Literal["identity"] = "identity"

    def __post_init__(self) -> None:
        if not 0 < self.tau < 1:
            raise BadInput(f"pinball has tau = {self.tau}; it must lie strictly between 0 and 1.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return (self.tau * (y - z).clamp_min(0) + (1 - self.tau) * (z - y).clamp_min(0)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return (1 - self.tau) * (z > y).to(z.dtype) - self.tau * (z < y).to(z.dtype)

    def properties(self) -> Properties:
        median = self.tau == 0.5
        return Properties(
            proper=False,
            strictly=False,
            convex=True,
            calibrated=median,
            calibrated_for_three=False,
            canonical=False,
            symmetric=median,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )


def _differences(link: str, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """a − y with nothing cancelled, a and 1 − a."""
    if link == "identity":
        return z - y, z, 1 - z
    p, rest = softmax(z) if link == "softmax" else (torch.sigmoid(z), torch.sigmoid(-z))
    return p * (1 - y) - rest * y, p, rest


def _signs(link: str, difference: Tensor, y: Tensor) -> Tensor:
    """sign(a − y), (..., C, B): of a probability never 0 at a hard target, however near it comes."""
    if link == "identity":
        return difference.sign()
    return torch.where((y == 0) | (y == 1), 1 - 2 * y, difference.sign())


def _at_largest(difference: Tensor, preference: Tensor) -> Tensor:
    """The sign of the largest difference, 0 at the others. Between those level with it but for rounding, preference decides."""
    size = difference.abs()
    level = size >= size.amax(OUTPUTS, keepdim=True) * (1 - 8 * torch.finfo(size.dtype).eps)
    preferred = torch.where(level, preference, -torch.inf)
    chosen = preferred == preferred.amax(OUTPUTS, keepdim=True)
    first = chosen & (chosen.cumsum(OUTPUTS) == 1)
    return difference.sign() * first
