"""Losses of several scores at once: the right class against its rivals."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces import Domain, Loss, Properties, Task
from lossbench.interfaces.links import OUTPUTS
from lossbench.loss_families.categorical import classes


@dataclass(frozen=True, kw_only=True)
class MulticlassHinge(Loss):
    """The right class must lead its rivals by a margin: all of them, or the strongest.

    Domain: one-hot targets; margin ≥ 0; power 1 or 2. A lone output plays against a score of 0.
    Link: identity, for classification only.
    Formula: with s the right class's score and v_c = max(0, margin + z_c − s): Weston & Watkins ℓ = Σ_{c wrong} v_c^power,
        Crammer & Singer ℓ = max_{c wrong} v_c^power. torch's MultiMarginLoss is the former over C.
    Gradient: power · v_c^(power − 1) for every wrong class that counts (v_c > 0; for Crammer & Singer the first of the
        strongest), less their sum for the right one.
    Identities: with two classes both forms agree; with one output this is Hinge; margin = 0 with crammer_singer is the
        multiclass perceptron's max_c z_c − s.
    Properties: convex; classification-calibrated for two classes, for more only weston_watkins with power 2; saturation
        exponent 0.
    Source: Weston & Watkins, Support Vector Machines for Multi-Class Pattern Recognition, 1999; Crammer & Singer, On the
        Algorithmic Implementation of Multiclass Kernel-based Vector Machines, 2001.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "one_hot"
    form: Literal["crammer_singer", "weston_watkins"] = "crammer_singer"
    margin: float = 1.0
    power: int = 1
    link: Literal["identity"] = "identity"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def __post_init__(self) -> None:
        if not 0 <= self.margin < math.inf or self.power not in {1, 2}:
            raise BadInput(f"multiclass_hinge has margin = {self.margin} and power = {self.power}; margin ≥ 0, power 1 or 2.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        behind = self._behind(*classes(z, y)).pow(self.power)
        return behind.sum(OUTPUTS) if self.form == "weston_watkins" else behind.amax(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        scores, targets = classes(z, y)
        behind = self._behind(scores, targets)
        push = (1 - targets) * ((behind > 0).to(z.dtype) if self.power == 1 else 2 * behind)
        if self.form == "crammer_singer":
            strongest = behind == behind.amax(OUTPUTS, keepdim=True)
            push = push * (strongest & (strongest.cumsum(OUTPUTS) == 1))
        slope = push - targets * push.sum(OUTPUTS, keepdim=True)
        return slope.narrow(OUTPUTS, 0, z.shape[OUTPUTS])

    def _behind(self, z: Tensor, y: Tensor) -> Tensor:
        """v_c, 0 for the right class."""
        score = (y * z).sum(OUTPUTS, keepdim=True)
        return (1 - y) * ((z - score) + self.margin).clamp_min(0)

    def properties(self) -> Properties:
        return Properties(
            proper=False,
            strictly=False,
            convex=True,
            calibrated=self.margin > 0,
            calibrated_for_three=self.margin > 0 and self.power == 2 and self.form == "weston_watkins",
            canonical=False,
            symmetric=True,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )


@dataclass(frozen=True, kw_only=True)
class Sparsemax(Loss):
    """Cross entropy's sibling for the sparsemax link, whose probabilities can be exactly 0: once the lead is 1, it is content.

    Domain: targets y in [0, 1] that sum to 1. A lone output plays against a score of 0.
    Link: identity, for classification only; its own probabilities p are the point of the simplex that is nearest to z.
    Formula: ℓ = ½ Σ_c (p_c − y_c)² + Σ_c y_c max(0, τ − z_c), with p_c = max(0, z_c − τ) summing to 1.
    Gradient: dℓ/dz = p − y.
    Identities: with one output and margin m, ℓ is 0 for m ≥ 1, −m for m ≤ −1 and (1 − m)²/4 between.
    Properties: convex; classification-calibrated; saturation exponent 0.
    Source: Martins & Astudillo, From Softmax to Sparsemax, 2016.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "distribution"
    link: Literal["identity"] = "identity"
    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        scores, targets = classes(z, y)
        nearest = _project(scores)
        return (0.5 * _difference(nearest.p, targets).square() + targets * nearest.shortfall).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        scores, targets = classes(z, y)
        return _difference(_project(scores).p, targets).narrow(OUTPUTS, 0, z.shape[OUTPUTS])

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


class Nearest(NamedTuple):
    """The nearest point p of the simplex, and by how much each score falls short of the threshold, max(0, τ − z)."""

    p: Tensor
    shortfall: Tensor


def _project(z: Tensor) -> Nearest:
    """p_c = max(0, z_c − τ), the threshold τ chosen so that Σp = 1."""
    below = z - z.amax(OUTPUTS, keepdim=True)
    ranked = below.sort(OUTPUTS, descending=True).values
    rank = torch.arange(1, z.shape[OUTPUTS] + 1, dtype=z.dtype, device=z.device)[:, None]
    within = ranked.cumsum(OUTPUTS) - rank * ranked < 1
    count = within.sum(OUTPUTS, keepdim=True)
    above = (1 + (count * below - (ranked * within).sum(OUTPUTS, keepdim=True))) / count
    return Nearest(above.clamp_min(0), (-above).clamp_min(0))


def _difference(p: Tensor, y: Tensor) -> Tensor:
    """p − y; the 1 − p of a p over ½ is the sum of the others, so that nothing cancels next to 1."""
    others = (p * (p <= 0.5)).sum(OUTPUTS, keepdim=True)
    return p * (1 - y) - torch.where(p > 0.5, others, 1 - p) * y
