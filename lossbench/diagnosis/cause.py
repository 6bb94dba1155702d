"""What a cause of bad learning is: an inequality that its records must meet, and twins of which one must learn."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lossbench.analysis import formatting
from lossbench.diagnosis.changes import Twin
from lossbench.diagnosis.records import Description, RunRecord
from lossbench.diagnosis.symptoms import ACCURACY, DIVERGENCE, R_SQUARED, average, end, result

GAIN = 0.1  # of average progress, by which a twin must be ahead on average, and ahead in every seed
BEHIND = 0.05  # of progress, by which a twin may be behind at the end: one that stays where it starts has learnt nothing


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A measured inequality that holds in every run examined: `measured` beyond `bound`, and both in words."""

    measured: float
    bound: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A twin that was trained: what was changed, and how the originals and their twins came out, seed by seed."""

    change: str
    originals: tuple[RunRecord, ...]
    twins: tuple[RunRecord, ...]

    @property
    def gain(self) -> float:
        """By how much average progress rises, on average over the seeds."""
        return float(np.mean(self.gains))

    @property
    def gains(self) -> list[float]:
        """By how much average progress rises, seed by seed."""
        return [average(twin) - average(original) for original, twin in zip(self.originals, self.twins, strict=True)]

    @property
    def helps(self) -> bool:
        """Whether the twin learns as the original does not: a large gain, one in every seed, that is not lost at the end."""
        return self.gain >= GAIN and min(self.gains) > 0 and self.further >= -BEHIND

    @property
    def further(self) -> float:
        """By how much progress at the end rises, on average over the seeds."""
        return float(np.mean([end(twin) - end(original) for original, twin in zip(self.originals, self.twins, strict=True)]))

    @property
    def rate_as_well(self) -> bool:
        """Whether the twin has another learning rate, and something else is another, too."""
        before, after = self.originals[0].description, self.twins[0].description
        changed = {name for name in before if before[name] != after.get(name)}
        return "optimizer" in changed and len(changed) > 1

    @property
    def text(self) -> str:
        """What came out, in words: where both end alike, how far each was on average over the steps."""
        ends = [result(self.twins), result(self.originals)]
        if ends[0] != ends[1]:
            before = ends[1] if ends[0] == DIVERGENCE else ends[1].removeprefix(ACCURACY).removeprefix(R_SQUARED)
            return f"{self.change} the same seeds reach {ends[0]} instead of {before}"
        means = [np.mean([average(run) for run in runs]) for runs in (self.twins, self.originals)]
        return (
            f"{self.change} the same seeds reach {ends[0]}, too, with average progress {means[0]:.2f} instead of {means[1]:.2f}"
        )


class Cause(ABC):
    """A cause of bad learning. It is claimed where its inequality holds and one of its twins learns.

    Causes are named in a fixed order, and those with `by_gain` last, of them the one first whose twin gains most:
    more units learn a little faster at the same rate, a larger rate helps a little where a network is too narrow, and a
    gentler start helps most runs.
    """

    name: str
    by_gain: ClassVar[bool] = False

    @abstractmethod
    def suspected(self, records: Sequence[RunRecord]) -> Evidence | None:
        """The inequality, where it holds for runs that differ by seed alone; None where it does not."""

    @abstractmethod
    def twins(self, run: Description) -> list[Twin]:
        """Descriptions that differ from the run's in one thing; the first that learns confirms the cause. [] for none."""

    def confirmed(self, trials: Sequence[Trial]) -> Trial | None:
        """The first trial that shows that what was changed is what was wrong."""
        return next((trial for trial in trials if trial.helps), None)

    def sentence(self, evidence: Evidence, trial: Trial) -> str:
        """The cause with both of its proofs."""
        return f"{self.name}: {evidence.text}; {trial.text}."


def beside(value: float, bound: float) -> str:
    """A measured number to two significant digits, or to as many as show on which side of its bound it is."""
    digits = next(
        (n for n in range(2, 8) if (shown := float(f"{value:.{n}g}")) != bound and (shown > bound) == (value > bound)), 8
    )
    return formatting.number(value, digits)


def present(*twins: Twin | None) -> list[Twin]:
    """Those of the twins that there are."""
    return [twin for twin in twins if twin is not None]
