"""Losses of a regression whose raw outputs say a distribution of each number: a histogram, or a normal law that is scored."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import torch
from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Loss, Task, TrainingTargets
from lossbench.interfaces.links import OUTPUTS, Softmax, log_softmax
from lossbench.loss_families.constants import constant
from lossbench.loss_families.mean_and_variance import MeanAndVariance, bounded_exp

REACH = 3  # standard deviations of the smoothing by which the bins go beyond the least and the greatest target


@dataclass(frozen=True, kw_only=True)
class HlGauss(Loss):
    """A number as a histogram: cross entropy with a normal law about the target, cut into bins (HL-Gauss).

    Domain: any real targets; bins ≥ 2, smoothing > 0, in widths of a bin. The bins lie between least and greatest, a number for
        each target, and 3 standard deviations beyond; null is the range of the training targets. What lies outside counts as its
        edge.
    Link: identity; of T targets each has K = bins raw outputs, one target after the other, and p is their softmax.
    Formula: ℓ = −Σ_t Σ_k q_k log p_k, with q_k ∝ Φ((e_{k+1} − y)/σ) − Φ((e_k − y)/σ) between edges e, Σ_k q_k = 1 and
        σ = smoothing times the width of a bin. The prediction is the mean of the bins' middles under p.
    Gradient: p − q.
    Identities: for one target ℓ is CrossEntropy on the softmax with the histogram q as target.
    Properties: strictly proper for the histogram, whose mean is the target's but for the width of a bin; convex; saturation
        exponent 0.
    Source: Imani & White, Improving Regression Performance with Distributional Losses, 2018; σ of three quarters of a bin
        Farebrother et al., Stop Regressing: Training Value Functions via Classification for Scalable Deep RL, 2024.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = ("regression",)
    bins: int = 50
    smoothing: float = 0.75
    least: tuple[float, ...] | None = None
    greatest: tuple[float, ...] | None = None
    link: Literal["identity"] = "identity"

    def __post_init__(self) -> None:
        if not 0 < self.smoothing < math.inf:
            raise BadInput(f"hl_gauss has smoothing = {self.smoothing}; it must be above 0.")
        if self.bins <= 2 * REACH * self.smoothing:
            raise BadInput(
                f"hl_gauss has bins = {self.bins}; with smoothing = {self.smoothing:g} its edges alone take "
                f"{2 * REACH * self.smoothing:g} of them. Possible are more bins, or less smoothing."
            )
        least, greatest = self.least or (), self.greatest or ()
        pairs = list(zip(least, greatest, strict=False))
        if len(least) != len(greatest) or not all(-math.inf < low <= high < math.inf for low, high in pairs):
            raise BadInput(
                f"hl_gauss has least = {self.least} and greatest = {self.greatest}; they want a number for each target, and "
                "least is at most greatest."
            )

    def informed(self, targets: TrainingTargets) -> Self:
        known = self.least is None and targets.least
        return replace(self, least=targets.least, greatest=targets.greatest) if known else self

    def on(self, task: Task, outputs: int) -> Self:
        if self.least is not None and len(self.least) != outputs:
            raise BadInput(f"hl_gauss has the range of {len(self.least)} targets, and the data have {outputs}.")
        return Loss.on(self, task, outputs)

    def raw_outputs(self, targets: int) -> int:
        return self.bins * targets

    def prediction(self, a: Tensor) -> Tensor:
        z = self._by_target(a)
        bins = torch.arange(self.bins, dtype=z.dtype, device=z.device)[:, None]
        return self._number((Softmax(z).a * (bins + 0.5)).sum(OUTPUTS))

    def quantile(self, z: Tensor, level: float) -> Tensor:
        """What a share `level` of the histogram lies below, (..., T, B), each bin being filled evenly."""
        p = Softmax(self._by_target(z)).a
        reached = p.cumsum(OUTPUTS)
        index = (reached < level).sum(OUTPUTS, keepdim=True).clamp_max(self.bins - 1)
        inside, end = p.gather(OUTPUTS, index), reached.gather(OUTPUTS, index)
        share = (1 - (end - level) / inside).clamp(0, 1)
        return self._number((index + share).squeeze(OUTPUTS))

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return -(self.histogram(y) * log_softmax(self._by_target(z))).sum(OUTPUTS).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return Softmax(self._by_target(z)).residual(self.histogram(y)).flatten(-3, -2)

    def histogram(self, y: Tensor) -> Tensor:
        """q (..., T, K, B) of targets y (..., T, B): the mass of each bin, to full relative accuracy in both tails.

        It is formed in float64, whatever y is: far out a last digit of y is many of the tail's.
        """
        least, width = self._range(y.double())
        position = ((y.double() - least) / width).clamp(0, self.bins - 2 * REACH * self.smoothing)
        edges = torch.arange(self.bins + 1, dtype=torch.float64, device=y.device)[:, None]
        u = (edges - (position + REACH * self.smoothing).unsqueeze(OUTPUTS)) / self.smoothing
        left, right = u.narrow(OUTPUTS, 0, self.bins), u.narrow(OUTPUTS, 1, self.bins)
        above = left > 0  # there both tails are those above, for Φ itself is rounded to 1
        start, end = torch.where(above, -right, left), torch.where(above, -left, right)
        mass = torch.erfc(-end / math.sqrt(2)) - torch.erfc(-start / math.sqrt(2))  # 2 Φ, whose factor the quotient loses
        return (mass / mass.sum(OUTPUTS, keepdim=True)).to(y.dtype)

    def _by_target(self, z: Tensor) -> Tensor:
        """Raw outputs (..., T·K, B) as (..., T, K, B)."""
        return torch.unflatten(z, OUTPUTS, (-1, self.bins))

    def _number(self, position: Tensor) -> Tensor:
        """The number at a position (..., T, B) that counts bins from the first edge on."""
        least, width = self._range(position)
        return least + (position - REACH * self.smoothing) * width

    def _range(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """The least target and the width of a bin, each (T, 1), as numbers such as `like` (..., T, B).

        Where nobody knows the range it is 0 to 1.
        """
        targets = like.shape[OUTPUTS]
        least, greatest = self.least or (0.0,) * targets, self.greatest or (1.0,) * targets
        inner = self.bins - 2 * REACH * self.smoothing
        widths = tuple((high - low or 1.0) / inner for low, high in zip(least, greatest, strict=True))
        return constant(least, like.dtype, like.device)[:, None], constant(widths, like.dtype, like.device)[:, None]


@dataclass(frozen=True, kw_only=True)
class GaussianCrps(MeanAndVariance):
    """The continuous ranked probability score of a normal law: how far its distribution function is from the target's step.

    Domain: any real targets.
    Link: identity. Of T targets the first T raw outputs are the means m, the last T the logarithms s of the variances.
    Formula: ℓ = Σ_t ∫ [Φ((x − m_t)/σ_t) − 1(x ≥ y_t)]² dx = Σ_t σ_t [w (2 Φ(w) − 1) + 2 φ(w) − 1/√π], with σ = e^(s/2) and
        w = (y − m)/σ; in the target's unit. What is larger than the largest float counts as it.
    Gradient: 1 − 2 Φ(w) in the means, σ [φ(w) − 1/(2 √π)] in the log variances.
    Identities: as every s → −∞ this becomes AbsoluteError on the identity, of the means.
    Properties: strictly proper for mean and variance; not convex in both; bounded below by 0; saturation exponent 0 in the means,
        where no outlier pulls harder than 1; in a log variance −1/2 (it grows) where it is too large, 1/2 where it is too small.
    Source: Gneiting, Raftery, Westveld & Goldman, Calibrated Probabilistic Forecasting Using Ensemble Model Output Statistics and
        Minimum CRPS Estimation, 2005; Gneiting & Raftery, Strictly Proper Scoring Rules, Prediction, and Estimation, 2007.
    """

    link: Literal["identity"] = "identity"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        distance, w, root = _standardised(z, y)
        spread = root * (root * (2 * _density(w) - 1 / math.sqrt(math.pi)))
        total = (distance * torch.erf(w / math.sqrt(2)) + spread).sum(OUTPUTS)
        return total.clamp_max(torch.finfo(total.dtype).max)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dz (..., 2T, B); φ(w) − 1/(2 √π) is expm1((log 2 − w²)/2) / (2 √π), in which nothing cancels where it is 0."""
        _, w, root = _standardised(z, y)
        surplus = ((math.log(2) - w.square()) / 2).expm1() / (2 * math.sqrt(math.pi))
        largest = torch.finfo(z.dtype).max
        return torch.cat([-torch.erf(w / math.sqrt(2)), root * (root * surplus)], OUTPUTS).clamp(-largest, largest)


def _standardised(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """y − m, w = (y − m)/σ and √σ, each (..., T, B): σ itself may leave the floats where what it is multiplied with does not."""
    mean, log_variance = torch.split(z, y.shape[OUTPUTS], OUTPUTS)
    distance, steep = y - mean, bounded_exp(-log_variance / 4)
    return distance, distance * steep * steep, bounded_exp(log_variance / 4)


def _density(w: Tensor) -> Tensor:
    """φ(w), the standard normal density."""
    return (-w.square() / 2).exp() / math.sqrt(2 * math.pi)
