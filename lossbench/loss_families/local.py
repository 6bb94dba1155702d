"""Local losses: of all probabilities, they look only at the one that was given to the class that is right."""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from lossbench.interfaces import Loss
from lossbench.interfaces.links import OUTPUTS, log_softmax, softmax


class Chance(NamedTuple):
    """What a class is given: p, 1 − p and log p, each to full relative accuracy."""

    p: Tensor
    complement: Tensor
    log: Tensor


class Local(Loss):
    """ℓ = Σ_c y_c f(p_c) on the softmax; on the sigmoid Σ_c [y_c f(a_c) + (1 − y_c) f(1 − a_c)].

    A subclass gives f as `penalty` and its slope as f'(p) = −p^(s−1) h(p), with the number s as `exponent` and h
    as `bracket`. For the right class dℓ/dz = −p^s h(p) (1 − p), so that s is the saturation exponent.
    """

    per_example: ClassVar[bool] = True

    @property
    @abstractmethod
    def exponent(self) -> float:
        """s, at least 0."""

    @abstractmethod
    def penalty(self, chance: Chance) -> Tensor:
        """f(p), element by element."""

    @abstractmethod
    def bracket(self, chance: Chance) -> Tensor:
        """h(p), element by element."""

    def weights(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """How much f(p) counts, and on the sigmoid f(1 − p)."""
        return y, 1 - y

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        weight, counter = self.weights(y)
        if self.link == "softmax":
            return (weight * self.penalty(_classes(z))).sum(OUTPUTS)
        return (weight * self.penalty(_output(z)) + counter * self.penalty(_output(-z))).sum(OUTPUTS)

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        weight, counter = self.weights(y)
        if self.link == "softmax":
            chance = _classes(z)
            pull = weight * self._pull(chance)
            others = pull.sum(OUTPUTS, keepdim=True) - pull
            return others * chance.p - pull * chance.complement
        yes, no = _output(z), _output(-z)
        return counter * self._pull(no) * no.complement - weight * self._pull(yes) * yes.complement

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        weight, counter = self.weights(y)
        if self.link == "softmax":
            return -_times(weight, self._steepness(_classes(z)))
        return _times(counter, self._steepness(_output(-z))) - _times(weight, self._steepness(_output(z)))

    def _pull(self, chance: Chance) -> Tensor:
        """p^s h(p), with p^s in two halves: alone it may be too small for a float when the product is not."""
        if self.exponent == 0:
            return self.bracket(chance)
        half = (chance.log * (self.exponent / 2)).exp()
        return half * self.bracket(chance) * half

    def _steepness(self, chance: Chance) -> Tensor:
        """−f'(p)."""
        return (chance.log * (self.exponent - 1)).exp() * self.bracket(chance)


def _classes(z: Tensor) -> Chance:
    return Chance(*softmax(z), log_softmax(z))


def _output(z: Tensor) -> Chance:
    return Chance(_sigmoid(z), _sigmoid(-z), logsigmoid(z))


def _sigmoid(z: Tensor) -> Tensor:
    """σ(z), down to the smallest floats; torch's own is 0 in float32 from z = −88.8 on, where e^(−z) is infinite."""
    return torch.where(z < -80, z.clamp_max(0).exp(), torch.sigmoid(z))


def _times(weight: Tensor, factor: Tensor) -> Tensor:
    """weight · factor, where a weight of 0 wins over an infinite factor."""
    return torch.where(weight == 0, 0.0, weight * factor)
