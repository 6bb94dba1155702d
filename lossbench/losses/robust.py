"""Losses made to bear wrong labels."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Properties
from lossbench.interfaces.links import OUTPUTS, Softmax, log_softmax, softmax
from lossbench.loss_families.categorical import Categorical
from lossbench.loss_families.local import Local, Probability


@dataclass(frozen=True, kw_only=True)
class GeneralisedCrossEntropy(Local):
    """Between cross entropy and the absolute error: q says how much a hopeless example is given up.

    Domain: targets y in [0, 1], summing to 1 on the softmax; q above 0, at most 1.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = Σ_c y_c (1 − p_c^q) / q; on the sigmoid also (1 − y_c) with 1 − a_c for p_c.
    Gradient: for the right class dℓ/dz = −p^q (1 − p).
    Identities: as q → 0 this becomes CrossEntropy; with one-hot targets, q = 1 is half of AbsoluteError on the softmax.
    Properties: bounded by 1/q; noise-tolerant for q = 1; saturation exponent q.
    Source: Zhang & Sabuncu, Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels, 2018.
    """

    q: float = 0.7
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def __post_init__(self) -> None:
        if not 0 < self.q <= 1:
            raise BadInput(f"generalised_cross_entropy has q = {self.q}; it must be above 0 and at most 1.")

    @property
    def exponent(self) -> float:
        return self.q

    def penalty(self, probability: Probability) -> Tensor:
        return -(self.q * probability.log).expm1() / self.q

    def bracket(self, probability: Probability) -> Tensor:
        return torch.ones_like(probability.p)

    def properties(self) -> Properties:
        return Properties(
            proper=False,
            strictly=False,
            convex=False,
            calibrated=True,
            calibrated_for_three=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=self.q == 1,
            bounded=True,
            saturation=self.q,
        )


@dataclass(frozen=True, kw_only=True)
class SymmetricCrossEntropy(Categorical):
    """Cross entropy plus the cross entropy with predictions and targets exchanged.

    Domain: targets y in [0, 1], summing to 1 on the softmax; alpha, beta ≥ 0; floor A < 0, which stands for log 0.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = −α Σ_c y_c log p_c − β Σ_c p_c max(log y_c, A); on the sigmoid the same for each pair (a, 1 − a).
    Gradient: α (p − y) + β p_j (w_j − Σ_k p_k w_k), w_c = −max(log y_c, A).
    Identities: beta = 0 is alpha times CrossEntropy; with one-hot targets ℓ = −α log p − β A (1 − p).
    Properties: noise-tolerant for alpha = 0 only; convex in z for −β A up to α; saturation exponent 0 (1 for alpha = 0).
    Source: Wang, Ma, Chen, Luo, Yi & Bailey, Symmetric Cross Entropy for Robust Learning with Noisy Labels, 2019.
    """

    alpha: float = 0.1
    beta: float = 1.0
    floor: float = -4.0
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def __post_init__(self) -> None:
        _check_pair(self.word, self.alpha, self.beta, self.floor)

    def cost(self, z: Tensor, y: Tensor) -> Tensor:
        passive = (softmax(z)[0] * _penalties(y, self.floor)).sum(OUTPUTS)
        return -self.alpha * (y * log_softmax(z)).sum(OUTPUTS) + self.beta * passive

    def cost_gradient(self, z: Tensor, y: Tensor) -> Tensor:
        shares = Softmax(z)
        return self.alpha * shares.residual(y) + self.beta * shares.backward(_penalties(y, self.floor))

    def cost_error(self, z: Tensor, y: Tensor) -> Tensor:
        return self.beta * _penalties(y, self.floor) - Softmax(z).quotient(self.alpha * y)

    def properties(self) -> Properties:
        passive = self.alpha == 0
        return Properties(
            proper=self.beta == 0,
            strictly=self.beta == 0,
            convex=-self.beta * self.floor <= self.alpha,
            calibrated=True,
            calibrated_for_three=True,
            canonical=self.beta == 0,
            symmetric=True,
            noise_tolerant=passive,
            bounded=passive,
            saturation=1.0 if passive else 0.0,
        )


@dataclass(frozen=True, kw_only=True)
class NormalisedCrossEntropy(Categorical):
    """Cross entropy over its sum for all labels, which makes the sum over labels constant.

    Domain: targets y in [0, 1], summing to 1 on the softmax.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = Σ_c y_c log p_c / Σ_c log p_c; on the sigmoid the same for each pair (a, 1 − a).
    Gradient: with N = −Σ_c y_c log p_c and A = −Σ_c log p_c: dℓ/dz = [(p − y) A − N (C p − 1)] / A².
    Identities: over all labels it sums to 1.
    Properties: noise-tolerant; bounded by 1; not convex; saturation exponent 1 (two classes).
    Source: Ma, Huang, Wang, Romano, Erfani & Bailey, Normalized Loss Functions for Deep Learning with Noisy Labels, 2020.
    """

    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def cost(self, z: Tensor, y: Tensor) -> Tensor:
        return _share(z, y)

    def cost_gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return _share_gradient(z, y)

    def cost_error(self, z: Tensor, y: Tensor) -> Tensor:
        return _share_error(z, y)

    def properties(self) -> Properties:
        return _tolerant()


@dataclass(frozen=True, kw_only=True)
class ActivePassive(Categorical):
    """A loss that pushes the right class up (normalised cross entropy) and one that pushes the wrong ones down (reverse one).

    Domain: targets y in [0, 1], summing to 1 on the softmax; alpha, beta ≥ 0; floor A < 0, which stands for log 0.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = α Σ_c y_c log p_c / Σ_c log p_c − β Σ_c p_c max(log y_c, A).
    Gradient: the sum of the two: see NormalisedCrossEntropy and SymmetricCrossEntropy.
    Identities: beta = 0 is alpha times NormalisedCrossEntropy; with one-hot targets, alpha = 0 and floor = −2 this is beta
        times AbsoluteError on the softmax.
    Properties: noise-tolerant; bounded by α − β A; not convex; saturation exponent 1.
    Source: Ma, Huang, Wang, Romano, Erfani & Bailey, Normalized Loss Functions for Deep Learning with Noisy Labels, 2020.
    """

    alpha: float = 1.0
    beta: float = 1.0
    floor: float = -4.0
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def __post_init__(self) -> None:
        _check_pair(self.word, self.alpha, self.beta, self.floor)

    def cost(self, z: Tensor, y: Tensor) -> Tensor:
        return self.alpha * _share(z, y) + self.beta * (softmax(z)[0] * _penalties(y, self.floor)).sum(OUTPUTS)

    def cost_gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return self.alpha * _share_gradient(z, y) + self.beta * Softmax(z).backward(_penalties(y, self.floor))

    def cost_error(self, z: Tensor, y: Tensor) -> Tensor:
        return self.alpha * _share_error(z, y) + self.beta * _penalties(y, self.floor)

    def properties(self) -> Properties:
        return _tolerant()


def _tolerant() -> Properties:
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


def _check_pair(word: str, alpha: float, beta: float, floor: float) -> None:
    if not (min(alpha, beta) >= 0 and 0 < alpha + beta < math.inf and -math.inf < floor < 0):
        raise BadInput(f"{word} has alpha = {alpha}, beta = {beta}, floor = {floor}; alpha, beta ≥ 0, not both 0, and floor < 0.")


def _penalties(y: Tensor, floor: float) -> Tensor:
    """w = −max(log y, floor)."""
    return -y.log().clamp_min(floor)


def _share(z: Tensor, y: Tensor) -> Tensor:
    """Σ y log p / Σ log p."""
    log = log_softmax(z)
    return (y * log).sum(OUTPUTS) / log.sum(OUTPUTS)


def _share_gradient(z: Tensor, y: Tensor) -> Tensor:
    """[(p − y) A − N (C p − 1)] / A², written in the distances d below the winner and the winner's −log p, w.

    Then −log p = w + d, and what cancels is gone: of a right class −(C − 1) w − (1 − p) Σ_{others} d − (C − 1) p d,
    of another (1 − C y) w + (1 − p) (d_y − y Σ d) + p [Σ_{all but the winner} (d − d_y) − y Σ d], d_y being Σ_k y_k d_k.
    """
    p, rest = softmax(z)
    d = z.amax(OUTPUTS, keepdim=True) - z
    w = -log_softmax(z).amax(OUTPUTS, keepdim=True)
    rivals = z.shape[OUTPUTS] - 1
    whole, mean = d.sum(OUTPUTS, keepdim=True), (y * d).sum(OUTPUTS, keepdim=True)
    others = ((1 - y) * d).sum(OUTPUTS, keepdim=True)
    as_right = -(rivals * w + rest * others + rivals * p * d)
    level = d == 0
    gaps = torch.where(level, 0.0, d - mean).sum(OUTPUTS, keepdim=True) - (level.sum(OUTPUTS, keepdim=True) - 1) * mean
    share = y * whole
    as_other = (1 - (rivals + 1) * y) * w + rest * (mean - share) + p * (gaps - share)
    total = whole + (rivals + 1) * w
    return torch.where(y == 1, as_right, as_other) / total.square()


def _share_error(z: Tensor, y: Tensor) -> Tensor:
    """d/dp_c of the share, (..., C, B): (y_c Σ_k log p_k − Σ_k y_k log p_k) / (p_c (Σ_k log p_k)²).

    The numerator is Σ_k (y_c − y_k) log p_k, where for hard targets nothing cancels. 1/p_c comes in two halves, for the
    numerator may be as small as 1/p_c is large.
    """
    log = log_softmax(z)
    gaps = y.unsqueeze(OUTPUTS) - y.unsqueeze(OUTPUTS - 1)  # y_c − y_k, (..., C, C, B)
    numerator = (gaps * log.unsqueeze(OUTPUTS - 1)).sum(OUTPUTS)
    half = (-0.5 * log).exp()
    share = numerator / log.sum(OUTPUTS, keepdim=True).square()
    return torch.where(share == 0, 0.0, share * half * half)
