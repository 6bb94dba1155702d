"""How far a sweep is: a bar that moves, on a terminal or in a notebook; elsewhere a line where nothing is seen for long."""

import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import numpy as np

from lossbench.data.loading import describe
from lossbench.errors import counted
from lossbench.execution.bars import bar_for_display
from lossbench.execution.interrupts import stop_if_asked
from lossbench.execution.patience import say, told_when_slow, untold
from lossbench.planning.spec import Cohort
from lossbench.storage.sweep_status import StatusFile

BAR_SECONDS, FILE_SECONDS = 0.2, 2.0  # between two looks, with a bar and with a file alone


@dataclass(frozen=True, kw_only=True)
class CohortCost:
    """A cohort to be trained, and what a step and a record of it are thought to take."""

    cohort: Cohort
    step_seconds: float
    record_seconds: float

    @property
    def steps(self) -> int:
        """Steps of each run."""
        return self.cohort.runs[0].steps

    @cached_property
    def recorded(self) -> tuple[int, ...]:
        """The steps that are recorded, ascending."""
        run = self.cohort.runs[0]
        return self.cohort.recording.steps(run, describe(run.dataset).shape.rows)

    def seconds(self, step: int) -> float:
        """What it takes to come to a step, records included: on a logarithmic schedule most of them come early."""
        return step * self.step_seconds + bisect_left(self.recorded, step) * self.record_seconds


class Progress:
    """A sweep's progress. `steps` holds the step that each cohort is at, and may be memory that workers write to.

    What is told here is told to other shells, too, where there is a file for it.
    """

    def __init__(self, study: str, work: Sequence[CohortCost], file: StatusFile | None = None) -> None:
        self.study, self.work, self.file = study, work, file
        self.steps: np.ndarray[tuple[int], np.dtype[np.int64]] = np.zeros(len(work), np.int64)
        self.runs = sum(len(item.cohort.runs) for item in work)
        self.stored = 0
        self.started = self.looked = time.monotonic()
        self.bar = bar_for_display()
        self._lines = ExitStack()

    def __enter__(self) -> Self:
        if self.file:
            self.file.begin()
        if self.bar:
            self.bar.start(self._status())
            self._lines.enter_context(untold())
        else:
            say(f"{self.study}: {counted(self.runs, 'run')} to train, in {counted(len(self.work), 'cohort')}.")
            self._lines.enter_context(told_when_slow(self.line))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lines.close()
        if self.bar:
            self.bar.stop(self._share(), self._status())
        if self.file:
            self._tell(self.file, at_once=True)
            self.file.end(error)

    def at(self, index: int, step: int) -> None:
        """The cohort of an index, which this process trains, is at a step."""
        self.steps[index] = step
        self.look()

    def end(self, index: int, *, stored: bool) -> None:
        """A cohort has ended, at its last step or because all of it diverged; its runs are stored, or lost."""
        self.steps[index] = self.work[index].steps
        self.stored += len(self.work[index].cohort.runs) if stored else 0

    def line(self) -> str:
        """How far the sweep is."""
        return "{now}: {runs}, {rate}, {left}".format(**self._status())

    def look(self) -> None:
        """Move the bar and tell the file, where it is time to. Raises KeyboardInterrupt where a signal asked for its end."""
        stop_if_asked()
        now = time.monotonic()
        if now - self.looked < (BAR_SECONDS if self.bar else FILE_SECONDS):
            return
        self.looked = now
        if self.file:
            self._tell(self.file)
        if self.bar:
            self.bar.draw(self._share(), self._status())

    def _tell(self, file: StatusFile, *, at_once: bool = False) -> None:
        file.tell(stored=self.stored, share=self._share(), now=self._status()["now"], at_once=at_once)

    def _share(self) -> float:
        """How much of the work is done, from 0 to 1."""
        reached = sum(item.seconds(int(step)) for item, step in zip(self.work, self.steps, strict=True))
        return reached / sum(item.seconds(item.steps) for item in self.work)

    def _status(self) -> dict[str, Any]:
        """What a display shows: the cohort now trained, runs stored, run-steps a second, time left."""
        seconds, share = max(time.monotonic() - self.started, 1e-9), self._share()
        run_steps = sum(int(step) * len(item.cohort.runs) for item, step in zip(self.work, self.steps, strict=True))
        begun = [item for item, step in zip(self.work, self.steps, strict=True) if 0 < step < item.steps]
        return {
            "study": self.study,
            "now": f"{self.study} · {label((begun or self.work)[-1].cohort)}",
            "runs": f"{self.stored:,}/{self.runs:,} runs",
            "rate": f"{rate(run_steps / seconds)} run-steps/s",
            "left": f"{timedelta(seconds=round(seconds * (1 - share) / share))} left" if share else "starting",
        }


def label(cohort: Cohort) -> str:
    """What a cohort trains, by the words of its data set, model and losses."""
    run = cohort.runs[0]
    losses = ", ".join(dict.fromkeys(run.loss.word for run in cohort.runs))
    return f"{' '.join(_nested_words(run.dataset.describe()))} · {run.model.word} · {losses}"


def rate(value: float) -> str:
    """A rate in three digits or so: 950, 12.3k, 4.56M."""
    for bound, unit in ((1e6, "M"), (1e3, "k")):
        if value >= bound:
            return f"{value / bound:.3g}{unit}"
    return f"{value:.3g}"


def _nested_words(description: Mapping[str, Any]) -> Iterator[str]:
    """The word of a thing and of whatever it wraps: noisy digits."""
    yield description["word"]
    for value in description.values():
        if isinstance(value, Mapping):
            yield from _nested_words(value)
