"""What an optimizer promises: a rule that changes parameters by their gradients."""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

from torch import Tensor

from lossbench.errors import BadInput
from lossbench.registry import Registered

Memory = tuple[Tensor, ...]


class Hyper:
    """The number options of an optimizer at one step, by their names: `hyper.lr`, `hyper.momentum`.

    Each is a tensor that broadcasts against the parameter: () for one run, (..., 1, 1) where many runs are updated at once.
    `lr` is the learning rate of this step, the schedule's factor included.
    """

    def __init__(self, **numbers: Tensor) -> None:
        self.numbers = numbers

    def __getattr__(self, name: str) -> Tensor:
        try:
            return self.numbers[name]
        except KeyError:
            raise AttributeError(f"the optimizer has no number option {name!r}; it has {', '.join(self.numbers)}") from None


class Update(NamedTuple):
    """Which update this is: `step` counts from 1; `decays` says whether the parameter is one that decay is for, a weight."""

    step: int
    decays: bool


def norm_penalty(weight: Tensor, l1: float, l2: float) -> Tensor:
    """½ l2 Σ w² + l1 Σ |w| of weights (out, in), a number (): the penalty whose (sub)gradient is l2·w + l1·sign(w)."""
    return l2 / 2 * weight.square().sum() + l1 * weight.abs().sum()


def penalised(gradient: Tensor, parameter: Tensor, hyper: Hyper, *, l1: float, l2: float) -> Tensor:
    """A gradient (..., out, in) with that of the penalties on the parameter: g + l2·w + l1·sign(w). One of 0 costs nothing."""
    if l2:
        gradient = gradient.addcmul(parameter, hyper.l2)
    return gradient.addcmul(parameter.sign(), hyper.l1) if l1 else gradient


def refuse_penalties(l1: float, l2: float) -> None:
    """Raise BadInput where a penalty's factor is below 0."""
    for name, factor in (("l1", l1), ("l2", l2)):
        if not factor >= 0:
            raise BadInput(f"optimizer.{name} is {factor:g}; a penalty is 0 or more.")


class Optimizer(Registered):
    """A rule that changes parameters in place. Every rule has an option `lr`, the learning rate, which a schedule scales.

    `update` is written for one run: parameter, gradient and memory are that run's, (out, in) for weights and (out, 1) for
    biases. A class says `many_runs = True` where it works element by element, with free leading axes: then it is handed the
    parameters of all runs at once, (..., out, in), which is faster. Numbers are read from `hyper`, not from `self`, which is
    then the first run's; but whether an option is 0 may be asked of `self`: it is 0 for all runs that are updated together,
    so that what is switched off costs nothing.
    """

    noun: ClassVar[str] = "optimizer"
    many_runs: ClassVar[bool] = False
    lr: float

    @property
    def plain(self) -> bool:
        """Whether the rule is w ← w − η·g for weights and biases, and nothing else; the engine then steps on its own way."""
        return False

    def penalty(self, weight: Tensor) -> Tensor:
        """What the rule adds to the loss of one run for weights (out, in), whose gradient it then follows: a number, ()."""
        return weight.new_zeros(())

    @abstractmethod
    def start(self, parameter: Tensor) -> Memory:
        """The rule's memory for one parameter (out, in), or (..., out, in), before the first step; () where it has none."""

    @abstractmethod
    def update(self, hyper: Hyper, parameter: Tensor, gradient: Tensor, memory: Memory, which: Update) -> None:
        """Change a parameter (..., out, in) and the rule's memory of it in place, along a gradient of the same shape."""
