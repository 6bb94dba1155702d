"""Losses that square the distance between output and target."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lossbench.interfaces import Loss, Properties
from lossbench.links import OUTPUTS, softmax


@dataclass(frozen=True, kw_only=True)
class HalfSquaredError(Loss):
    """Half the squared distance between output and target, summed over the outputs.

    Domain: any real targets; on the sigmoid and the softmax they are best within [0, 1].
    Link: identity, sigmoid or softmax. "auto" is the identity for regression, else as for cross entropy.
    Formula: ℓ = ½ Σ_c (a_c − y_c)².
    Gradient: identity z − y; sigmoid (a − y)·a(1 − a); softmax p_j [(p − y)_j − Σ_k p_k (p − y)_k]. The link's slope stays.
    Identities: twice this is the squared error; on the identity it is the Gaussian negative log-likelihood with unit
        variance, less ½ log 2π.
    Properties: proper; convex in z on the identity only; saturation exponent 0 (identity), 1 (sigmoid, softmax).
    Source: Legendre 1805; Rumelhart, Hinton & Williams, Learning Representations by Back-Propagating Errors, 1986.
    """

    link: Literal["auto", "identity", "sigmoid", "softmax"] = "auto"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        return 0.5 * self.error(z, y).square().sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        error = self.error(z, y)
        if self.link == "sigmoid":
            return error * (torch.sigmoid(z) * torch.sigmoid(-z))
        if self.link == "softmax":
            p, _ = softmax(z)
            # a constant in the error changes nothing; counted from the winner's, nothing cancels where p is close to y or two outputs tie
            error = error - error.gather(OUTPUTS, z.argmax(OUTPUTS, keepdim=True))
            return p * (error - (p * error).sum(OUTPUTS, keepdim=True))
        return error

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        if self.link == "identity":
            return z - y
        p, rest = softmax(z) if self.link == "softmax" else (torch.sigmoid(z), torch.sigmoid(-z))
        return p.addcmul(p, y, value=-1).addcmul_(rest, y, value=-1)  # a(1 − y) − (1 − a)y is a − y, and nothing cancels

    def properties(self) -> Properties:
        identity = self.link == "identity"
        return Properties(
            proper=True,
            strictly=True,
            convex=identity,
            calibrated=True,
            canonical=identity,
            symmetric=True,
            noise_tolerant=False,
            bounded=not identity,
            saturation=0.0 if identity else 1.0,
        )
