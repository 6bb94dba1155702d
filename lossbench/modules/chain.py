"""Chains of modules: what the shelf's networks are put together from, and a chain of dense layers as a module."""

from collections import OrderedDict
from collections.abc import Sequence
from math import prod
from typing import Literal, NamedTuple

from torch import nn

from lossbench.interfaces import Layer
from lossbench.modules.activation import ModuleActivation, activation

Norm = Literal["none", "batch", "layer"]


class Block(NamedTuple):
    """What follows each hidden layer of a chain: normalisation, activation, dropout of a share of the units."""

    activation: ModuleActivation
    dropout: float = 0.0
    norm: Norm = "none"

    def parts(self, units: int, number: int) -> dict[str, nn.Module]:
        """The modules behind a hidden layer of so many units, by the names that they have in the records."""
        parts: dict[str, nn.Module] = {}
        if self.norm != "none":
            parts[f"norm_{number}"] = nn.BatchNorm1d(units) if self.norm == "batch" else nn.LayerNorm(units)
        parts[f"{self.activation}_{number}"] = activation(self.activation)
        if self.dropout:
            parts[f"dropout_{number}"] = nn.Dropout(self.dropout)
        return parts


def feedforward(inputs: tuple[int, ...], hidden: Sequence[int], outputs: int, blocks: Sequence[Block]) -> nn.Sequential:
    """Dense layers of some widths, each followed by its block's parts, and a last one alone, from examples of shape inputs."""
    parts: dict[str, nn.Module] = {"flatten": nn.Flatten()}
    width = prod(inputs)
    for number, (units, block) in enumerate(zip(hidden, blocks, strict=True), start=1):
        parts |= {f"dense_{number}": nn.Linear(width, units)} | block.parts(units, number)
        width = units
    return nn.Sequential(OrderedDict(parts | {"output": nn.Linear(width, outputs)}))


def dense_chain(layers: Sequence[Layer]) -> nn.Sequential:
    """A chain of dense layers as a module: the dense engine's networks, for another engine."""
    parts: dict[str, nn.Module] = {"flatten": nn.Flatten()}
    for number, layer in enumerate(layers, start=1):
        parts[f"dense_{number}"] = nn.Linear(layer.inputs, layer.outputs)
        if layer.activation:
            parts[f"{layer.activation}_{number}"] = activation(layer.activation)
    return nn.Sequential(OrderedDict(parts))
