"""Initial parameters from the normal distribution: Nielsen's two starts."""

from dataclasses import dataclass

import numpy as np

from lossbench.errors import BadInput
from lossbench.interfaces import Array, Dense, Init, Layer


@dataclass(frozen=True, kw_only=True)
class Normal(Init):
    """Weights and biases from one normal distribution, N(0, std²); with std 1 wide layers start saturated.

    Source: Nielsen, Neural Networks and Deep Learning, chapter 1, 2015 (std 1).
    """

    std: float = 1.0

    def __post_init__(self) -> None:
        if self.std < 0:
            raise BadInput(f"init.std is {self.std:g}; a standard deviation is 0 or more.")

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        return tuple(
            Dense(self.std * rng.standard_normal((n.outputs, n.inputs)), self.std * rng.standard_normal((n.outputs, 1)))
            for n in layers
        )


@dataclass(frozen=True, kw_only=True)
class ScaledNormal(Init):
    """Weights N(0, 1/fan-in), biases N(0, 1): raw outputs of size about 1 whatever the width.

    Source: Nielsen, Neural Networks and Deep Learning, chapter 3, 2015.
    """

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        return tuple(
            Dense(rng.standard_normal((n.outputs, n.inputs)) / np.sqrt(n.inputs), rng.standard_normal((n.outputs, 1)))
            for n in layers
        )
