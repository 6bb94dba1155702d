"""Losses of the margin m: how far the raw output lies on the right side. Each output answers yes or no for itself."""

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.errors import BadInput
from lossbench.interfaces import Domain, Loss, Properties, Task
from lossbench.interfaces.links import OUTPUTS


@dataclass(frozen=True, kw_only=True)
class Margin(Loss):
    """ℓ = Σ_c φ(m_c), with m = z for target 1 and m = −z for target 0; in between, y φ(z) + (1 − y) φ(−z).

    The raw output is a score and no probability: link identity, and the decision falls at z = 0.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    link: Literal["identity"] = "identity"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    @abstractmethod
    def penalty(self, m: Tensor) -> Tensor:
        """φ(m), element by element, (..., C, B)."""

    @abstractmethod
    def slope(self, m: Tensor) -> Tensor:
        """φ'(m), element by element, (..., C, B)."""

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        total = (y * self.penalty(z) + (1 - y) * self.penalty(-z)).sum(OUTPUTS)
        return total.clamp_max(torch.finfo(total.dtype).max)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return y * self.slope(z) - (1 - y) * self.slope(-z)

    def _claims(self) -> Properties:
        """What most losses of the margin claim."""
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
class Perceptron(Margin):
    """Only what lies on the wrong side costs, by its distance.

    Domain: targets y in [0, 1].
    Link: identity, for classification only.
    Formula: ℓ = Σ_c max(0, −m_c), m = (2y − 1) z.
    Gradient: −(2y − 1) where m ≤ 0 (at 0 too, as in the perceptron's rule), else 0.
    Identities: this is Hinge with margin = 0.
    Properties: convex; not classification-calibrated; saturation exponent 0.
    Source: Rosenblatt, The Perceptron: A Probabilistic Model for Information Storage, 1958.
    """

    def penalty(self, m: Tensor) -> Tensor:
        return (-m).clamp_min(0)

    def slope(self, m: Tensor) -> Tensor:
        return -(m <= 0).to(m.dtype)

    def properties(self) -> Properties:
        return replace(self._claims(), calibrated=False, calibrated_for_three=False)


@dataclass(frozen=True, kw_only=True)
class Hinged(Margin):
    """φ(m) = max(0, margin − m)^power."""

    margin: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.margin < math.inf:
            raise BadInput(f"{self.word} has margin = {self.margin}; it must be 0 or more.")

    @property
    @abstractmethod
    def power(self) -> int:
        """1, 2 or 3."""

    def penalty(self, m: Tensor) -> Tensor:
        return (self.margin - m).clamp_min(0).pow(self.power)

    def slope(self, m: Tensor) -> Tensor:
        if self.power == 1:
            return -(m < self.margin).to(m.dtype)
        return -self.power * (self.margin - m).clamp_min(0).pow(self.power - 1)

    def properties(self) -> Properties:
        inside = self.margin > 0
        return replace(self._claims(), calibrated=inside, calibrated_for_three=inside and self.power > 1)


@dataclass(frozen=True, kw_only=True)
class Hinge(Hinged):
    """What lies on the wrong side of a margin costs, by its distance: the support vector machine's loss.

    Domain: targets y in [0, 1]; margin ≥ 0.
    Link: identity, for classification only.
    Formula: ℓ = Σ_c max(0, margin − m_c), m = (2y − 1) z. Janocha & Czarnecki take margin = 1/2.
    Gradient: −(2y − 1) where m < margin, else 0.
    Identities: margin = 0 is Perceptron.
    Properties: convex; classification-calibrated; saturation exponent 0.
    Source: Cortes & Vapnik, Support-Vector Networks, 1995.
    """

    @property
    def power(self) -> int:
        return 1


@dataclass(frozen=True, kw_only=True)
class SquaredHinge(Hinged):
    """The square of the hinge loss: smooth at the margin, steeper far from it.

    Domain: targets y in [0, 1]; margin ≥ 0.
    Link: identity, for classification only.
    Formula: ℓ = Σ_c max(0, margin − m_c)², m = (2y − 1) z. Janocha & Czarnecki take margin = 1/2.
    Gradient: −2 (2y − 1) max(0, margin − m).
    Identities: for one output, the square of Hinge.
    Properties: convex; classification-calibrated; saturation exponent 0.
    Source: Cortes & Vapnik, Support-Vector Networks, 1995.
    """

    @property
    def power(self) -> int:
        return 2


@dataclass(frozen=True, kw_only=True)
class CubedHinge(Hinged):
    """The cube of the hinge loss.

    Domain: targets y in [0, 1]; margin ≥ 0.
    Link: identity, for classification only.
    Formula: ℓ = Σ_c max(0, margin − m_c)³, m = (2y − 1) z. Janocha & Czarnecki take margin = 1/2.
    Gradient: −3 (2y − 1) max(0, margin − m)².
    Identities: for one output, the cube of Hinge.
    Properties: convex; classification-calibrated; saturation exponent 0.
    Source: Janocha & Czarnecki, On Loss Functions for Deep Neural Networks in Classification, 2017.
    """

    @property
    def power(self) -> int:
        return 3


@dataclass(frozen=True, kw_only=True)
class LogisticMargin(Margin):
    """Cross entropy seen as a function of the margin.

    Domain: targets y in [0, 1].
    Link: identity, for classification only. (Read through the sigmoid, its output is a probability: then use CrossEntropy.)
    Formula: ℓ = Σ_c log(1 + e^(−m_c)), m = (2y − 1) z, natural logarithm.
    Gradient: −(2y − 1) σ(−m).
    Identities: at the same raw outputs this is CrossEntropy on the sigmoid.
    Properties: convex; classification-calibrated; saturation exponent 0.
    Source: Cox, The Regression Analysis of Binary Sequences, 1958.
    """

    def penalty(self, m: Tensor) -> Tensor:
        return -logsigmoid(m)

    def slope(self, m: Tensor) -> Tensor:
        return -torch.sigmoid(-m)

    def properties(self) -> Properties:
        return self._claims()


@dataclass(frozen=True, kw_only=True)
class Exponential(Margin):
    """Boosting's loss: a mistake's price grows exponentially with its margin.

    Domain: targets y in [0, 1].
    Link: identity, for classification only.
    Formula: ℓ = Σ_c e^(−m_c), m = (2y − 1) z. What is larger than the largest float counts as the largest.
    Gradient: −(2y − 1) e^(−m).
    Identities: half of ProperBeta with alpha = beta = −1/2 at 2z.
    Properties: convex; classification-calibrated; saturation exponent −1 (it grows; −1/2 in units of the log-odds 2z).
    Source: Freund & Schapire, A Decision-Theoretic Generalization of On-Line Learning, 1997.
    """

    def penalty(self, m: Tensor) -> Tensor:
        return (-m).exp().clamp_max(torch.finfo(m.dtype).max)

    def slope(self, m: Tensor) -> Tensor:
        return -self.penalty(m)

    def properties(self) -> Properties:
        return replace(self._claims(), saturation=-1.0)


@dataclass(frozen=True, kw_only=True)
class Savage(Margin):
    """The squared error of a probability, as a function of the margin: no mistake costs more than 1.

    Domain: targets y in [0, 1].
    Link: identity, for classification only. (Its own probability is σ(2z).)
    Formula: ℓ = Σ_c 1 / (1 + e^(2m_c))², m = (2y − 1) z.
    Gradient: −4 (2y − 1) σ(−2m)² σ(2m).
    Identities: twice HalfSquaredError on the sigmoid at 2z.
    Properties: not convex; classification-calibrated; bounded by 1 an output; saturation exponent 2.
    Source: Masnadi-Shirazi & Vasconcelos, On the Design of Loss Functions for Classification, 2008.
    """

    def penalty(self, m: Tensor) -> Tensor:
        return torch.sigmoid(-2 * m).square()

    def slope(self, m: Tensor) -> Tensor:
        return -4 * torch.sigmoid(-2 * m).square() * torch.sigmoid(2 * m)

    def properties(self) -> Properties:
        return replace(self._claims(), convex=False, bounded=True, saturation=2.0)


@dataclass(frozen=True, kw_only=True)
class Tangent(Margin):
    """A bounded loss that also charges for being right by too wide a margin.

    Domain: targets y in [0, 1].
    Link: identity, for classification only. (Its own probability is ½ + arctan z, within its reach.)
    Formula: ℓ = Σ_c (2 arctan m_c − 1)², m = (2y − 1) z.
    Gradient: 4 (2y − 1) (2 arctan m − 1) / (1 + m²).
    Identities: this is 0 at m = tan ½ and tends to (π − 1)² far on the right side, to (π + 1)² on the wrong one.
    Properties: not convex; classification-calibrated; bounded; saturation exponent 0: the gradient dies like 1/m².
    Source: Masnadi-Shirazi, Mahadevan & Vasconcelos, On the Design of Robust Classifiers for Computer Vision, 2010.
    """

    def penalty(self, m: Tensor) -> Tensor:
        return (2 * m.atan() - 1).square()

    def slope(self, m: Tensor) -> Tensor:
        return 4 * (2 * m.atan() - 1) / (1 + m.square())

    def properties(self) -> Properties:
        return replace(self._claims(), convex=False, bounded=True)
