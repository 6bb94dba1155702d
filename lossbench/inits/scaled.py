"""Initial parameters that set how far into saturation a network starts."""

from dataclasses import dataclass

import numpy as np

from lossbench.errors import BadInput
from lossbench.interfaces import Array, Dense, Init, Layer


@dataclass(frozen=True, kw_only=True)
class Scaled(Init):
    """Gains and biases chosen, for hidden units and for outputs: the knob from a gentle to a saturated start.

    Formula: W ~ N(0, gain²/fan-in), so that a layer fed with values of size 1 has raw outputs of size gain.
    Hidden biases are N(0, hidden_bias²). Output biases stand evenly between −output_bias and +output_bias, in an
    order that the seed draws (a lone output gets one of the two ends): the network starts sure of some classes,
    whatever it is shown, so that most examples are confidently wrong.
    """

    hidden_gain: float = 1.0
    hidden_bias: float = 0.0
    output_gain: float = 1.0
    output_bias: float = 0.0

    def __post_init__(self) -> None:
        for name in ("hidden_gain", "hidden_bias", "output_gain", "output_bias"):
            if getattr(self, name) < 0:
                raise BadInput(f"init.{name} is {getattr(self, name):g}; gains and biases are sizes, 0 or more.")

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        return tuple(self._layer(layer, rng) for layer in layers)

    def _layer(self, layer: Layer, rng: np.random.Generator) -> Dense[Array]:
        last = layer.activation is None
        gain = self.output_gain if last else self.hidden_gain
        weight = gain * rng.standard_normal((layer.outputs, layer.inputs)) / np.sqrt(layer.inputs)
        if not last:
            return Dense(weight, self.hidden_bias * rng.standard_normal((layer.outputs, 1)))
        ends = np.linspace(-1.0, 1.0, max(layer.outputs, 2))
        return Dense(weight, self.output_bias * rng.permutation(ends)[: layer.outputs, None])
