"""Cross entropy reshaped: other functions of the probability that the right class was given."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Properties
from lossbench.loss_families.local import Local, Probability

SMALL = 0.125  # below this a series is more accurate than a difference of logarithms


@dataclass(frozen=True, kw_only=True)
class Focal(Local):
    """Cross entropy that stops caring about what it already knows.

    Domain: targets y in [0, 1], summing to 1 on the softmax; gamma ≥ 0; alpha in [0, 1], on the sigmoid only.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = −Σ_c y_c (1 − p_c)^γ log p_c; on the sigmoid also −Σ_c (1 − y_c) a_c^γ log(1 − a_c). With alpha, the
        first sum counts α-fold, the second (1 − α)-fold.
    Gradient: for the right class dℓ/dz = −(1 − p)^(γ+1) [1 − γ p log p / (1 − p)].
    Identities: gamma = 0 is CrossEntropy.
    Properties: strictly proper and convex in z for gamma = 0 only; classification-calibrated; saturation exponent 0.
    Source: Lin, Goyal, Girshick, He & Dollár, Focal Loss for Dense Object Detection, 2017.
    """

    gamma: float = 2.0
    alpha: float | None = None
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def __post_init__(self) -> None:
        if not 0 <= self.gamma < math.inf:
            raise BadInput(f"focal has gamma = {self.gamma}; it must be 0 or more.")
        if self.alpha is not None and not 0 <= self.alpha <= 1:
            raise BadInput(f"focal has alpha = {self.alpha}; it must lie between 0 and 1.")
        if self.alpha is not None and self.link == "softmax":
            raise BadInput("focal's alpha weighs class 1 against class 0, and the softmax has no such pair. Leave it null.")

    @property
    def exponent(self) -> float:
        return 0.0

    def weights(self, y: Tensor) -> tuple[Tensor, Tensor]:
        return (y, 1 - y) if self.alpha is None else (self.alpha * y, (1 - self.alpha) * (1 - y))

    def penalty(self, probability: Probability) -> Tensor:
        return -probability.log * probability.complement.pow(self.gamma)

    def bracket(self, probability: Probability) -> Tensor:
        tiny = torch.finfo(probability.complement.dtype).tiny
        # −log p / (1 − p) is 1 at p = 1
        ratio = torch.where(probability.complement < tiny, 1.0, -probability.log / probability.complement.clamp_min(tiny))
        return probability.complement.pow(self.gamma) * (1 + self.gamma * probability.p * ratio)

    def properties(self) -> Properties:
        plain = self.gamma == 0
        balanced = self.alpha is None or self.alpha == 0.5
        return Properties(
            proper=plain and balanced,
            strictly=plain and balanced,
            convex=plain,
            calibrated=balanced,
            calibrated_for_three=balanced,
            canonical=plain and balanced,
            symmetric=balanced,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )


@dataclass(frozen=True, kw_only=True)
class Poly1(Local):
    """Cross entropy with the first term of its expansion in 1 − p given another weight.

    Domain: targets y in [0, 1], summing to 1 on the softmax; epsilon ≥ −1.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = Σ_c y_c [−log p_c + ε (1 − p_c)]; on the sigmoid also (1 − y_c) with 1 − a_c for p_c.
    Gradient: for the right class dℓ/dz = −(1 + ε p)(1 − p).
    Identities: epsilon = 0 is CrossEntropy.
    Properties: strictly proper for epsilon = 0; convex in z for epsilon up to 1; saturation exponent 0.
    Source: Leng et al., PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions, 2022.
    """

    epsilon: float = 1.0
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def __post_init__(self) -> None:
        if not -1 <= self.epsilon < math.inf:
            raise BadInput(f"poly_1 has epsilon = {self.epsilon}; it must be −1 or more, or the loss rewards mistakes.")

    @property
    def exponent(self) -> float:
        return 0.0

    def penalty(self, probability: Probability) -> Tensor:
        """(1 + ε)(1 − p) and the rest of the expansion, (..., C, B), which no weight −1 can cancel."""
        return (1 + self.epsilon) * probability.complement + _beyond_first(probability)

    def bracket(self, probability: Probability) -> Tensor:
        return (1 + self.epsilon) - self.epsilon * probability.complement

    def properties(self) -> Properties:
        plain = self.epsilon == 0
        return Properties(
            proper=plain,
            strictly=plain,
            convex=self.epsilon <= 1,
            calibrated=True,
            calibrated_for_three=True,
            canonical=plain,
            symmetric=True,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )


@dataclass(frozen=True, kw_only=True)
class TaylorCrossEntropy(Local):
    """Cross entropy cut off after a few terms of its expansion in 1 − p, so that no mistake costs more than a bound.

    Domain: targets y in [0, 1], summing to 1 on the softmax; order 1, 2, …
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = Σ_c y_c Σ_{k=1..order} (1 − p_c)^k / k; on the sigmoid also (1 − y_c) with 1 − a_c for p_c.
    Gradient: for the right class dℓ/dz = −p (1 − p) Σ_{k<order} (1 − p)^k.
    Identities: with one-hot targets, order 1 is half of AbsoluteError on the softmax.
    Properties: bounded by Σ 1/k; noise-tolerant for order 1; saturation exponent 1.
    Source: Feng, Shu, Lin, Lv, Li & An, Can Cross Entropy Loss Be Robust to Label Noise?, 2020.
    """

    order: int = 2
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def __post_init__(self) -> None:
        if not 1 <= self.order <= 50:
            raise BadInput(f"taylor_cross_entropy has order = {self.order}; it is a whole number from 1 to 50.")

    @property
    def exponent(self) -> float:
        return 1.0

    def penalty(self, probability: Probability) -> Tensor:
        return _polynomial([1 / k for k in range(1, self.order + 1)], probability.complement) * probability.complement

    def bracket(self, probability: Probability) -> Tensor:
        return _polynomial([1.0] * self.order, probability.complement)

    def properties(self) -> Properties:
        return Properties(
            proper=False,
            strictly=False,
            convex=False,
            calibrated=True,
            calibrated_for_three=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=self.order == 1,
            bounded=True,
            saturation=1.0,
        )


@dataclass(frozen=True, kw_only=True)
class LogSquared(Local):
    """The square of cross entropy, for one-hot targets: a mistake's gradient grows with the mistake.

    Domain: targets y in [0, 1], summing to 1 on the softmax.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = Σ_c y_c (log p_c)²; on the sigmoid also (1 − y_c) (log(1 − a_c))². The source prints a minus sign.
    Gradient: for the right class dℓ/dz = 2 log p · (1 − p).
    Identities: with one-hot targets on the softmax, the square of CrossEntropy.
    Properties: not proper; convex in z; unbounded; saturation exponent 0.
    Source: Janocha & Czarnecki, On Loss Functions for Deep Neural Networks in Classification, 2017.
    """

    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    @property
    def exponent(self) -> float:
        return 0.0

    def penalty(self, probability: Probability) -> Tensor:
        return probability.log.square()

    def bracket(self, probability: Probability) -> Tensor:
        return -2 * probability.log

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
class ClampedCrossEntropy(Local):
    """Cross entropy on probabilities with a small δ against log 0, as old code has it: δ brings the plateau back.

    Domain: targets y in [0, 1], summing to 1 on the softmax; delta from 1e-30 to 1.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = −Σ_c y_c log(p_c + δ); on the sigmoid also −Σ_c (1 − y_c) log(1 − a_c + δ).
    Gradient: for the right class dℓ/dz = −(1 − p) p / (p + δ), which dies once p is well under δ.
    Identities: as delta → 0 this becomes CrossEntropy.
    Properties: bounded by log(1/δ); saturation exponent 0 up to a margin of log(1/δ), and 1 from there on.
    Source: Nielsen, Neural Networks and Deep Learning, 2015, whose cross entropy lets log 0 be 0; the δ is folklore.
    """

    delta: float = 1e-7
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def __post_init__(self) -> None:
        if not 1e-30 <= self.delta <= 1:
            raise BadInput(f"clamped_cross_entropy has delta = {self.delta}; it must lie between 1e-30 and 1.")

    @property
    def exponent(self) -> float:
        return 1.0

    def penalty(self, probability: Probability) -> Tensor:
        return -torch.where(
            probability.p > 0.5, (self.delta - probability.complement).log1p(), (probability.p + self.delta).log()
        )

    def bracket(self, probability: Probability) -> Tensor:
        return 1 / (probability.p + self.delta)

    def properties(self) -> Properties:
        declared = False if self.delta > 1e-9 else None  # a smaller δ shows so far out that a measurement may miss it
        return Properties(
            convex=declared,
            calibrated=True,
            calibrated_for_three=True,
            canonical=declared,
            symmetric=True,
            noise_tolerant=False,
            bounded=True,
            saturation=1.0,
        )


def _beyond_first(probability: Probability) -> Tensor:
    """−log p − (1 − p) = Σ_{k≥2} (1 − p)^k / k, by its series where the difference would cancel."""
    small = probability.complement.clamp_max(SMALL)
    series = _polynomial([1 / k for k in range(2, 20)], small) * small.square()
    return torch.where(probability.complement < SMALL, series, -probability.log - probability.complement)


def _polynomial(coefficients: list[float], x: Tensor) -> Tensor:
    """c_0 + c_1 x + c_2 x² + …, after Horner."""
    total = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total
