"""What a schedule promises: how the learning rate changes in the course of a training."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from lossbench.errors import BadInput
from lossbench.registry import Registered


@dataclass(frozen=True, kw_only=True)
class Schedule(Registered):
    """A factor of the learning rate for every update. A subclass writes `after_warmup`.

    `warmup` is an option of every schedule: for so many updates the factor rises linearly, (s + 1)/(warmup + 1) at update s,
    and then the schedule begins. That is torch's SequentialLR of LinearLR(1/(warmup + 1), total_iters=warmup) and the schedule.
    """

    noun: ClassVar[str] = "schedule"
    warmup: int = 0

    def __post_init__(self) -> None:
        if self.warmup < 0:
            raise BadInput(f"schedule.warmup is {self.warmup}; it is a number of updates, 0 or more.")
        self.check()

    def check(self) -> None:
        """Raise BadInput where an option of the schedule's own is out of range."""

    @property
    def constant(self) -> bool:
        """Whether the factor is 1 at every update."""
        return False

    def factor(self, step: int, steps: int) -> float:
        """What the learning rate is multiplied by at an update, counted from 0, of so many."""
        if step < self.warmup:
            return (step + 1) / (self.warmup + 1)
        return self.after_warmup(step - self.warmup, max(steps - self.warmup, 1))

    @abstractmethod
    def after_warmup(self, step: int, steps: int) -> float:
        """The same without warm-up: the updates before are counted neither in step nor in steps."""
