"""What an optimizer promises: a rule that changes parameters by their gradients."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor

from lossbench.registry import Registered

Memory = tuple[Tensor, ...]
if TYPE_CHECKING:
    Rate = Any  # what the engine puts there while many runs train: tensors (..., 1, 1)
else:
    Rate = float  # what a user writes


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
