"""What a torch module is made of: its parameters and activations in the order in which data meet them, and what a step costs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from lossbench.interfaces import ActivationName, Layer
from lossbench.modules.activation import activation_word
from lossbench.modules.convolution import margin_of

MODULE = "module"  # the name of the outermost module, whose own is ""
WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)  # what an initialisation can draw: weights (out, fan-in) and biases
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
AGAIN = "#"  # between a module's name and the number of its visit, from the second on
DRAWN_AS: dict[type, ActivationName] = {nn.Sigmoid: "sigmoid", nn.Tanh: "tanh", nn.ReLU: "relu"}


class ParameterPlace(NamedTuple):
    """A layer of the records: a module's weight and bias, or any other parameter alone, by their names in the module.

    `drawn` is the layer that an initialisation draws; None where the module keeps its own start.
    """

    name: str
    weight: str
    bias: str | None
    drawn: Layer | None


class ActivationPlace(NamedTuple):
    """An activation that data meet: the module's name, with the visit's number from the second on, and the activation's word."""

    name: str
    word: str


@dataclass(frozen=True)
class Outline:
    """A module's layers and activations in the order in which data meet them; `units` and `products` are those of an example.

    units: outputs of all modules without parts. products: multiplications of weighted layers, forward. patches: numbers in the
    patches of the convolution that has most; infinite where there is one that is not done by patches.
    """

    layers: tuple[ParameterPlace, ...]
    activations: tuple[ActivationPlace, ...]
    parameters: int
    units: int
    products: int
    convolutional: bool
    patches: float = 0

    @property
    def drawn(self) -> tuple[Layer, ...]:
        """The layers that an initialisation draws, from the input on."""
        return tuple(layer.drawn for layer in self.layers if layer.drawn)


class Visits:
    """Which modules data meet, in order, by hooks; and what comes out of those without parts, as numbers an example."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.names = {inner: name for name, inner in module.named_modules()}
        self.met: dict[str, nn.Module] = {}
        self.activations: list[ActivationPlace] = []
        self.units = self.products = 0
        self.patches = 0.0
        self.handles = [inner.register_forward_pre_hook(self._enter) for inner in self.names]
        self.handles += [inner.register_forward_hook(self._leave) for inner in self.names]

    def _enter(self, module: nn.Module, given: object) -> None:
        del given
        self.met.setdefault(self.names[module], module)

    def _leave(self, module: nn.Module, given: object, returned: object) -> None:
        del given
        if word := activation_word(module):
            name = self.names[module] or MODULE
            again = sum(visited.name.partition(AGAIN)[0] == name for visited in self.activations)
            self.activations.append(ActivationPlace(f"{name}{AGAIN}{again + 1}" if again else name, word))
        if isinstance(returned, Tensor) and returned.dim() and not any(module.children()):
            units = returned[0].numel()
            self.units += units
            if isinstance(module, WEIGHTED):
                self.products += module.weight[0].numel() * units  # fan-in products for each number that comes out
            if isinstance(module, CONVOLUTIONS):
                plain = type(module) is nn.Conv2d and returned.dim() == 4 and margin_of(module) is not None
                self.patches = max(self.patches, module.weight[0].numel() * units / len(module.weight) if plain else math.inf)

    def outline(self) -> Outline:
        """The outline of the module, as data have met it so far; what they have not comes last."""
        unmet = {name: inner for inner, name in self.names.items() if name not in self.met}
        named = self.module.named_parameters()  # of tied ones the first name
        names = {parameter: name for name, parameter in named if parameter.requires_grad}
        return Outline(
            layers=tuple(_layers_of(self.met | unmet, names)),
            activations=tuple(self.activations),
            parameters=sum(parameter.numel() for parameter in names),
            units=self.units,
            products=self.products,
            convolutional=any(isinstance(inner, CONVOLUTIONS) for inner in self.names),
            patches=self.patches,
        )

    def remove(self) -> None:
        """Take the hooks away."""
        for handle in self.handles:
            handle.remove()


def outline(module: nn.Module, examples: Tensor) -> Outline:
    """What a module is made of, from one pass of examples (B, *inputs) through it. Whatever its forward raises is passed on."""
    visits = Visits(module)
    try:
        module(examples)
    finally:
        visits.remove()
    return visits.outline()


def _layers_of(met: dict[str, nn.Module], names: dict[nn.Parameter, str]) -> Iterator[ParameterPlace]:
    """The layers of modules that data meet in this order."""
    last = next((name for name, module in reversed(met.items()) if isinstance(module, WEIGHTED)), None)
    given: set[str] = set()
    for number, (name, module) in enumerate(met.items()):
        own = {short: names[parameter] for short, parameter in module.named_parameters(recurse=False) if parameter in names}
        own = {short: full for short, full in own.items() if full not in given}
        given |= set(own.values())
        if "weight" in own:
            weight, bias = own.pop("weight"), own.pop("bias", None)
            drawn = _drawn(module, None if name == last else _next_word(list(met.values())[number + 1 :]))
            yield ParameterPlace(name or MODULE, weight, bias, drawn)
        for full in own.values():
            yield ParameterPlace(full, full, None, None)


def _drawn(module: nn.Module, word: ActivationName | None) -> Layer | None:
    """A weighted module as a layer of fan-in inputs; of convolutions the channels are the outputs."""
    if not isinstance(module, WEIGHTED):
        return None
    return Layer(module.weight[0].numel(), len(module.weight), word)


def _next_word(after: list[nn.Module]) -> ActivationName:
    """The activation that data meet next; one that no initialisation knows is taken for a relu."""
    following = (DRAWN_AS[type(module)] for module in after if type(module) in DRAWN_AS)
    return next(following, "relu")
