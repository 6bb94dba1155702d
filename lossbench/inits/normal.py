"""Initial parameters from the normal distribution: Nielsen's two starts."""

from dataclasses import dataclass

import numpy as np

from lossbench.errors import BadInput, counted
from lossbench.interfaces import Array, Dense, Init, Layer
from lossbench.registry import later


@dataclass(frozen=True, kw_only=True)
class Normal(Init):
    """Weights and biases from normal distributions, N(0, std²); with std 1 wide layers start saturated.

    Options: std, and bias_std for the biases, which have the weights' unless it is given. Either is a number, or a list with one
    for each layer from the input on.
    Source: Nielsen, Neural Networks and Deep Learning, chapter 1, 2015 (std 1).
    """

    std: float | tuple[float, ...] = 1.0
    bias_std: float | tuple[float, ...] | None = later(None)

    def __post_init__(self) -> None:
        for name in ("std", "bias_std"):
            given = getattr(self, name)
            for number in given if isinstance(given, tuple) else () if given is None else (given,):
                if number < 0:
                    raise BadInput(f"init.{name} is {number:g}; a standard deviation is 0 or more.")
        if self.bias_std == self.std:
            object.__setattr__(self, "bias_std", None)  # which says the same, so that there is one run and one id

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        weights = _of_each("std", self.std, len(layers))
        biases = weights if self.bias_std is None else _of_each("bias_std", self.bias_std, len(layers))
        return tuple(
            Dense(std * rng.standard_normal((n.outputs, n.inputs)), bias_std * rng.standard_normal((n.outputs, 1)))
            for n, std, bias_std in zip(layers, weights, biases, strict=True)
        )


def _of_each(name: str, given: float | tuple[float, ...], layers: int) -> tuple[float, ...]:
    """The number of each layer. Raises BadInput for a list of another length."""
    if not isinstance(given, tuple):
        return (given,) * layers
    if len(given) != layers:
        raise BadInput(
            f"init.{name} lists {counted(len(given), 'number')}, and the model has {counted(layers, 'layer')}, the last included."
        )
    return given


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
