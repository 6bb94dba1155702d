"""What a model promises: the architecture of a network."""

import inspect
from typing import ClassVar, Literal, NamedTuple

from torch import nn

from lossbench.errors import BadInput
from lossbench.registry import Registered

ActivationName = Literal["sigmoid", "tanh", "relu", "softsign"]


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


def says_layers(model: Model) -> bool:
    """Whether a model is a chain of dense layers, which it says itself."""
    return inspect.unwrap(type(model).layers) is not Model.layers  # a plugin's methods are wrapped


def makes_module(model: Model) -> bool:
    """Whether a model makes a torch module."""
    return inspect.unwrap(type(model).module) is not Model.module
