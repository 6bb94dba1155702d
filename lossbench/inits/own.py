"""A start that is the network's own."""

from dataclasses import dataclass

import numpy as np

from lossbench.errors import BadInput, counted
from lossbench.interfaces import Array, Dense, Init, Layer


@dataclass(frozen=True, kw_only=True)
class Own(Init):
    """The parameters that a torch module starts with by itself, drawn anew for each seed.

    It is for models that make a module, such as cnn or module. A chain of dense layers has no start of its own.
    """

    @property
    def own(self) -> bool:
        return True

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        raise BadInput(
            f"init=own keeps what a torch module starts with, and this model is a chain of "
            f"{counted(len(layers), 'dense layer')}, which starts with nothing. init=uniform is what torch.nn.Linear starts with."
        )
