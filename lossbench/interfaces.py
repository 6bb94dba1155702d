"""The nouns: what a loss, a model, an initialisation, a data set and an optimizer each promise; probing.py has the probe.

Everything here is written for one run. Outputs (or features, or units) lie along axis −2 and examples
along −1, columns as in the textbooks' a = σ(Wx + b); leading axes are free, and the engine puts its
runs there. Axis letters: R runs · B batch · C outputs · D features · L layers · N examples ·
T recorded steps, or targets where a loss has its own number of outputs.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, NamedTuple, Self, TypeVar, get_args

import numpy as np
import torch
from torch import Tensor

from lossbench.errors import BadInput
from lossbench.links import LINKS, OUTPUTS, Link
from lossbench.registry import Registered, field_types

Task = Literal["classification", "regression"]
Memory = tuple[Tensor, ...]
if TYPE_CHECKING:
    Rate = Any  # what the engine puts there while many runs train: tensors (..., 1, 1)
else:
    Rate = float  # what a user writes
ActivationName = Literal["sigmoid", "tanh", "relu"]
T = TypeVar("T")
Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


class Layer(NamedTuple):
    """A dense layer: z = Wx + b, then the activation; None on the last, whose link belongs to the loss."""

    inputs: int
    outputs: int
    activation: ActivationName | None


class Dense(NamedTuple, Generic[T]):
    """What belongs to one dense layer: weights (..., out, in) and biases (..., out, 1)."""

    weight: T
    bias: T


@dataclass(frozen=True, kw_only=True)
class Properties:
    """What a loss claims of itself on its link and with its options; `lossbench audit` measures every claim. None: no claim.

    `saturation` is the exponent s = −lim d ln|dℓ/dz| / d(distance into the wrong side): 0 where the gradient keeps up,
    1 where it dies like e^(−distance), negative where it grows exponentially, inf where it is exactly 0 from some point
    on. One number, or a pair (target 1, target 0) where the two wrong sides differ.
    """

    proper: bool | None = None  # the expected loss is least where the link's output is the truth (on the identity: the mean)
    strictly: bool | None = None  # and nowhere else
    convex: bool | None = None  # in the raw outputs, for every hard target
    calibrated: bool | None = None  # every minimiser of the expected loss puts the more probable of two classes first
    calibrated_for_three: bool | None = None  # and the most probable of three, where three outputs have a meaning as classes
    canonical: bool | None = None  # dℓ/dz is a constant times a − y
    symmetric: bool | None = None  # relabelling the classes changes nothing
    noise_tolerant: bool | None = None  # the sum over all labels is constant (Ghosh, Kumar & Sastry 2017)
    bounded: bool | None = None  # the loss itself, over all raw outputs, for targets 0 and 1 or one-hot
    saturation: float | tuple[float, float] | None = None


class Loss(Registered):
    """A number for one example, from raw outputs; it reduces nothing and declares its link.

    Targets y are (..., T, B) and raw outputs z (..., C, B), C = raw_outputs(T): as many, unless the loss says otherwise.

    A field `link: Literal["auto", ...] = "auto"` names the links that the loss has a meaning on;
    `on` settles "auto" for a task. Only `value` must be written: the gradient then comes from autograd,
    and `properties` claims nothing until it is written.
    """

    noun: ClassVar[str] = "loss"
    tasks: ClassVar[tuple[Task, ...]] = ("classification", "regression")
    link: str

    @abstractmethod
    def value(self, z: Tensor, y: Tensor) -> Tensor:
        """ℓ of raw outputs z (..., C, B) and targets y (..., T, B); returns (..., B)."""

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dz, (..., C, B)."""
        with torch.inference_mode(mode=False), torch.enable_grad():
            z, y = z.detach().clone().requires_grad_(), y.detach().clone()  # copies: the engine's own never have derivatives
            return torch.autograd.grad(self.value(z, y).sum(), z)[0]

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/da, (..., C, B), a being the link's output.

        Solved here from dℓ/dz = (dℓ/da)(da/dz): divided by the slope where the link acts element by
        element; for the softmax, whose Jacobian loses a constant, the solution that is 0 for the largest output.
        """
        gradient = self.gradient(z, y)
        if self.link == "identity":
            return gradient
        a = self.link_function.value(z)
        slope = a * torch.sigmoid(-z) if self.link == "sigmoid" else a
        quotient = torch.where(gradient == 0, 0.0, gradient / slope)
        if self.link == "sigmoid":
            return quotient
        return quotient - quotient.gather(OUTPUTS, a.argmax(OUTPUTS, keepdim=True))

    def raw_outputs(self, targets: int) -> int:
        """How many raw outputs C a network needs for T targets."""
        return targets

    def prediction(self, a: Tensor) -> Tensor:
        """Those of the link's outputs a (..., C, B) that stand for the targets, (..., T, B)."""
        return a

    def properties(self) -> Properties:
        """What the loss claims of itself, its link being settled."""
        return Properties()

    @property
    def boundary(self) -> float:
        """The raw output above which a lone output decides for class 1: 0, but ½ where it imitates the targets 0 and 1.

        That is what a loss for regression makes of them.
        """
        return 0.5 if self.link == "identity" and "regression" in self.tasks else 0.0

    @property
    def link_function(self) -> Link:
        return LINKS[self.link]

    def on(self, task: Task, outputs: int) -> Self:
        """The same loss with link "auto" settled: identity for regression, sigmoid for one output, softmax for several.

        Raises BadInput where the loss has no meaning on the task or on the link.
        """
        if task not in self.tasks:
            raise BadInput(f"The loss {self.word!r} has no meaning for {task}; it is for {' and '.join(self.tasks)}.")
        if "link" not in field_types(type(self)):
            return self
        link = self.link
        if link == "auto":
            link = "identity" if task == "regression" else "sigmoid" if outputs == 1 else "softmax"
        possible = get_args(field_types(type(self))["link"])
        if link not in possible:
            raise BadInput(
                f"The loss {self.word!r} has no meaning on the {link} link, which {task} with {outputs} output(s) asks for. "
                f"Its links: {', '.join(possible)}."
            )
        return replace(self, link=link)  # type: ignore[type-var]


class Model(Registered):
    """An architecture: a chain of dense layers."""

    noun: ClassVar[str] = "model"

    @abstractmethod
    def layers(self, inputs: int, outputs: int) -> tuple[Layer, ...]:
        """The chain for D = inputs features and C = outputs."""


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
    def first(self) -> FirstTraining | None:
        return None

    def on(self, task: Task, outputs: int) -> Self:
        """The same start with the links of its losses settled, if it has any."""
        del task, outputs
        return self

    @abstractmethod
    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[Array], ...]:
        """Initial weights (out, in) and biases (out, 1) of every layer, float64."""


class Split(NamedTuple):
    """Data ready for training: float64, standardised, features x (N, D) and targets y (N, C).

    y is one-hot for several classes, a 0/1 column for two, and real numbers for a regression.
    """

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array
    task: Task


class Dataset(Registered):
    """Examples. `seed` governs the draw, the split and whatever else is random about the data."""

    noun: ClassVar[str] = "dataset"
    seed: int

    @abstractmethod
    def load(self) -> Split:
        """Training and test data. Raises BadInput where they cannot be had."""


class Optimizer(Registered):
    """A rule that changes parameters in place.

    In `start` and `update` the engine puts tensors (..., 1, 1) into the number fields, one number a run;
    a field that is 0 in every run stays the number 0, so that what is switched off costs nothing.
    """

    noun: ClassVar[str] = "optimizer"

    @property
    def plain_rate(self) -> Rate | None:
        """η where the rule is w ← w − η·g for weights and biases, and nothing else; None where there is more to it."""
        return None

    @abstractmethod
    def start(self, parameter: Tensor) -> Memory:
        """The rule's memory for one parameter (..., out, in) before the first step; () where it has none."""

    @abstractmethod
    def update(self, parameter: Tensor, gradient: Tensor, memory: Memory, decays: bool) -> None:
        """Change parameter and memory in place; `decays` is true for weights, false for biases."""
