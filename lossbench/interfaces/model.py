"""What a model promises: the architecture of a network."""

from typing import ClassVar, Literal, NamedTuple

from lossbench.errors import BadInput
from lossbench.registry import Registered

ActivationName = Literal["sigmoid", "tanh", "relu"]


class Layer(NamedTuple):
    """A dense layer: z = Wx + b, then the activation; None on the last, whose link belongs to the loss."""

    inputs: int
    outputs: int
    activation: ActivationName | None


class Model(Registered):
    """An architecture. A chain of dense layers says its `layers`, by which the dense engine trains it."""

    noun: ClassVar[str] = "model"

    def layers(self, inputs: int, outputs: int) -> tuple[Layer, ...]:
        """The chain of layers from D = inputs features to C = outputs raw outputs.

        Raises BadInput where the model is no such chain; whether it is one, an engine asks before it asks for layers.
        """
        raise BadInput(f"The model {self.word!r} is no chain of dense layers from {inputs} features to {outputs} outputs.")
