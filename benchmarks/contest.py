"""What a benchmark is made of: contestants that do the same work, and goals for what comes out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["at least", "at most"]


class Disagreement(RuntimeError):
    """Two contestants do not compute the same numbers, so that comparing their times would mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What one repetition took of one contestant: seconds, and the peak of its memory in bytes where that was measured."""

    seconds: float
    peak: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """One way of doing the work. `units` is how much of it one call of `work` does; a call may clock itself and return that.

    `note` is what a reader must know of how it was timed, such as that only some of the runs were. What starts a program
    anew each time has nothing to warm up.
    """

    name: str
    units: float
    work: Callable[[], object]
    note: str = ""
    warms_up: bool = True


Round = Mapping[str, Taken]  # one repetition of every contestant, by name; seconds are those of one unit


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A number made from one round, and the bounds asked of its median; without one it is only told. `shown` formats it."""

    label: str
    number: Callable[[Round], float]
    shown: str
    kind: Kind = "at least"
    bound: float | None = None
    hoped: float | None = None

    def holds(self, number: float) -> bool:
        """Whether the number keeps the bound."""
        if self.bound is None:
            return True
        return number >= self.bound if self.kind == "at least" else number <= self.bound


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Everything that one benchmark compares. Times are shown in `unit`, seconds times `scale`.

    Where a `rate` is named, the page tells beside them how many of that a second there were. Without contestants there is
    nothing but the text, which says why.
    """

    title: str
    text: str
    unit: str
    scale: float
    contestants: Sequence[Contestant]
    goals: Sequence[Goal]
    check: Callable[[], str]
    repetitions: int = 5
    rate: str = ""


def times_slower(rival: str, ours: str) -> Callable[[Round], float]:
    """How many times as long the rival takes for one unit."""
    return lambda taken: taken[rival].seconds / taken[ours].seconds
