"""Convolutional networks as torch modules."""

from collections import OrderedDict
from dataclasses import dataclass
from math import prod

from torch import nn

from lossbench.errors import BadInput
from lossbench.interfaces import Model
from lossbench.modules.activation import ModuleActivation, activation
from lossbench.modules.chain import Block

WIDEST = 10**5


@dataclass(frozen=True, kw_only=True)
class CNN(Model):
    """A convolutional network of LeNet's kind, for images: convolutions that halve them, then dense layers.

    Formula: for each of `channels`, a convolution that keeps the size, the activation, and the largest of every 2 × 2 pixels; for
    each of `hidden`, a dense layer, the activation, and dropout; a dense layer to the raw outputs.
    Source: LeCun, Bottou, Bengio & Haffner, Gradient-Based Learning Applied to Document Recognition, 1998, with maxima for means.
    """

    channels: tuple[int, ...] = (8, 16)
    kernel: int = 3
    hidden: tuple[int, ...] = (32,)
    activation: ModuleActivation = "sigmoid"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if not self.channels or any(not 1 <= width <= WIDEST for width in (*self.channels, *self.hidden)):
            raise BadInput(
                f"model.channels is {list(self.channels)} and model.hidden {list(self.hidden)}; there is a convolution or more, "
                f"and every width lies between 1 and {WIDEST:,}."
            )
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise BadInput(f"model.kernel is {self.kernel}; one that keeps an image's size is odd, such as 3 or 5.")
        if not 0 <= self.dropout < 1:
            raise BadInput(f"model.dropout is {self.dropout:g}; it is the share of units that are left out, from 0 to below 1.")

    def module(self, inputs: tuple[int, ...], outputs: int) -> nn.Module:
        self._refuse_shape(inputs)
        depth, *size = inputs
        parts: dict[str, nn.Module] = {}
        for number, width in enumerate(self.channels, start=1):
            parts[f"convolution_{number}"] = nn.Conv2d(depth, width, self.kernel, padding=self.kernel // 2)
            parts[f"{self.activation}_{number}"] = activation(self.activation)
            parts[f"pool_{number}"] = nn.MaxPool2d(2)
            depth, size = width, [side // 2 for side in size]
        parts["flatten"] = nn.Flatten()
        units = depth * prod(size)
        for number, width in enumerate(self.hidden, start=len(self.channels) + 1):
            parts[f"dense_{number}"] = nn.Linear(units, width)
            parts |= Block(self.activation, self.dropout).parts(width, number)
            units = width
        return nn.Sequential(OrderedDict(parts | {"output": nn.Linear(units, outputs)}))

    def _refuse_shape(self, inputs: tuple[int, ...]) -> None:
        if len(inputs) != 3:
            raise BadInput(
                f"model=cnn wants images (channels, height, width), and these data have examples of shape {inputs}. Images are "
                "dataset=digits, mnist_5k, mnist, and dataset=images for a folder of your own."
            )
        if min(inputs[1:]) < 2 ** len(self.channels):
            raise BadInput(
                f"model.channels is {list(self.channels)}; so often halved, an image of {inputs[1]} × {inputs[2]} "
                "pixels is gone. Take fewer convolutions."
            )
