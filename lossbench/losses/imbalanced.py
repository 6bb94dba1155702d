"""Losses for classes of which some are rare. What they must know of the training data they are told when training begins."""

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Literal, Self

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.errors import BadInput
from lossbench.interfaces import Domain, Loss, Properties, Task, TrainingTargets
from lossbench.interfaces.links import OUTPUTS, Softmax, log_softmax
from lossbench.loss_families.constants import constant

FAR_FROM_1 = 0.5  # a share up to which log(1 − x) is taken of x, and beyond which of 1 − x
WIDEST, HALVINGS, SAME = 30.0, 80, 1e-12  # of the search for the raw output at which an even coin decides


@dataclass(frozen=True, kw_only=True)
class Moved(Loss):
    """Cross entropy of raw outputs that are moved by amounts which depend on how many examples the classes have.

    `members` are the training examples of each class, null for those of the data that it trains on; where nobody knows them all
    classes have as many.
    """

    per_example: ClassVar[bool] = True
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    members: tuple[int, ...] | None = None
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def __post_init__(self) -> None:
        self.check()
        if self.members is not None and (len(self.members) < 2 or min(self.members) < 1):
            raise BadInput(f"{self.word} has members = {list(self.members)}; it wants the examples of each class, 1 or more.")

    @abstractmethod
    def check(self) -> None:
        """Raise BadInput where an option of the loss's own is out of range."""

    @abstractmethod
    def moves(self, z: Tensor, y: Tensor) -> Tensor:
        """What is added to raw outputs, (C, 1) or (..., C, B)."""

    def informed(self, targets: TrainingTargets) -> Self:
        return replace(self, members=targets.members) if self.members is None and targets.members else self

    def on(self, task: Task, outputs: int) -> Self:
        if task == "multilabel":
            raise BadInput(
                f"The loss {self.word!r} has no meaning for multilabel: its rare classes are those of which one is right."
            )
        settled = Loss.on(self, task, outputs)
        if self.members is not None and len(self.members) != max(2, outputs):
            raise BadInput(f"{self.word} has the members of {len(self.members)} classes, and the data have {max(2, outputs)}.")
        return settled

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return self.at(z + self.moves(z, y), y)

    def at(self, moved: Tensor, y: Tensor) -> Tensor:
        """Cross entropy (..., B) of raw outputs (..., C, B) that have been moved."""
        if self.link == "softmax":
            return -(y * log_softmax(moved)).sum(OUTPUTS)
        return -(y * logsigmoid(moved) + (1 - y) * logsigmoid(-moved)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return self.link_function.at(z + self.moves(z, y)).residual(y)

    def each(self, z: Tensor) -> Tensor:
        """The number of training examples of each class, (K,), as it was told."""
        return constant(self.members or (), z.dtype, z.device)

    @property
    def even(self) -> bool:
        """Whether all classes have as many examples, as far as is known."""
        return self.members is None or len({*self.members}) == 1


@dataclass(frozen=True, kw_only=True)
class LogitAdjusted(Moved):
    """Cross entropy of raw outputs to which the log of each class's frequency is added: without it, rare classes lose nothing.

    Domain: targets y in [0, 1], summing to 1 on the softmax; tau ≥ 0. One class is right.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = CrossEntropy at z + τ log π, π being the classes' shares of the training data; on the sigmoid at
        z + τ log(π / (1 − π)).
    Gradient: p' − y, with p' the link's output at what is moved.
    Identities: tau = 0 is CrossEntropy; where nobody says the members this is CrossEntropy.
    Properties: calibrated for the balanced error, not proper for data as they are but for tau = 0; convex; saturation exponent 0.
    Source: Menon, Jayasumana, Rawat, Jain, Veit & Kumar, Long-tail Learning via Logit Adjustment, 2021.
    """

    takes: ClassVar[Domain] = "shares"
    tau: float = 1.0

    def check(self) -> None:
        if not 0 <= self.tau < math.inf:
            raise BadInput(f"logit_adjusted has tau = {self.tau}; it must be 0 or more.")

    def moves(self, z: Tensor, y: Tensor) -> Tensor:
        """(C, 1): τ log π_c, the largest being 0, on the softmax; on the sigmoid the log-odds τ log(π_c / (1 − π_c)).

        Where nobody knows the members 0, as z.
        """
        del y
        if self.members is None:
            return torch.zeros_like(z)
        each = self.each(z)
        if self.link == "softmax":
            return self.tau * (each / each.max()).log()[:, None]
        odds = each / (each.sum() - each)
        return self.tau * odds.log()[-z.shape[OUTPUTS] :, None]

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dp_c = w_c / Σ p w − y_c / p_c, (..., C, B), with w = π^τ, on the softmax; else solved from the gradient."""
        if self.link != "softmax":
            return Loss.error(self, z, y)
        shares, weights = Softmax(z), self.moves(z, y).exp()
        return weights / (shares.a * weights).sum(OUTPUTS, keepdim=True) - shares.quotient(y)

    def properties(self) -> Properties:
        plain = self.even or self.tau == 0
        return _claims(plain=plain)


@dataclass(frozen=True, kw_only=True)
class Ldam(Moved):
    """Cross entropy with a margin that the right class must lead by, the larger the rarer it is (label-distribution-aware).

    Domain: one-hot targets; margin ≥ 0, scale > 0. One class is right.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = CrossEntropy at s (z − y Δ), with Δ_c = margin · (n_c / min n)^(−1/4) for n_c training examples of class c; of
        one output at s (z − y Δ_1 + (1 − y) Δ_0).
    Gradient: s (p' − y), with p' the link's output at what is moved and scaled.
    Identities: margin = 0 and scale = 1 is CrossEntropy.
    Properties: not proper but for margin = 0 and scale = 1; convex; saturation exponent 0.
    Source: Cao, Wei, Gaidon, Arechiga & Ma, Learning Imbalanced Datasets with Label-Distribution-Aware Margin Loss, 2019, who
        take s = 30 with a last layer whose outputs are cosines.
    """

    takes: ClassVar[Domain] = "one_hot"
    margin: float = 0.5
    scale: float = 1.0

    def check(self) -> None:
        if not (0 <= self.margin < math.inf and 0 < self.scale < math.inf):
            raise BadInput(f"ldam has margin = {self.margin} and scale = {self.scale}; margin is 0 or more, scale above 0.")

    def moves(self, z: Tensor, y: Tensor) -> Tensor:
        if self.members is None:
            return self.margin * (1 - 2 * y) if z.shape[OUTPUTS] == 1 else -self.margin * y
        each = self.each(z)
        margins = self.margin * (each / each.min()).pow(-0.25)
        return (1 - y) * margins[0] - y * margins[1] if z.shape[OUTPUTS] == 1 else -y * margins[:, None]

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return self.at(self.scale * (z + self.moves(z, y)), y)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return self.scale * self.link_function.at(self.scale * (z + self.moves(z, y))).residual(y)

    def properties(self) -> Properties:
        return _claims(plain=self.margin == 0 and self.scale == 1)


@dataclass(frozen=True, kw_only=True)
class Asymmetric(Loss):
    """Focal loss that is gentle to labels that are there and hard on easy ones that are not, of which there are too many.

    Domain: targets y in [0, 1]; gamma_positive ≥ 0, gamma_negative ≥ 0, shift from 0 to below 1.
    Link: sigmoid, also for several outputs.
    Formula: ℓ = −Σ_c [y_c (1 − a_c)^γ₊ log a_c + (1 − y_c) b_c^γ₋ log(1 − b_c)], with b_c = max(0, a_c − shift).
    Gradient: of the first term −(1 − a)^γ₊ [(1 − a) − γ₊ a log a], of the second
        a (1 − a) [b^γ₋/(1 − b) − γ₋ b^(γ₋ − 1) log(1 − b)], 0 where a ≤ shift.
    Identities: gamma_positive = gamma_negative = 0 and shift = 0 is CrossEntropy on the sigmoid; gamma_positive = gamma_negative
        = 2 and shift = 0 is Focal on the sigmoid.
    Properties: not proper; not convex; saturation exponent 0 for target 1, and with a shift 1 for target 0, for what is left of
        1 − b is the shift.
    Source: Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter & Zelnik-Manor, Asymmetric Loss for Multi-Label Classification,
        2021.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)
    gamma_positive: float = 1.0
    gamma_negative: float = 4.0
    shift: float = 0.05
    link: Literal["sigmoid"] = "sigmoid"

    def __post_init__(self) -> None:
        if not (0 <= self.gamma_positive < math.inf and 0 <= self.gamma_negative < math.inf and 0 <= self.shift < 1):
            raise BadInput(
                f"asymmetric has gamma_positive = {self.gamma_positive}, gamma_negative = {self.gamma_negative} and shift = "
                f"{self.shift}; the first two are 0 or more, and shift lies from 0 to below 1."
            )

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        b, log_rest = self._absent(z)
        present = -_sigmoid(-z).pow(self.gamma_positive) * logsigmoid(z)
        return (y * present - (1 - y) * b.pow(self.gamma_negative) * log_rest).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        a, rest = _sigmoid(z), _sigmoid(-z)
        steepness = self.gamma_positive * a * _ratio(logsigmoid(z), rest)
        present = -rest.pow(self.gamma_positive) * rest * (1 + steepness)
        b, log_rest = self._absent(z)
        share = rest / (rest + self.shift) if self.shift else torch.ones_like(rest)  # (1 − a)/(1 − b)
        absent = a * b.pow(self.gamma_negative) * (share + self.gamma_negative * rest * _ratio(log_rest, b))
        return y * present + (1 - y) * torch.where(a > self.shift, absent, 0.0)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/da, (..., C, B): −(1 − a)^γ₊ [1/a + γ₊ r(a)] and b^γ₋ [1/(1 − b) + γ₋ r(1 − b)], with r(x) = −log x / (1 − x)."""
        a, rest = _sigmoid(z), _sigmoid(-z)
        present = -rest.pow(self.gamma_positive) * (1 / a + self.gamma_positive * _ratio(logsigmoid(z), rest))
        b, log_rest = self._absent(z)
        absent = b.pow(self.gamma_negative) * (1 / (rest + self.shift) + self.gamma_negative * _ratio(log_rest, b))
        absent = torch.where(a > self.shift, absent, 0.0)
        return torch.where(y == 0, 0.0, y * present) + torch.where(y == 1, 0.0, (1 - y) * absent)

    @property
    def boundary(self) -> float:
        """Where an even coin's cost is least: the easy side is that of labels that are not there."""
        return _turn(self)

    def _absent(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """b = max(0, a − shift) and log(1 − b), (..., C, B), both where a is near the shift and where it is near 1."""
        b = (_sigmoid(z) - self.shift).clamp_min(0)
        if not self.shift:
            return b, logsigmoid(-z)
        far = torch.logaddexp(logsigmoid(-z), torch.full_like(z, math.log(self.shift)))
        return b, torch.where(b > FAR_FROM_1, far, (-b.clamp_max(FAR_FROM_1)).log1p())

    def properties(self) -> Properties:
        plain = self.gamma_positive == 0 and self.gamma_negative == 0 and self.shift == 0
        return Properties(
            proper=plain,
            strictly=plain,
            convex=plain,
            canonical=plain,
            noise_tolerant=False,
            bounded=False,
            saturation=(0.0, 1.0) if self.shift else 0.0,
        )


def _sigmoid(z: Tensor) -> Tensor:
    """σ(z), down to the smallest floats; torch's own is 0 in float32 from z = −88.8 on, where e^(−z) is infinite."""
    return torch.where(z < -80, z.clamp_max(0).exp(), torch.sigmoid(z))


def _ratio(log: Tensor, rest: Tensor) -> Tensor:
    """−log(1 − x) / x for a log and x = `rest`, (..., C, B): 1 where x is 0."""
    tiny = torch.finfo(rest.dtype).tiny
    return torch.where(rest < tiny, 1.0, -log / rest.clamp_min(tiny))


@lru_cache
def _turn(loss: Asymmetric) -> float:
    """The raw output at which the pulls of target 0 and of target 1 are alike, by bisection."""
    low, high = -WIDEST, WIDEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        z = torch.full((1, 2), middle, dtype=torch.float64)
        pull = float(loss.gradient(z, torch.tensor([[0.0, 1.0]], dtype=torch.float64)).sum())
        low, high = (middle, high) if pull < 0 else (low, middle)
    return 0.0 if abs(low) < SAME else low


def _claims(*, plain: bool) -> Properties:
    return Properties(
        proper=plain, strictly=plain, convex=True, canonical=plain, noise_tolerant=False, bounded=False, saturation=0.0
    )
