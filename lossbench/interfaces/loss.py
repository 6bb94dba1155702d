"""What a loss promises: a number for one example, from raw outputs and targets."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, NamedTuple, Self, TypeVar, get_args

import torch
from torch import Tensor

from lossbench.errors import BadInput, counted
from lossbench.guard import plugin_error
from lossbench.interfaces.domain import Domain
from lossbench.interfaces.links import LINKS, OUTPUTS, Link
from lossbench.registry import Registered, field_types

Task = Literal["classification", "multilabel", "ordinal", "regression"]
CLASSIFIED: tuple[Task, ...] = ("classification", "ordinal")  # each example belongs to one class, and these may have an order
LABELLED: tuple[Task, ...] = (*CLASSIFIED, "multilabel")  # or has any number of labels, each of which is there or not
SAY_ORDER = "That classes have an order is said of a table: dataset.order=[low,middle,high], or of numbers dataset.task=ordinal."
EVERY_TASK: tuple[Task, ...] = (*LABELLED, "regression")


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


class TrainingTargets(NamedTuple):
    """What a loss may know of the training data's targets.

    `members` are the examples of each class, () where an example has no one class; `least` and `greatest` hold a number for each
    target of a regression, in the unit that losses see, else ().
    """

    members: tuple[int, ...] = ()
    least: tuple[float, ...] = ()
    greatest: tuple[float, ...] = ()


UNKNOWN_TARGETS = TrainingTargets()


class Loss(Registered):
    """A number for one example, from raw outputs; it reduces nothing and declares its link.

    Targets y are (..., T, B) and raw outputs z (..., C, B), C = raw_outputs(T): as many, unless the loss says otherwise.

    `tasks` are those it has a meaning for. One that is for classification is also for classes in an order, which are one-hot as
    others are, and for several labels at once, if it is not on the softmax and does not ask for targets that sum to 1.

    A field `link: Literal["auto", ...] = "auto"` names the links that the loss has a meaning on;
    `on` settles "auto" for a task. Only `value` must be written: the gradient then comes from autograd,
    and `properties` claims nothing until it is written.

    A class says `per_example = True` where each example's number depends on that example alone; the engine may then lay the
    examples of several runs side by side, which is faster. A claim that is false is refused before anything is trained. A loss
    that does not claim it is given exactly one run's examples, (C, B) and (T, B): the mini-batch in training, and the whole
    data set at once, (C, N), where it is evaluated.
    """

    noun: ClassVar[str] = "loss"
    per_example: ClassVar[bool] = False
    tasks: ClassVar[tuple[Task, ...]] = ("classification", "regression")
    takes: ClassVar[Domain] = "reals"
    link: str

    @abstractmethod
    def value(self, z: Tensor, y: Tensor) -> Tensor:
        """ℓ of raw outputs z (..., C, B) and targets y (..., T, B); returns (..., B)."""

    def gradient(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/dz, (..., C, B). Raises BadInput where `value` does not depend on z in a way that autograd can follow."""
        with torch.inference_mode(mode=False), torch.enable_grad():
            z, y = z.detach().clone().requires_grad_(), y.detach().clone()  # copies: the engine's own never have derivatives
            value = self.value(z, y)
            if not value.requires_grad:
                raise plugin_error(self, "value", "returned a tensor without a gradient; expected is one that is computed from z")
            return torch.autograd.grad(value.sum(), z)[0]

    def error(self, z: Tensor, y: Tensor) -> Tensor:
        """dℓ/da, (..., C, B), a being the link's output.

        Solved here from dℓ/dz = (dℓ/da)(da/dz): divided by the slope where the link acts element by
        element; for the softmax, whose Jacobian loses a constant, the solution that is 0 for the largest output.
        """
        return solved_error(self.gradient(z, y), z, self.link)

    def raw_outputs(self, targets: int) -> int:
        """How many raw outputs C a network needs for T targets."""
        return targets

    def prediction(self, a: Tensor) -> Tensor:
        """Those of the link's outputs a (..., C, B) that stand for the targets, (..., T, B)."""
        return a

    def class_log_probabilities(self, z: Tensor) -> Tensor | None:
        """log p (..., T, B) of the classes, from raw outputs (..., C, B) that do not stand for them one by one; else None."""
        del z
        return None

    def quantile(self, z: Tensor, level: float) -> Tensor | None:
        """What a share `level` of the targets lies below, (..., T, B), where z (..., C, B) says a distribution; else None."""
        del z, level
        return None

    def informed(self, targets: TrainingTargets) -> Self:
        """The loss with what it must know of the training data's targets."""
        del targets
        return self

    def properties(self) -> Properties:
        """What the loss claims of itself, its link being settled."""
        return Properties()

    @property
    def domain(self) -> Domain:
        """What targets the loss takes on its link. On a softmax, shares are those of one whole."""
        return "distribution" if self.takes == "shares" and self.link == "softmax" else self.takes

    @property
    def boundary(self) -> float:
        """The raw output above which a lone output decides for class 1: 0, but ½ where it imitates the targets 0 and 1.

        That is what a loss for regression makes of them.
        """
        return 0.5 if self.link == "identity" and "regression" in self.tasks else 0.0

    @property
    def link_function(self) -> Link:
        """The link that `link` names."""
        return LINKS[self.link]

    def on(self, task: Task, outputs: int) -> Self:
        """The same loss with link "auto" settled: identity for regression, sigmoid for one output and for labels, else softmax.

        Raises BadInput where the loss has no meaning on the task or on the link.
        """
        if task not in self.tasks and not (task in LABELLED and "classification" in self.tasks):
            order = "" if self.tasks != ("ordinal",) else f" {SAY_ORDER}"
            raise BadInput(f"The loss {self.word!r} has no meaning for {task}; it is for {' and '.join(self.tasks)}.{order}")
        if "link" not in field_types(type(self)):
            return _independent(self, task)
        link = self.link
        if link == "auto":
            link = "identity" if task == "regression" else "sigmoid" if outputs == 1 or task == "multilabel" else "softmax"
        possible = get_args(field_types(type(self))["link"])
        if not possible:
            raise BadInput(
                f"The loss {self.word!r} does not say which links it has a meaning on: its field is link: str. "
                'Declare it as link: Literal["sigmoid", "softmax"], or with those that it has.'
            )
        if link not in possible:
            raise BadInput(
                f"The loss {self.word!r} has no meaning on the {link} link, which {task} with {counted(outputs, 'output')} asks "
                f"for. Its links: {', '.join(possible)}."
            )
        return _independent(replace(self, link=link), task)  # type: ignore[type-var]


L = TypeVar("L", bound=Loss)


def _independent(loss: L, task: Task) -> L:
    """The loss itself, its link being settled. Raises BadInput where it makes several labels compete for one whole."""
    if task == "multilabel" and (loss.link == "softmax" or loss.domain in ("distribution", "one_hot")):
        raise BadInput(
            f"The loss {loss.word!r} is for classes of which one is right, and here are several labels at once, each there or "
            "not. Possible are losses on the sigmoid link, and those of each output by itself, such as hinge."
        )
    return loss


def solved_error(gradient: Tensor, z: Tensor, link: str) -> Tensor:
    """dℓ/da from dℓ/dz = (dℓ/da)(da/dz) and raw outputs z, all (..., C, B), as `Loss.error` says."""
    if link == "identity":
        return gradient
    a = LINKS[link].value(z)
    slope = a * torch.sigmoid(-z) if link == "sigmoid" else a
    quotient = torch.where(gradient == 0, 0.0, gradient / slope)
    if link == "sigmoid":
        return quotient
    return quotient - quotient.gather(OUTPUTS, a.argmax(OUTPUTS, keepdim=True))
