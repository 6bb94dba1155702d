"""Losses of the entropy family: they read a probability through its logarithm."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.errors import BadInput
from lossbench.interfaces import Domain, Loss, Properties
from lossbench.interfaces.links import OUTPUTS, Softmax, log_softmax, softmax


@dataclass(frozen=True, kw_only=True)
class CrossEntropy(Loss):
    """Cross entropy: the negative log-likelihood of the classes; also called log loss.

    Domain: targets y in [0, 1], summing to 1 on the softmax.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: softmax ℓ = −Σ_c y_c log p_c; sigmoid ℓ = −Σ_c [y_c log a_c + (1 − y_c) log(1 − a_c)].
    Gradient: dℓ/dz = p − y, or a − y: the link's slope cancels.
    Identities: with two outputs, the softmax at z equals the sigmoid at z_2 − z_1.
    Properties: proper, convex in z, saturation exponent 0.
    Source: Good, Rational Decisions, 1952; Solla, Levin & Fleisher, Accelerated Learning in Layered Neural Networks, 1988.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        if self.link == "softmax":
            return -(y * log_softmax(z)).sum(OUTPUTS)
        return -(y * logsigmoid(z) + (1 - y) * logsigmoid(-z)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return self.link_function.at(z).residual(y)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        if self.link == "softmax":
            return Softmax(z).quotient(y).neg_()
        return _times(1 - y, 1 + z.exp()) - _times(y, 1 + (-z).exp())

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
class LabelSmoothing(Loss):
    """Cross entropy towards targets that leave every class a share.

    Domain: targets y in [0, 1], summing to 1 on the softmax; smoothing ε in [0, 1].
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: CrossEntropy at y' = (1 − ε) y + ε/C on the softmax, y' = (1 − ε) y + ε/2 on the sigmoid.
    Gradient: dℓ/dz = p − y'.
    Identities: smoothing = 0 is CrossEntropy.
    Properties: proper and classification-calibrated as cross entropy is for y' (for the untouched truth: not proper);
        convex in z; saturation exponent 0.
    Source: Szegedy et al., Rethinking the Inception Architecture, 2016; Müller, Kornblith & Hinton, 2019.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    smoothing: float = 0.1
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def __post_init__(self) -> None:
        if not 0 <= self.smoothing <= 1:
            raise BadInput(f"label_smoothing has smoothing = {self.smoothing}; it must lie between 0 and 1.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        smooth, rest = self._targets(y)
        if self.link == "softmax":
            return -(smooth * log_softmax(z)).sum(OUTPUTS)
        return -(smooth * logsigmoid(z) + rest * logsigmoid(-z)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        smooth, counter = self._targets(y)
        p, rest = softmax(z) if self.link == "softmax" else (torch.sigmoid(z), torch.sigmoid(-z))
        return p * counter - rest * smooth

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        return CrossEntropy(link=self.link).error(z, self._targets(y)[0])

    def _targets(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """y' and 1 − y'."""
        share = 1 / y.shape[OUTPUTS] if self.link == "softmax" else 0.5
        kept = 1 - self.smoothing
        return kept * y + self.smoothing * share, kept * (1 - y) + self.smoothing * (1 - share)

    def properties(self) -> Properties:
        plain = self.smoothing == 0
        return Properties(
            proper=plain,
            strictly=plain,
            convex=True,
            calibrated=self.smoothing < 1,
            calibrated_for_three=self.smoothing < 1,
            canonical=plain,
            symmetric=True,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )


@dataclass(frozen=True, kw_only=True)
class ConfidencePenalty(Loss):
    """Cross entropy less a share of the entropy of what is predicted: confidence costs.

    Domain: targets y in [0, 1], summing to 1 on the softmax; beta ≥ 0.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = CrossEntropy − β H, with H = −Σ_c p_c log p_c on the softmax and the sum of H(a_c, 1 − a_c) on the sigmoid.
    Gradient: softmax p_j − y_j + β p_j (log p_j + H); sigmoid a − y + β z a(1 − a).
    Identities: beta = 0 is CrossEntropy.
    Properties: strictly proper and convex in z for beta = 0 only; saturation exponent 0.
    Source: Pereyra, Tucker, Chorowski, Kaiser & Hinton, Regularizing Neural Networks by Penalizing Confident Outputs, 2017.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    beta: float = 0.1
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def __post_init__(self) -> None:
        if not 0 <= self.beta < math.inf:
            raise BadInput(f"confidence_penalty has beta = {self.beta}; it must be 0 or more.")

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        """(1 − β) CrossEntropy + β Σ_c (p_c − y_c) z_c, (..., B): nothing cancels where p is close to even."""
        if self.link == "softmax":
            below = z - z.amax(OUTPUTS, keepdim=True)
            slack = (CrossEntropy(link="softmax").gradient(z, y) * below).sum(OUTPUTS)
        else:
            slack = ((1 - y) * _halved(z, logsigmoid(z)) - y * _halved(z, logsigmoid(-z))).sum(OUTPUTS)
        return (1 - self.beta) * CrossEntropy(link=self.link).value(z, y) + self.beta * slack

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        if self.link == "softmax":
            shares = Softmax(z)
            return shares.residual(y) + self.beta * shares.backward(shares.log)
        tilt = self.beta * z
        yes, no = 1 - tilt * torch.sigmoid(z), 1 + tilt * torch.sigmoid(-z)
        return (1 - y) * _halved(no, logsigmoid(z)) - y * _halved(yes, logsigmoid(-z))

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        spread = 1 + log_softmax(z) if self.link == "softmax" else z
        return CrossEntropy(link=self.link).error(z, y) + self.beta * spread

    def properties(self) -> Properties:
        plain = self.beta == 0
        return Properties(
            proper=plain,
            strictly=plain,
            convex=plain,
            calibrated=True,
            calibrated_for_three=True,
            canonical=plain,
            symmetric=True,
            noise_tolerant=False,
            bounded=False,
            saturation=0.0,
        )


@dataclass(frozen=True, kw_only=True)
class KullbackLeibler(Loss):
    """Relative entropy of the targets to the predictions: cross entropy less what soft targets cannot help costing.

    Domain: targets y in [0, 1], summing to 1 on the softmax.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: softmax ℓ = Σ_c y_c log(y_c / p_c); sigmoid Σ_c [y_c log(y_c / a_c) + (1 − y_c) log((1 − y_c)/(1 − a_c))].
    Gradient: dℓ/dz = p − y, or a − y.
    Identities: with one-hot targets this is CrossEntropy; with soft ones it is 0 where the prediction is the target.
    Properties: strictly proper, convex in z, saturation exponent 0.
    Source: Kullback & Leibler, On Information and Sufficiency, 1951.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        least = torch.xlogy(y, y) if self.link == "softmax" else torch.xlogy(y, y) + torch.xlogy(1 - y, 1 - y)
        return least.sum(OUTPUTS) + CrossEntropy(link=self.link).value(z, y)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        return CrossEntropy(link=self.link).gradient(z, y)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        return CrossEntropy(link=self.link).error(z, y)

    def properties(self) -> Properties:
        return CrossEntropy(link=self.link).properties()


def _times(weight: Tensor, factor: Tensor) -> Tensor:
    """weight · factor, where a weight of 0 wins over an infinite factor."""
    return torch.where(weight == 0, 0.0, weight * factor)


def _halved(factor: Tensor, log: Tensor) -> Tensor:
    """factor · e^log, with e^log in two halves: alone it may be too small for a float when the product is not."""
    half = (0.5 * log).exp()
    return half * factor * half
