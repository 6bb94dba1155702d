"""Local losses: of all probabilities, they look only at the one that was given to the class that is right."""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.interfaces import Domain, Loss
from lossbench.interfaces.links import OUTPUTS, Softmax, log_softmax, softmax


class Probability(NamedTuple):
    """The probabilities of classes as p, 1 − p and log p, each (..., C, B) and to full relative accuracy."""

    p: Tensor
    complement: Tensor
    log: Tensor


class Local(Loss):
    """ℓ = Σ_c y_c f(p_c) on the softmax; on the sigmoid Σ_c [y_c f(a_c) + (1 − y_c) f(1 − a_c)].

    A subclass gives f as `penalty` and its slope as f'(p) = −p^(s−1) h(p), with the number s as `exponent` and h
    as `bracket`. For the right class dℓ/dz = −p^s h(p) (1 − p), so that s is the saturation exponent.
    """

    per_example: ClassVar[bool] = True
    takes: ClassVar[Domain] = "shares"

    @property
    @abstractmethod
    def exponent(self) -> float:
        """s, at least 0."""

    @abstractmethod
    def penalty(self, probability: Probability) -> Tensor:
        """f(p), element by element, (..., C, B)."""

    @abstractmethod
    def bracket(self, probability: Probability) -> Tensor:
        """h(p), element by element, (..., C, B)."""

    def weights(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The weights of f(p) and, on the sigmoid, of f(1 − p), for targets y: each (..., C, B)."""
        return y, 1 - y

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        weight, counter = self.weights(y)
        if self.link == "softmax":
            return (weight * self.penalty(_classes(z))).sum(OUTPUTS)
        return (weight * self.penalty(_output(z)) + counter * self.penalty(_output(-z))).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        weight, counter = self.weights(y)
        if self.link == "softmax":
            probability = _classes(z)
            pull = weight * self._pull(probability)
            others = pull.sum(OUTPUTS, keepdim=True) - pull
            return Softmax(z).balanced(others * probability.p - pull * probability.complement, y)
        yes, no = _output(z), _output(-z)
        return counter * self._pull(no) * no.complement - weight * self._pull(yes) * yes.complement

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        weight, counter = self.weights(y)
        if self.link == "softmax":
            return -self._steepness(weight, _classes(z))
        return self._steepness(counter, _output(-z)) - self._steepness(weight, _output(z))

    def _pull(self, probability: Probability) -> Tensor:
        """p^s h(p), with p^s in two halves: alone it may be too small for a float when the product is not."""
        if self.exponent == 0:
            return self.bracket(probability)
        half = (probability.log * (self.exponent / 2)).exp()
        return half * self.bracket(probability) * half

    def _steepness(self, weight: Tensor, probability: Probability) -> Tensor:
        """−weight · f'(p), 0 where the weight is; p^(s−1) in two halves, so that nothing overflows before the product does."""
        half = (probability.log * ((self.exponent - 1) / 2)).exp()
        return torch.where(weight == 0, 0.0, weight * half * self.bracket(probability) * half)


def _classes(z: Tensor) -> Probability:
    return Probability(*softmax(z), log_softmax(z))


def _output(z: Tensor) -> Probability:
    return Probability(_sigmoid(z), _sigmoid(-z), logsigmoid(z))


def _sigmoid(z: Tensor) -> Tensor:
    """σ(z), down to the smallest floats; torch's own is 0 in float32 from z = −88.8 on, where e^(−z) is infinite."""
    return torch.where(z < -80, z.clamp_max(0).exp(), torch.sigmoid(z))
