"""Proper scoring rules besides the logarithm and the square."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.errors import BadInput
from lossbench.interfaces import Domain, Loss, Properties, Task
from lossbench.interfaces.links import OUTPUTS, Softmax, log_softmax, softmax

TERMS = 160  # of the power series, whose arguments go up to 0.7
TURN = 0.3  # the probability below which an integral is taken in two parts: above, they would cancel in float32


@dataclass(frozen=True, kw_only=True)
class ProperBeta(Loss):
    """Every proper loss whose weight is a beta density: it says at which probabilities accuracy matters.

    Domain: targets y in [0, 1]; alpha and beta from −1/2 to 5.
    Link: sigmoid, also for several outputs.
    Formula: ℓ = Σ_c [y_c L_1(a_c) + (1 − y_c) L_0(a_c)], with ω(q) = q^(α−1) (1 − q)^(β−1), L_1(a) = ∫_a^1 (1 − q) ω(q) dq
        and L_0(a) = ∫_0^a q ω(q) dq.
    Gradient: dℓ/dz = (a − y) a^α (1 − a)^β.
    Identities: alpha = beta = 0 is CrossEntropy on the sigmoid; alpha = beta = 1 is HalfSquaredError on the sigmoid;
        alpha = beta = −1/2 at 2z is twice Exponential at z.
    Properties: strictly proper; convex in z for α = β in [−1/2, 0]; saturation exponents α for target 1 and β
        for target 0.
    Source: Buja, Stuetzle & Shen, Loss Functions for Binary Class Probability Estimation and Classification, 2005.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    alpha: float = 0.5
    beta: float = 0.5
    link: Literal["sigmoid"] = "sigmoid"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def __post_init__(self) -> None:
        if not (-0.5 <= self.alpha <= 5 and -0.5 <= self.beta <= 5):
            raise BadInput(f"proper_beta has alpha = {self.alpha} and beta = {self.beta}; both must lie between −0.5 and 5.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        yes, no = _partial(z, self.alpha, self.beta), _partial(-z, self.beta, self.alpha)
        return (y * yes + (1 - y) * no).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        log, rest = logsigmoid(z), logsigmoid(-z)
        against = _power(log * (self.alpha + 1) + rest * self.beta)
        towards = _power(log * self.alpha + rest * (self.beta + 1))
        return (1 - y) * against - y * towards

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        log, rest = logsigmoid(z), logsigmoid(-z)
        against = _power(log * self.alpha + rest * (self.beta - 1))
        towards = _power(log * (self.alpha - 1) + rest * self.beta)
        return (1 - y) * against - y * towards

    def properties(self) -> Properties:
        return Properties(
            proper=True,
            strictly=True,
            convex=self.alpha <= 0 and self.beta <= 0,
            calibrated=True,
            canonical=self.alpha == 0 and self.beta == 0,
            symmetric=self.alpha == self.beta,
            noise_tolerant=False,
            bounded=self.alpha > 0 and self.beta > 0,
            saturation=self.alpha if self.alpha == self.beta else (self.alpha, self.beta),
        )


@dataclass(frozen=True, kw_only=True)
class SphericalScore(Loss):
    """One less the cosine between the probabilities and the class that came: the spherical score turned into a loss.

    Domain: targets y in [0, 1], summing to 1 on the softmax.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = Σ_c y_c (1 − p_c / ‖p‖); on the sigmoid the same for each pair (a, 1 − a).
    Gradient: with u = p / ‖p‖ and s = softmax(2z): −y_j u_j + s_j Σ_k y_k u_k.
    Identities: half of GeneralisedCrossEntropy with q = 1/2 at 2z.
    Properties: strictly proper; bounded by 1; not convex in z; saturation exponent 1.
    Source: Roby, Belief States and the Uses of Evidence, 1965; Good 1971.
    """

    link: Literal["auto", "sigmoid", "softmax"] = "auto"
    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        if self.link == "softmax":
            return -(y * (0.5 * log_softmax(2 * z)).expm1()).sum(OUTPUTS)
        return -(y * (0.5 * logsigmoid(2 * z)).expm1() + (1 - y) * (0.5 * logsigmoid(-2 * z)).expm1()).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        if self.link == "sigmoid":
            yes, no = (0.5 * logsigmoid(2 * z)).exp(), (0.5 * logsigmoid(-2 * z)).exp()
            return (1 - y) * no * yes.square() - y * yes * no.square()
        share, rest = softmax(2 * z)
        pull = y * (0.5 * log_softmax(2 * z)).exp()
        return Softmax(z).balanced(share * (pull.sum(OUTPUTS, keepdim=True) - pull) - pull * rest, y)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        if self.link == "sigmoid":
            return (self._sigmoid_error(-z) * (1 - y)) - self._sigmoid_error(z) * y
        p, rest = softmax(z)[0], softmax(2 * z)[1]
        square = p.square().sum(OUTPUTS, keepdim=True)
        # p_j P / Q − y_j with Q = ‖p‖² and P = y·p: of the right class p²/Q − 1 is −(1 − s), of which softmax(2z) has all digits
        others = (y * p).sum(OUTPUTS, keepdim=True) - y * p
        return (p * others / square - y * rest) / square.sqrt()

    def _sigmoid_error(self, z: Tensor) -> Tensor:
        """d/da of a / ‖(a, 1 − a)‖: (1 − a) / (a² + (1 − a)²)^(3/2)."""
        a, rest = torch.sigmoid(z), torch.sigmoid(-z)
        return rest / (a.square() + rest.square()).pow(1.5)

    def properties(self) -> Properties:
        return Properties(
            proper=True,
            strictly=True,
            convex=False,
            calibrated=True,
            calibrated_for_three=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=False,
            bounded=True,
            saturation=1.0,
        )


def _partial(z: Tensor, alpha: float, beta: float) -> Tensor:
    """∫_a^1 q^(α−1) (1 − q)^β dq at a = σ(z): from 1 down to a at once where a > 0.3, else down to ½ and on from there."""
    log, rest = logsigmoid(z), logsigmoid(-z)
    a, b = torch.sigmoid(z), torch.sigmoid(-z)
    head = _power(log * alpha + rest * (beta + 1)) * _polynomial(_upper(alpha, beta), b.clamp_max(1 - TURN))
    half = -math.log(2)
    middle = 2 ** -(alpha + beta + 1) * sum(term * 0.5**k for k, term in enumerate(_upper(alpha, beta)))
    tail = 2**-alpha * sum(term * 0.5**k for k, term in enumerate(_lower(alpha, beta)))
    first = _between(log, half, alpha)
    beyond = tail - _power(log * alpha) * _polynomial(_lower(alpha, beta), a.clamp_max(TURN))
    return torch.where(a > TURN, head, middle + first + beyond).clamp_max(torch.finfo(z.dtype).max)


def _between(log: Tensor, end: float, power: float) -> Tensor:
    """∫ q^(power−1) dq from e^log up to e^end, in a form in which nothing overflows before the result does."""
    if power == 0:
        return end - log
    if power > 0:
        return math.exp(power * end) * -(power * (log - end)).expm1() / power
    return _power(power * log) * ((power * (end - log)).expm1() / power)


@lru_cache(maxsize=64)
def _upper(alpha: float, beta: float) -> tuple[float, ...]:
    """Coefficients f_k with ∫_a^1 q^(α−1) (1 − q)^β dq = a^α b^(β+1) Σ_k f_k b^k, b = 1 − a: a hypergeometric series."""
    terms = [1 / (beta + 1)]
    for k in range(TERMS):
        terms.append(terms[-1] * (alpha + beta + 1 + k) / (beta + 2 + k))
    return tuple(terms)


@lru_cache(maxsize=64)
def _lower(alpha: float, beta: float) -> tuple[float, ...]:
    """Coefficients g_k with ∫ q^(α−1) [(1 − q)^β − 1] dq = q^α Σ_k g_k q^k, from the binomial series; g_0 = 0."""
    terms, binomial = [0.0], 1.0
    for k in range(1, TERMS):
        binomial *= (k - 1 - beta) / k
        terms.append(binomial / (alpha + k))
    return tuple(terms)


def _polynomial(coefficients: Sequence[float], x: Tensor) -> Tensor:
    """c_0 + c_1 x + c_2 x² + …, after Horner."""
    total = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * x + coefficient
    return total


def _power(log: Tensor) -> Tensor:
    """e^log; what is larger than the largest float counts as the largest."""
    return log.exp().clamp_max(torch.finfo(log.dtype).max)
