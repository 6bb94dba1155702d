"""Losses that square the distance between output and target."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Domain, Loss, Properties, Task
from lossbench.interfaces.links import OUTPUTS, Softmax, log_softmax


@dataclass(frozen=True, kw_only=True)
class HalfSquaredError(Loss):
    """Half the squared distance between output and target, summed over the outputs.

    Domain: any real targets; on the sigmoid and the softmax within [0, 1], for no output lies beyond.
    Link: identity, sigmoid or softmax. "auto" is the identity for regression, else as for cross entropy.
    Formula: ℓ = ½ Σ_c (a_c − y_c)².
    Gradient: identity z − y; sigmoid (a − y)·a(1 − a); softmax p_j [(p − y)_j − Σ_k p_k (p − y)_k]. The link's slope stays.
    Identities: twice this is the squared error; on the identity it is the Gaussian negative log-likelihood with unit
        variance, less ½ log 2π.
    Properties: proper; convex in z on the identity only; saturation exponent 0 (identity), 1 (sigmoid, softmax).
    Source: Legendre 1805; Rumelhart, Hinton & Williams, Learning Representations by Back-Propagating Errors, 1986.
    """

    per_example: ClassVar[bool] = True
    link: Literal["auto", "identity", "sigmoid", "softmax"] = "auto"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return 0.5 * self.error(z, y).square().sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return self.link_function.at(z).residual_backward(y)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        return self.link_function.at(z).residual(y)

    @property
    def domain(self) -> Domain:
        return "reals" if self.link == "identity" else "shares"

    def properties(self) -> Properties:
        identity = self.link == "identity"
        return Properties(
            proper=True,
            strictly=True,
            convex=identity,
            calibrated=True,
            calibrated_for_three=True,
            canonical=identity,
            symmetric=True,
            noise_tolerant=False,
            bounded=not identity,
            saturation=0.0 if identity else 1.0,
        )


@dataclass(frozen=True, kw_only=True)
class Brier(Loss):
    """Brier score: the squared distance between the probabilities and the truth.

    Domain: targets y in [0, 1], summing to 1 on the softmax.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = Σ_c (a_c − y_c)². One sigmoid output is counted once; Brier's own sum over both classes is twice that.
    Gradient: 2 (a − y)·a(1 − a) on the sigmoid; 2 p_j [(p − y)_j − Σ_k p_k (p − y)_k] on the softmax.
    Identities: twice HalfSquaredError on the same link.
    Properties: strictly proper; convex in p, not in z; saturation exponent 1.
    Source: Brier, Verification of Forecasts Expressed in Terms of Probability, 1950.
    """

    link: Literal["auto", "sigmoid", "softmax"] = "auto"
    takes: ClassVar[Domain] = "shares"
    per_example: ClassVar[bool] = True

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return 2 * self._half.value(z, y)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return 2 * self._half.gradient(z, y)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        return 2 * self._half.error(z, y)

    def properties(self) -> Properties:
        return self._half.properties()

    @property
    def _half(self) -> HalfSquaredError:
        return HalfSquaredError(link=self.link)


@dataclass(frozen=True, kw_only=True)
class RescaledSquaredError(Loss):
    """The squared error on raw outputs, with the true class weighed k-fold and its target moved to m.

    Domain: targets y in [0, 1], one-hot where there are several outputs.
    Link: identity; class probabilities it gives none.
    Formula: ℓ = (1/C) Σ_c [k y_c (z_c − m)² + (1 − y_c) z_c²]. The 1/C and no ½ are the source's.
    Gradient: dℓ/dz = (2/C) [k y (z − m) + (1 − y) z].
    Identities: with one-hot targets, k = 1 and m = 1, this is 2/C times HalfSquaredError on the identity.
    Properties: convex; unbounded; saturation exponent 0.
    Source: Hui & Belkin, Evaluation of Neural Architectures Trained with Square Loss vs Cross-Entropy, 2021,
        who take k = 1, m = 1 for few classes and raise both for many (ImageNet: k = 15, m = 30).
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    k: float = 15.0
    m: float = 30.0
    link: Literal["identity"] = "identity"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def __post_init__(self) -> None:
        if not (0 < self.k < math.inf and 0 < self.m < math.inf):
            raise BadInput(f"rescaled_squared_error has k = {self.k} and m = {self.m}; both must be above 0.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return (self.k * y * (z - self.m).square() + (1 - y) * z.square()).mean(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return (self.k * y * (z - self.m) + (1 - y) * z) * (2 / z.shape[OUTPUTS])

    @property
    def boundary(self) -> float:
        return self.m * self.k / (self.k + 1)

    def properties(self) -> Properties:
        plain = self.k == 1 and self.m == 1
        return Properties(
            proper=plain,
            strictly=plain,
            convex=True,
            calibrated=True,
            calibrated_for_three=True,
            canonical=plain,
            symmetric=True,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )


@dataclass(frozen=True, kw_only=True)
class Squentropy(Loss):
    """Cross entropy, with the squares of the wrong classes' raw outputs added.

    Domain: targets y in [0, 1] that sum to 1.
    Link: softmax, with at least two outputs.
    Formula: ℓ = −Σ_c y_c log p_c + 1/(C − 1) Σ_c (1 − y_c) z_c².
    Gradient: dℓ/dz = p − y + 2/(C − 1) (1 − y) z.
    Identities: less the squares, this is CrossEntropy on the softmax.
    Properties: convex; not proper; saturation exponent 0.
    Source: Hui, Belkin & Wright, Cut your Losses with Squentropy, 2023.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "distribution"
    link: Literal["auto", "softmax"] = "auto"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return -(y * log_softmax(z)).sum(OUTPUTS) + ((1 - y) * z.square()).sum(OUTPUTS) / (z.shape[OUTPUTS] - 1)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return Softmax(z).residual(y) + (1 - y) * z * (2 / (z.shape[OUTPUTS] - 1))

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dp of the cross entropy alone, (..., C, B): the squares are no function of p."""
        return Softmax(z).quotient(y).neg_()

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
