"""Losses that compare prediction and target as two vectors: by their overlap and their lengths."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from lossbench.interfaces import Properties
from lossbench.interfaces.links import OUTPUTS, Softmax, log_softmax, softmax
from lossbench.loss_families.categorical import Categorical


@dataclass(frozen=True, kw_only=True)
class Tanimoto(Categorical):
    """One less the Tanimoto similarity of prediction and target: the Jaccard index carried over from sets.

    Domain: targets y in [0, 1], summing to 1 on the softmax.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = 1 − p·y / (‖p‖² + ‖y‖² − p·y) = ‖p − y‖² / (‖p‖² + ‖y‖² − p·y); on the sigmoid the same for each pair
        (a, 1 − a). The source leaves out the 1.
    Gradient: with P = p·y, Q = ‖p‖², Y = ‖y‖² and D = Q + Y − P: p_j [P (Y − Q + 2 p_j) − y_j (Q + Y)] / D².
    Identities: with one-hot targets ℓ = 1 − p / (‖p‖² + 1 − p) for the right class's p.
    Properties: not proper; bounded by 1; not convex; saturation exponent 1.
    Source: Janocha & Czarnecki, On Loss Functions for Deep Neural Networks in Classification, 2017; Rogers & Tanimoto 1960.
    """

    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def cost(self, z: Tensor, y: Tensor) -> Tensor:
        p, rest = softmax(z)
        distance = (p * (1 - y) - rest * y).square().sum(OUTPUTS)
        return distance / (distance + (p * y).sum(OUTPUTS))

    def cost_gradient(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dz on the softmax, (..., C, B), with nothing cancelled for one-hot targets.

        Every term of a wrong class is positive, every term of the right one negative.
        """
        p, rest = softmax(z)
        overlap = (p * y).sum(OUTPUTS, keepdim=True)
        distance = (p * (1 - y) - rest * y).square().sum(OUTPUTS, keepdim=True)
        spread = (p * rest).sum(OUTPUTS, keepdim=True)  # 1 − Q
        excess = y.square().sum(OUTPUTS, keepdim=True) - 1  # Y − 1, which is 0 for one-hot targets
        other = overlap * (spread + excess + 2 * p)
        right = distance + overlap * (distance + 2 * (overlap - p) - 2 * excess)
        return Softmax(z).balanced(p * ((1 - y) * other - y * right) / (distance + overlap).square(), y)

    def cost_error(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dp = [2P (p − y) − y ‖p − y‖²] / D², (..., C, B): P (2p − y) − y (Q + Y − P) without what cancels next to p = y."""
        p, rest = softmax(z)
        overlap = (p * y).sum(OUTPUTS, keepdim=True)
        difference = p * (1 - y) - rest * y
        distance = difference.square().sum(OUTPUTS, keepdim=True)
        return (2 * overlap * difference - y * distance) / (distance + overlap).square()

    def properties(self) -> Properties:
        return Properties(
            proper=False,
            strictly=False,
            convex=False,
            calibrated=True,
            calibrated_for_three=True,
            canonical=False,
            symmetric=True,
            noise_tolerant=False,
            bounded=True,
            saturation=1.0,
        )


@dataclass(frozen=True, kw_only=True)
class CauchySchwarz(Categorical):
    """The Cauchy–Schwarz divergence: minus the log of the cosine between prediction and target.

    Domain: targets y in [0, 1], not all 0.
    Link: sigmoid or softmax. "auto" is the sigmoid for one output, the softmax for several.
    Formula: ℓ = −log[p·y / (‖p‖ ‖y‖)]; on the sigmoid the same for each pair (a, 1 − a).
    Gradient: s_j − b_j, where s = softmax(2z) and b_j = p_j y_j / p·y.
    Identities: with one-hot targets this is half of CrossEntropy at 2z.
    Properties: convex for one-hot targets; what it estimates is the softmax at 2z, so it is not proper on p; saturation
        exponent 0.
    Source: Principe, Xu & Fisher, Information Theoretic Learning, 2000; as a loss Janocha & Czarnecki 2017.
    """

    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def cost(self, z: Tensor, y: Tensor) -> Tensor:
        log_cosine = (y.log() + 0.5 * log_softmax(2 * z)).logsumexp(OUTPUTS)
        return 0.5 * y.square().sum(OUTPUTS).log() - log_cosine

    def cost_gradient(self, z: Tensor, y: Tensor) -> Tensor:
        sharp, blunt = softmax(2 * z)
        share, others = _answered(z, y)
        return sharp * others - blunt * share

    def cost_error(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dz_c / p_c, (..., C, B), with s_c / p_c = p_c / ‖p‖² and b_c / p_c = y_c / p·y."""
        shares = Softmax(z)
        blunt = softmax(2 * z)[1]
        others = _answered(z, y)[1]
        steep = torch.where(y == 0, 0.0, y / (shares.a * y).sum(OUTPUTS, keepdim=True))
        return shares.a * others / shares.a.square().sum(OUTPUTS, keepdim=True) - blunt * steep

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


def _answered(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """b_c = p_c y_c / p·y and 1 − b_c, both (..., C, B). The log of a share is added to z − max z, which is exact, not to z."""
    return softmax(Softmax(z).below + y.log())
