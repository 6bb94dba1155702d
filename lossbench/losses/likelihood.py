"""Negative log-likelihoods: each loss is −log of a probability or a density, its constants included."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.errors import BadInput
from lossbench.interfaces import Domain, Loss, Properties, Task
from lossbench.interfaces.links import OUTPUTS
from lossbench.loss_families.mean_and_variance import MeanAndVariance, bounded_exp


@dataclass(frozen=True, kw_only=True)
class Gaussian(Loss):
    """Targets scatter about the output with a known variance.

    Domain: any real targets; variance v > 0.
    Link: identity.
    Formula: ℓ = Σ_c [(y_c − z_c)² / (2v) + ½ log(2π v)].
    Gradient: (z − y) / v.
    Identities: less ½ log(2π v) for each output this is HalfSquaredError on the identity over v.
    Properties: strictly proper for the mean; convex; saturation exponent 0.
    Source: Gauss, Theoria Motus, 1809.
    """

    per_example: ClassVar[bool] = True
    variance: float = 1.0
    link: Literal["identity"] = "identity"

    def __post_init__(self) -> None:
        if not 0 < self.variance < math.inf:
            raise BadInput(f"gaussian has variance = {self.variance}; it must be above 0.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return ((z - y).square() / (2 * self.variance) + 0.5 * math.log(2 * math.pi * self.variance)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return (z - y) / self.variance

    def quantile(self, z: Tensor, level: float) -> Tensor:
        return z + NormalDist(0, math.sqrt(self.variance)).inv_cdf(level)

    def properties(self) -> Properties:
        return Properties(
            proper=True,
            strictly=True,
            convex=True,
            calibrated=True,
            calibrated_for_three=True,
            canonical=True,
            symmetric=True,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )


@dataclass(frozen=True, kw_only=True)
class GaussianLearntVariance(MeanAndVariance):
    """Targets scatter about the output with a variance that is learnt too, for each example its own.

    Domain: any real targets.
    Link: identity. Of T targets the first T raw outputs are the means m, the last T the logarithms s of the variances.
    Formula: ℓ = Σ_t [(y_t − m_t)² / (2 e^(s_t)) + s_t / 2 + ½ log 2π]. What is larger than the largest float counts as it.
    Gradient: (m − y) e^(−s) in the means, ½ [1 − (y − m)² e^(−s)] in the log variances.
    Identities: where every s is log v this is Gaussian with variance v.
    Properties: strictly proper for mean and variance; not convex in both; unbounded below; saturation exponent 0 in the
        means, and 0 or −1 (it grows) in a log variance that is too large or too small.
    Source: Nix & Weigend, Estimating the mean and variance of the target probability distribution, 1994; with log
        variances Kendall & Gal, What Uncertainties Do We Need in Bayesian Deep Learning for Computer Vision?, 2017.
    """

    link: Literal["identity"] = "identity"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        mean, log_variance = torch.split(z, y.shape[OUTPUTS], OUTPUTS)
        gap = (mean - y) * bounded_exp(-log_variance / 2)  # in standard deviations, whose square alone may overflow
        total = (gap * (gap / 2) + log_variance / 2 + 0.5 * math.log(2 * math.pi)).sum(OUTPUTS)
        return total.clamp_max(torch.finfo(total.dtype).max)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        mean, log_variance = torch.split(z, y.shape[OUTPUTS], OUTPUTS)
        error, steepness = mean - y, bounded_exp(-log_variance / 2)
        gap = error * steepness
        near = (1 - y + mean) * (1 + y - mean) - error.square() * (-log_variance.clamp(-1, 1)).expm1()
        surplus = torch.where((log_variance.abs() < 1) & (gap.abs() < 2), near / 2, (1 - gap) * (0.5 + gap / 2))
        largest = torch.finfo(z.dtype).max
        return torch.cat([gap * steepness, surplus], OUTPUTS).clamp(-largest, largest)


@dataclass(frozen=True, kw_only=True)
class Laplace(Loss):
    """Targets scatter about the output with heavier tails than a Gaussian's.

    Domain: any real targets; scale b > 0.
    Link: identity.
    Formula: ℓ = Σ_c [|y_c − z_c| / b + log(2b)].
    Gradient: sign(z − y) / b.
    Identities: less log(2b) for each output this is AbsoluteError on the identity over b.
    Properties: least at the median, so not proper for the mean; convex; saturation exponent 0.
    Source: Laplace, Mémoire sur la probabilité des causes par les évènements, 1774.
    """

    per_example: ClassVar[bool] = True
    scale: float = 1.0
    link: Literal["identity"] = "identity"

    def __post_init__(self) -> None:
        if not 0 < self.scale < math.inf:
            raise BadInput(f"laplace has scale = {self.scale}; it must be above 0.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return ((z - y).abs() / self.scale + math.log(2 * self.scale)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return (z - y).sign() / self.scale

    def quantile(self, z: Tensor, level: float) -> Tensor:
        return z + self.scale * math.copysign(math.log(1 - 2 * abs(level - 0.5)), level - 0.5)  # the size of the logarithm

    def properties(self) -> Properties:
        return Properties(
            proper=False,
            strictly=False,
            convex=True,
            calibrated=True,
            calibrated_for_three=False,
            canonical=False,
            symmetric=True,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )


@dataclass(frozen=True, kw_only=True)
class Poisson(Loss):
    """Targets are counts; the raw output is the logarithm of their rate.

    Domain: targets y ≥ 0, whole where they are counts.
    Link: identity: the raw output is log λ, and the prediction that measures of a regression read is λ = e^z.
    Formula: ℓ = Σ_c [e^(z_c) − y_c z_c + log(y_c!)]. What is larger than the largest float counts as the largest.
    Gradient: e^z − y.
    Identities: torch's PoissonNLLLoss (log input) is this less log(y!).
    Properties: convex; unbounded; saturation exponent 0 for targets above 0, −1 (it grows) for z above log y.
    Source: Poisson 1837; Nelder & Wedderburn, Generalized Linear Models, 1972.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "nonnegative"
    link: Literal["identity"] = "identity"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        total = (bounded_exp(z) - y * z + (y + 1).lgamma()).sum(OUTPUTS)
        return total.clamp_max(torch.finfo(total.dtype).max)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        near = z.clamp(-1, 1).expm1() + (1 - y)
        return torch.where(z.abs() < 1, near, bounded_exp(z) - y)

    def prediction(self, a: Tensor) -> Tensor:
        return bounded_exp(a)

    @property
    def boundary(self) -> float:
        return -math.log(2)

    def properties(self) -> Properties:
        return Properties(
            proper=False,
            strictly=False,
            convex=True,
            calibrated=True,
            calibrated_for_three=True,
            canonical=False,
            symmetric=False,
            noise_tolerant=False,
            bounded=False,
            saturation=(0.0, -1.0),
        )


@dataclass(frozen=True, kw_only=True)
class Bernoulli(Loss):
    """Every target is the toss of a coin of its own, with probability a.

    Domain: targets y in [0, 1].
    Link: sigmoid, also for several outputs.
    Formula: ℓ = −Σ_c [y_c log a_c + (1 − y_c) log(1 − a_c)].
    Gradient: a − y.
    Identities: this is CrossEntropy on the sigmoid.
    Properties: strictly proper, convex in z, saturation exponent 0.
    Source: Bernoulli, Ars Conjectandi, 1713; as a likelihood Cox, The Regression Analysis of Binary Sequences, 1958.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    link: Literal["sigmoid"] = "sigmoid"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return -(y * logsigmoid(z) + (1 - y) * logsigmoid(-z)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return torch.sigmoid(z) * (1 - y) - torch.sigmoid(-z) * y

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        against, towards = (1 - y) * (1 + z.exp()), y * (1 + (-z).exp())
        return torch.where(y == 1, 0.0, against) - torch.where(y == 0, 0.0, towards)

    def properties(self) -> Properties:
        return Properties(
            proper=True,
            strictly=True,
            convex=True,
            calibrated=True,
            canonical=True,
            symmetric=True,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )
