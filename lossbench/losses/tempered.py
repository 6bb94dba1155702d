"""Cross entropy with a tempered logarithm and a tempered exponential."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Domain, Loss, Properties, Task
from lossbench.interfaces.links import FAR, OUTPUTS, log_softmax
from lossbench.loss_families.categorical import classes

ROUNDS = 16  # of Newton's method, which from below needs 4 to 9 for full precision; a fixed number treats all examples alike
SMALL = 0.25  # below this a series is more accurate than a difference


@dataclass(frozen=True, kw_only=True)
class BiTempered(Loss):
    """Bi-tempered logistic loss: bounded for t1 < 1, and with heavy-tailed probabilities for t2 > 1.

    Domain: targets y in [0, 1] that sum to 1; 0 ≤ t1 ≤ 1 ≤ t2 ≤ 10. A lone output plays against a raw output of 0.
    Link: identity, for classification only; its own probabilities are p_c = exp_t2(z_c − λ), λ making them sum to 1, with
        exp_t x = [1 + (1 − t) x]^(1/(1−t)) and log_t x = (x^(1−t) − 1)/(1 − t).
    Formula: ℓ = Σ_c [y_c (log_t1 y_c − log_t1 p_c) − (y_c^(2−t1) − p_c^(2−t1)) / (2 − t1)].
    Gradient: v_j − q_j Σ_k v_k, with v = (p − y) p^(t2−t1) and q_j = p_j^t2 / Σ_k p_k^t2.
    Identities: t1 = t2 = 1 is CrossEntropy on the softmax; t1 = 0 with t2 = 1 is HalfSquaredError on the softmax.
    Properties: bounded for t1 < 1; convex for t1 = t2 = 1; saturation exponent 0 for t2 > 1, where the gradient dies like
        a power of the margin, and 1 − t1 for t2 = 1.
    Source: Amid, Warmuth, Anil & Koren, Robust Bi-Tempered Logistic Loss Based on Bregman Divergences, 2019.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "distribution"

    t1: float = 0.8
    t2: float = 1.2
    link: Literal["identity"] = "identity"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def __post_init__(self) -> None:
        if not 0 <= self.t1 <= 1 <= self.t2 <= 10:
            raise BadInput(f"bi_tempered has t1 = {self.t1} and t2 = {self.t2}; t1 must lie in 0 to 1 and t2 in 1 to 10.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        z, y = classes(z, y)
        log, power = _log_probabilities(z, self.t2), 2 - self.t1
        wrong = (power * log).exp() / power
        even = torch.where(y == 0, 0.0, y * _deformed(y.log(), 1 - self.t1)) - (y.pow(power) - y) / power
        return (y * _shortfall(log, 1 - self.t1) + (1 - y) * wrong + even).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dz, (..., C, B), with nothing cancelled where classes tie.

        It is counted from the error e_w of the most probable class: v − p^t2 e_w.
        """
        outputs = z.shape[OUTPUTS]
        z, y = classes(z, y)
        log = _log_probabilities(z, self.t2)
        p, rest, escort = log.exp(), -log.expm1(), (self.t2 * log).exp()
        away = (1 - y) * ((1 - self.t1) * log).exp()
        error = away - y * rest * p.clamp_min(torch.finfo(p.dtype).tiny).pow(-self.t1)
        top = torch.add(error, z - z.amax(OUTPUTS, keepdim=True), alpha=FAR).amax(OUTPUTS, keepdim=True)
        pull = escort * (away - top) - y * rest * ((self.t2 - self.t1) * log).exp()
        pull = torch.where(error == top, 0.0, pull)
        share = escort / escort.sum(OUTPUTS, keepdim=True)
        return (pull - share * pull.sum(OUTPUTS, keepdim=True)).narrow(OUTPUTS, 0, outputs)

    def properties(self) -> Properties:
        plain = self.t1 == 1 and self.t2 == 1
        return Properties(
            proper=False,
            strictly=False,
            convex=plain,
            calibrated=True,
            calibrated_for_three=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=False,
            bounded=self.t1 < 1,
            saturation=0.0 if self.t2 > 1 else 1 - self.t1,
        )


def _log_probabilities(z: Tensor, t: float) -> Tensor:
    """log p for p = exp_t(z − λ), to full relative accuracy next to p = 1 too.

    With d = max z − z and k = t − 1, p = (1 + x + k d)^(−1/k); x ≥ 0 is found by Newton's method on log Σp, which is
    convex in x. One winner's share of 1 − Σp is formed apart, so that a tiny x keeps its digits.
    """
    if t == 1:
        return log_softmax(z)
    k = t - 1
    d = z.amax(OUTPUTS, keepdim=True) - z
    winners = (d == 0).sum(OUTPUTS, keepdim=True)
    x = torch.zeros_like(d.select(OUTPUTS, 0).unsqueeze(OUTPUTS))
    for _ in range(ROUNDS):
        log = -(x + k * d).log1p() / k
        p = log.exp()
        top = -x.log1p() / k
        excess = torch.where(d == 0, 0.0, p).sum(OUTPUTS, keepdim=True) + (winners - 1) * top.exp() + top.expm1()
        slope = (p / (1 + x + k * d)).sum(OUTPUTS, keepdim=True) / k
        x = (x + (1 + excess) * excess.log1p() / slope).clamp_min(0)
    return -(x + k * d).log1p() / k


def _shortfall(log: Tensor, rate: float) -> Tensor:
    """What a right class costs, with rate = 1 − t1: ∫ e^(rate u) (1 − e^u) du from log p to 0, near 0 by its series."""
    small = log.clamp(-SMALL, 0)
    series = torch.zeros_like(small)
    factor = 1.0
    terms = []
    for order in range(2, 18):
        factor /= order
        terms.append(factor * ((1 + rate) ** (order - 1) - rate ** (order - 1)))
    for term in reversed(terms):
        series = series * small + term
    far = _deformed(log, 1 + rate) - _deformed(log, rate)
    return torch.where(log > -SMALL, series * small.square(), far)


def _deformed(log: Tensor, rate: float) -> Tensor:
    """(e^(rate · log) − 1) / rate: the tempered logarithm."""
    return log if rate == 0 else (rate * log).expm1() / rate
