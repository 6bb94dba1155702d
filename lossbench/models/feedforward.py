"""Networks of dense layers as torch modules: any activation, dropout, normalisation, skips."""

from collections import OrderedDict
from dataclasses import dataclass
from math import prod

from torch import Tensor, nn

from lossbench.errors import BadInput
from lossbench.interfaces import Model
from lossbench.modules.activation import ModuleActivation, activation, of_each, one_or_each
from lossbench.modules.chain import Block, Norm, feedforward

WIDEST, DEEPEST = 10**6, 1000


@dataclass(frozen=True, kw_only=True)
class Perceptron(Model):
    """A multilayer perceptron as a torch module: any of eleven activations, and dropout. With identity it is deep linear.

    Formula: h_0 = x, h_l = dropout(f(W_l h_{l−1} + b_l)), z = W_L h_{L−1} + b_L, with f one activation for all hidden layers, or
    a list with one for each. Without dropout, and with sigmoid, tanh, relu or softsign, it is mlp, which trains faster.
    """

    hidden: tuple[int, ...] = (32,)
    activation: ModuleActivation | tuple[ModuleActivation, ...] = "gelu"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        refuse_widths(self.hidden)
        refuse_dropout(self.dropout)
        object.__setattr__(self, "activation", one_or_each(self.activation, self.hidden))

    def module(self, inputs: tuple[int, ...], outputs: int) -> nn.Module:
        blocks = [Block(word, self.dropout) for word in of_each(self.activation, self.hidden)]
        return feedforward(inputs, self.hidden, outputs, blocks)


@dataclass(frozen=True, kw_only=True)
class Normalised(Model):
    """A multilayer perceptron whose hidden layers are normalised before their activation: over the batch, or over the layer.

    Formula: h_l = dropout(f(norm(W_l h_{l−1} + b_l))). norm is batch (each run keeps running statistics of its own, to be
    evaluated) or layer.
    Source: Ioffe & Szegedy, Batch Normalization, 2015; Ba, Kiros & Hinton, Layer Normalization, 2016.
    """

    hidden: tuple[int, ...] = (32,)
    norm: Norm = "batch"
    activation: ModuleActivation = "relu"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        refuse_widths(self.hidden)
        refuse_dropout(self.dropout)

    def module(self, inputs: tuple[int, ...], outputs: int) -> nn.Module:
        return feedforward(inputs, self.hidden, outputs, [Block(self.activation, self.dropout, self.norm)] * len(self.hidden))


@dataclass(frozen=True, kw_only=True)
class Residual(Model):
    """A multilayer perceptron with skips: each block adds to what it is given.

    Formula: h_0 = f(W_0 x + b_0), h_l = h_{l−1} + V_l dropout(f(W_l h_{l−1} + b_l)) + c_l, z = W h_L + b.
    Source: He, Zhang, Ren & Sun, Deep Residual Learning for Image Recognition, 2016, with dense layers.
    """

    width: int = 32
    blocks: int = 2
    activation: ModuleActivation = "relu"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        refuse_widths((self.width,))
        refuse_dropout(self.dropout)
        if not 0 <= self.blocks <= DEEPEST:
            raise BadInput(f"model.blocks is {self.blocks}; it must lie between 0 and {DEEPEST:,}.")

    def module(self, inputs: tuple[int, ...], outputs: int) -> nn.Module:
        block = Block(self.activation, self.dropout)
        parts: dict[str, nn.Module] = {"flatten": nn.Flatten(), "dense": nn.Linear(prod(inputs), self.width)}
        parts["activation"] = activation(self.activation)
        parts |= {f"block_{number}": _Skip(self.width, block) for number in range(1, self.blocks + 1)}
        return nn.Sequential(OrderedDict(parts | {"output": nn.Linear(self.width, outputs)}))


class _Skip(nn.Module):
    """x + V f(Wx + b) + c."""

    def __init__(self, width: int, block: Block) -> None:
        nn.Module.__init__(self)
        self.dense, self.back = nn.Linear(width, width), nn.Linear(width, width)
        self.between = nn.Sequential(OrderedDict(block.parts(width, 1)))

    def forward(self, x: Tensor) -> Tensor:
        """x (B, width) and what the block adds to it."""
        added: Tensor = self.back(self.between(self.dense(x)))
        return x + added


def refuse_widths(hidden: tuple[int, ...]) -> None:
    """Raise BadInput where a width is out of range."""
    if any(not 1 <= width <= WIDEST for width in hidden):
        raise BadInput(f"model has widths {list(hidden)}; every width must lie between 1 and {WIDEST:,}.")


def refuse_dropout(share: float) -> None:
    """Raise BadInput where a dropout's rate is no share."""
    if not 0 <= share < 1:
        raise BadInput(f"model.dropout is {share:g}; it is the share of units that are left out, from 0 to below 1.")
