"""Activations of torch modules by word, and the words of modules that are met."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TypeVar

from torch import nn

from lossbench.errors import BadInput, counted

ModuleActivation = Literal[
    "sigmoid", "tanh", "relu", "gelu", "silu", "softplus", "leaky_relu", "elu", "identity", "softsign", "hard_sigmoid"
]
Name = TypeVar("Name", bound=str)


class _Kind(NamedTuple):
    """A class of modules, and the options that make of one the activation of the word; others have another slope."""

    make: Callable[[], nn.Module]
    options: dict[str, object]


_KINDS: dict[str, _Kind] = {
    "sigmoid": _Kind(nn.Sigmoid, {}),
    "tanh": _Kind(nn.Tanh, {}),
    "relu": _Kind(nn.ReLU, {}),
    "gelu": _Kind(nn.GELU, {"approximate": "none"}),
    "silu": _Kind(nn.SiLU, {}),
    "softplus": _Kind(nn.Softplus, {"beta": 1.0}),
    "leaky_relu": _Kind(nn.LeakyReLU, {"negative_slope": 0.01}),
    "elu": _Kind(nn.ELU, {"alpha": 1.0}),
    "identity": _Kind(nn.Identity, {}),
    "softsign": _Kind(nn.Softsign, {}),
    "hard_sigmoid": _Kind(nn.Hardsigmoid, {}),
}


def activation(word: ModuleActivation) -> nn.Module:
    """A new module that is the activation of a word."""
    return _KINDS[word].make()


def one_or_each(activation: Name | tuple[Name, ...], hidden: Sequence[int]) -> Name | tuple[Name, ...]:
    """The activations of hidden layers of some widths, as one word where all layers have the same: that is one run, and one id.

    Raises BadInput for a list of another length.
    """
    if isinstance(activation, str):
        return activation
    if len(activation) != len(hidden):
        raise BadInput(
            f"model.activation lists {counted(len(activation), 'activation')}, and model.hidden {counted(len(hidden), 'layer')}; "
            "wanted is one word for all, or a list with one for each hidden layer."
        )
    return activation[0] if len(set(activation)) == 1 else activation


def of_each(activation: Name | tuple[Name, ...], hidden: Sequence[int]) -> tuple[Name, ...]:
    """The activation of each hidden layer, from one for all or a list."""
    return (activation,) * len(hidden) if isinstance(activation, str) else activation


def activation_word(module: nn.Module) -> str | None:
    """The word of a module that is an activation; None for any other, and for one with options of its own."""
    for word, kind in _KINDS.items():
        if type(module) is kind.make:
            fits = all(getattr(module, name) == value for name, value in kind.options.items())
            return word if fits else None
    return None
