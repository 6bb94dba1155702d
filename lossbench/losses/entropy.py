"""Losses of the entropy family: they read a probability through its logarithm."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.interfaces import Loss, Properties
from lossbench.links import OUTPUTS, log_softmax, softmax


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

    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        if self.link == "softmax":
            return -(y * log_softmax(z)).sum(OUTPUTS)
        return -(y * logsigmoid(z) + (1 - y) * logsigmoid(-z)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        p, rest = softmax(z) if self.link == "softmax" else (torch.sigmoid(z), torch.sigmoid(-z))
        return p.addcmul(p, y, value=-1).addcmul_(rest, y, value=-1)  # p(1 − y) − (1 − p)y is p − y, and nothing cancels

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        if self.link == "softmax":
            return -_times(y, (-log_softmax(z)).exp())
        return _times(1 - y, 1 + z.exp()) - _times(y, 1 + (-z).exp())

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


def _times(weight: Tensor, factor: Tensor) -> Tensor:
    """weight · factor, where a weight of 0 wins over an infinite factor."""
    return torch.where(weight == 0, 0.0, weight * factor)
