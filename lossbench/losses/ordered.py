"""Losses of classes in an order, such as grades: a mistake costs the more, the further off it is."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.interfaces import Properties
from lossbench.interfaces.links import OUTPUTS
from lossbench.loss_families.ordered import Ordered, above, below, members


@dataclass(frozen=True, kw_only=True)
class Coral(Ordered):
    """One yes-or-no question a threshold: does the class lie above it? Cross entropy of the answers, summed.

    Domain: targets y in [0, 1] that sum to 1, of classes in an order; for classes in an order only.
    Link: sigmoid; of C classes there are C − 1 raw outputs, a_k being the probability that the class lies above threshold k.
    Formula: ℓ = −Σ_k [t_k log a_k + (1 − t_k) log(1 − a_k)], with t_k = Σ_{c>k} y_c.
    Gradient: a − t.
    Identities: with two classes this is CrossEntropy on the sigmoid.
    Properties: strictly proper for every threshold, convex in z; saturation exponent 0. Answers may contradict each other, a_k
        rising with k; for probabilities of classes each counts as the least of those before it. The source rules that out by a
        last layer whose raw outputs share their weights and differ by their biases alone; here each has weights of its own.
    Source: Cao, Mirjalili & Raschka, Rank Consistent Ordinal Regression for Neural Networks, 2020; with weights of their own Niu,
        Zhou, Wang, Gao & Hua, Ordinal Regression with Multiple Output CNN for Age Estimation, 2016.
    """

    link: Literal["sigmoid"] = "sigmoid"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        y = members(y)
        return -(above(y) * logsigmoid(z) + below(y) * logsigmoid(-z)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        y = members(y)
        return torch.sigmoid(z) * below(y) - torch.sigmoid(-z) * above(y)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        y = members(y)
        return _times(below(y), 1 + z.exp()) - _times(above(y), 1 + (-z).exp())

    def log_probabilities(self, z: Tensor) -> Tensor:
        """log p_c = log(b_{c−1} − b_c), (..., C, B), with b_k the least of a_0 … a_k; never below that of the smallest float."""
        log = logsigmoid(z).cummin(OUTPUTS).values
        thresholds = z.shape[OUTPUTS]
        upper, lower = log.narrow(OUTPUTS, 0, thresholds - 1), log.narrow(OUTPUTS, 1, thresholds - 1)
        between = upper + (-(lower - upper).expm1()).log()
        first, last = logsigmoid(-z.narrow(OUTPUTS, 0, 1)), log.narrow(OUTPUTS, thresholds - 1, 1)
        return torch.cat([first, between, last], OUTPUTS).clamp_min(math.log(torch.finfo(z.dtype).tiny))

    def properties(self) -> Properties:
        return _of_two_classes()


@dataclass(frozen=True, kw_only=True)
class ContinuationRatio(Ordered):
    """Classes are climbed one after the other: does it go on from here? The likelihood of where it ends (CORN).

    Domain: targets y in [0, 1] that sum to 1, of classes in an order; for classes in an order only.
    Link: sigmoid; of C classes there are C − 1 raw outputs, a_k being the probability of going on beyond class k once it is
        reached: p_c = (1 − a_c) Π_{k<c} a_k, and for the highest class Π_k a_k.
    Formula: ℓ = −Σ_c y_c log p_c = −Σ_k [t_k log a_k + y_k log(1 − a_k)], with t_k = Σ_{c>k} y_c.
    Gradient: y_k a_k − t_k (1 − a_k); 0 at thresholds beyond the class, which says nothing of them.
    Identities: with two classes this is CrossEntropy on the sigmoid; with one-hot targets ℓ = −log p of the class.
    Properties: strictly proper; convex in z; saturation exponent 0. Probabilities of lying above a threshold always fall.
    Source: Shi, Cao & Raschka, Deep Neural Networks for Rank-Consistent Ordinal Regression Based on Conditional Probabilities,
        2021, who divide each threshold's sum by how many examples reach it; Fienberg, The Analysis of Cross-Classified
        Categorical Data, 1980.
    """

    link: Literal["sigmoid"] = "sigmoid"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        y = members(y)
        return -(above(y) * logsigmoid(z) + _lower(y) * logsigmoid(-z)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        y = members(y)
        return torch.sigmoid(z) * _lower(y) - torch.sigmoid(-z) * above(y)

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        y = members(y)
        return _times(_lower(y), 1 + z.exp()) - _times(above(y), 1 + (-z).exp())

    def log_probabilities(self, z: Tensor) -> Tensor:
        reached = torch.nn.functional.pad(logsigmoid(z).cumsum(OUTPUTS), (0, 0, 1, 0))
        stopped = torch.nn.functional.pad(logsigmoid(-z), (0, 0, 0, 1))
        return reached + stopped

    def properties(self) -> Properties:
        return _of_two_classes()


@dataclass(frozen=True, kw_only=True)
class CumulativeLink(Ordered):
    """A quantity behind the classes, cut by thresholds: the likelihood of the piece, with logistic noise.

    Domain: targets y in [0, 1] that sum to 1, of classes in an order; for classes in an order only.
    Link: identity; of C classes there are C − 1 raw outputs. The first is u_0, the quantity less the lowest threshold, and each
        further one makes a distance between thresholds, u_k = u_{k−1} − log(1 + e^(z_k)), so that they never cross.
    Formula: ℓ = −Σ_c y_c log p_c, with p_c = σ(u_{c−1}) − σ(u_c), σ(u_{−1}) = 1 and σ(u_{C−1}) = 0.
    Gradient: with d_c = y_c [σ(u_c) − σ(−u_{c−1})]: Σ_c d_c in z_0, −σ(z_j) [y_j σ(u_j) + Σ_{c>j} d_c] − y_j σ(−z_j) in z_j.
    Identities: with one-hot targets ℓ = −log p of the class; for an inner class ℓ = −log[σ(u_{c−1}) σ(−u_c) σ(z_c)].
    Properties: a likelihood, proper for the classes; saturation exponent 0. Distances that depend on no feature are the
        proportional odds model; here they may depend on features.
    Source: McCullagh, Regression Models for Ordinal Data, 1980; with distances from features Peterson & Harrell, Partial
        Proportional Odds Models for Ordinal Response Variables, 1990.
    """

    link: Literal["identity"] = "identity"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        y = members(y)
        return -(y * self.log_probabilities(z)).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        y = members(y)
        u, thresholds = _positions(z), z.shape[OUTPUTS]
        pulls = y * _pulls(u)
        beyond = pulls.flip(OUTPUTS).cumsum(OUTPUTS).flip(OUTPUTS)
        gaps, inner, own = (part.narrow(OUTPUTS, 1, thresholds - 1) for part in (z, y, u))
        further = beyond.narrow(OUTPUTS, 2, thresholds - 1) + inner * torch.sigmoid(own)
        widths = -torch.sigmoid(gaps) * further - inner * torch.sigmoid(-gaps)
        return torch.cat([beyond.narrow(OUTPUTS, 0, 1), widths], OUTPUTS)

    def log_probabilities(self, z: Tensor) -> Tensor:
        """log p (..., C, B): σ(u) − σ(v) = σ(u) σ(−v) (1 − e^(v−u)), and 1 − e^(−log(1 + e^z)) is σ(z)."""
        u, thresholds = _positions(z), z.shape[OUTPUTS]
        pad = torch.nn.functional.pad
        gaps = logsigmoid(z.narrow(OUTPUTS, 1, thresholds - 1))
        return pad(logsigmoid(u), (0, 0, 1, 0)) + pad(logsigmoid(-u), (0, 0, 0, 1)) + pad(gaps, (0, 0, 1, 1))

    def properties(self) -> Properties:
        return Properties(
            proper=False, strictly=False, calibrated=True, canonical=False, noise_tolerant=False, bounded=False, saturation=0.0
        )


def _positions(z: Tensor) -> Tensor:
    """u (..., C − 1, B): the first raw output, less the distances to each further threshold."""
    gaps = -logsigmoid(-z.narrow(OUTPUTS, 1, z.shape[OUTPUTS] - 1))
    return z.narrow(OUTPUTS, 0, 1) - torch.nn.functional.pad(gaps.cumsum(OUTPUTS), (0, 0, 1, 0))


def _pulls(u: Tensor) -> Tensor:
    """How each class pulls at the quantity, σ(u_c) − σ(−u_{c−1}), (..., C, B): of inner ones with nothing cancelled.

    With s = u_{c−1} + u_c that is σ(u_c) σ(u_{c−1}) (1 − e^(−s)), and for s < 0 the same with every sign turned.
    """
    inner = u.shape[OUTPUTS] - 1
    left, right = u.narrow(OUTPUTS, 0, inner), u.narrow(OUTPUTS, 1, inner)
    sign = (left + right).sign()
    size = torch.sigmoid(sign * left) * torch.sigmoid(sign * right) * -(-(left + right).abs()).expm1()
    return torch.cat([torch.sigmoid(u.narrow(OUTPUTS, 0, 1)), sign * size, -torch.sigmoid(-u.narrow(OUTPUTS, inner, 1))], OUTPUTS)


def _lower(y: Tensor) -> Tensor:
    """The targets (..., C − 1, B) of all classes but the highest."""
    return y.narrow(OUTPUTS, 0, y.shape[OUTPUTS] - 1)


def _times(weight: Tensor, factor: Tensor) -> Tensor:
    """weight · factor, where a weight of 0 wins over an infinite factor."""
    return torch.where(weight == 0, 0.0, weight * factor)


def _of_two_classes() -> Properties:
    """What holds of two classes, which are cross entropy's, and of more."""
    return Properties(
        proper=True, strictly=True, convex=True, calibrated=True, noise_tolerant=False, bounded=False, saturation=0.0
    )
