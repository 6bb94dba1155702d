"""A start that has been learnt: where a training with another loss ended."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from lossbench.errors import BadInput
from lossbench.interfaces import Array, Dense, FirstTraining, Init, Layer, Loss, Task


@dataclass(frozen=True, kw_only=True)
class Continued(Init):
    """Where a first training, with another loss, ended: so that losses can be switched on the way. Use: init=after.

    Options: loss, rate and number of steps of the first training, and how it starts. All else, the seed and the order of the
    examples included, is the run's own; the run itself begins the order anew. If the first training diverges, so does the run.
    """

    loss: Loss
    init: Init
    lr: float = 0.1
    steps: int = 1000

    def __post_init__(self) -> None:
        if not self.lr > 0:
            raise BadInput(f"init.lr is {self.lr:g}; the first training's rate is above 0.")
        if self.steps < 1:
            raise BadInput(f"init.steps is {self.steps}; the first training takes 1 step or more.")

    @property
    def first(self) -> FirstTraining:
        return FirstTraining(self.loss, self.init, self.lr, self.steps)

    def on(self, task: Task, outputs: int) -> Self:
        return replace(self, loss=self.loss.on(task, outputs), init=self.init.on(task, outputs))

    def of_seed(self, seed: int) -> Self:
        return replace(self, init=self.init.of_seed(seed))

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        """How the first training starts: weights (out, in) and biases (out, 1) of every layer."""
        return self.init.draw(layers, rng)
