"""Initial parameters from the uniform distribution."""

from dataclasses import dataclass

import numpy as np

from lossbench.interfaces import Array, Dense, Init, Layer


@dataclass(frozen=True, kw_only=True)
class Uniform(Init):
    """Weights and biases uniform in ±1/√fan-in, the start that torch.nn.Linear has by default.

    Source: LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998; the constant is torch's.
    """

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        bounds = [n.inputs**-0.5 for n in layers]
        return tuple(
            Dense(rng.uniform(-bound, bound, (n.outputs, n.inputs)), rng.uniform(-bound, bound, (n.outputs, 1)))
            for n, bound in zip(layers, bounds, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class Glorot(Init):
    """Weights uniform in ±√(6 / (fan-in + fan-out)), biases 0: the normalised initialisation.

    Source: Glorot & Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, 2010.
    """

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        bounds = [np.sqrt(6 / (n.inputs + n.outputs)) for n in layers]
        return tuple(
            Dense(rng.uniform(-bound, bound, (n.outputs, n.inputs)), np.zeros((n.outputs, 1)))
            for n, bound in zip(layers, bounds, strict=True)
        )
