"""What a model promises: the architecture of a network."""

from typing import ClassVar, Literal, NamedTuple

from torch import nn

from lossbench.errors import BadInput
from lossbench.registry import Registered

ActivationName = Literal["sigmoid", "tanh", "relu"]


class Layer(NamedTuple):
    """A dense layer: z = Wx + b, then the activation; None on the last, whose link belongs to the loss."""

    inputs: int
    outputs: int
    activation: ActivationName | None


class Model(Registered):
    """An architecture. A chain of dense layers says its `layers`, by which the dense engine trains it.

    Any other network is a torch module, which `module` makes and the module engine trains. A model writes one of the two.
    """

    noun: ClassVar[str] = "model"

    def layers(self, inputs: int, outputs: int) -> tuple[Layer, ...]:
        """The chain of layers from D = inputs features to C = outputs raw outputs.

        Raises BadInput where the model is no such chain; whether it is one, an engine asks before it asks for layers.
        """
        raise BadInput(f"The model {self.word!r} is no chain of dense layers from {inputs} features to {outputs} outputs.")

    def module(self, inputs: tuple[int, ...], outputs: int) -> nn.Module:
        """A new network from examples of shape inputs, (D,) or (channels, height, width), to C = outputs raw outputs.

        It takes a batch (B, *inputs) and returns (B, C). Every call makes another network; what it draws, it draws from torch's
        global stream, which is seeded for each run. Raises BadInput where there is no such network for the shape.
        """
        raise BadInput(f"The model {self.word!r} makes no torch module from {inputs} to {outputs} outputs.")
