"""What a model promises: the architecture of a network."""

from abc import abstractmethod
from typing import ClassVar, Literal, NamedTuple

from lossbench.registry import Registered

ActivationName = Literal["sigmoid", "tanh", "relu"]


class Layer(NamedTuple):
    """A dense layer: z = Wx + b, then the activation; None on the last, whose link belongs to the loss."""

    inputs: int
    outputs: int
    activation: ActivationName | None


class Model(Registered):
    """An architecture: a chain of dense layers."""

    noun: ClassVar[str] = "model"

    @abstractmethod
    def layers(self, inputs: int, outputs: int) -> tuple[Layer, ...]:
        """The chain for D = inputs features and C = outputs."""
