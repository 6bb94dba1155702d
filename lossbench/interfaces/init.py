"""What an initialisation promises: how the parameters of a network start."""

from abc import abstractmethod
from typing import ClassVar, NamedTuple, Self

import numpy as np

from lossbench.interfaces.arrays import Array, Dense
from lossbench.interfaces.loss import Loss, Task
from lossbench.interfaces.model import Layer
from lossbench.registry import Registered


class FirstTraining(NamedTuple):
    """What another training, of the same model on the same data, does before a run begins."""

    loss: Loss
    init: "Init"
    lr: float
    steps: int


class Init(Registered):
    """How the parameters start. With a `first` training, a run starts where that one ends."""

    noun: ClassVar[str] = "init"

    @property
    def own(self) -> bool:
        """Whether a torch module keeps the parameters that it starts with by itself; nothing is drawn then."""
        return False

    @property
    def first(self) -> FirstTraining | None:
        return None

    def on(self, task: Task, outputs: int) -> Self:
        """The same start with the links of its losses settled, if it has any."""
        del task, outputs
        return self

    def of_seed(self, seed: int) -> Self:
        """The start of the runs of one seed: the same for all, unless the seed says which it is, as it may name a file."""
        del seed
        return self

    @abstractmethod
    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        """Initial weights (out, in) and biases (out, 1) of every layer, float64."""
