"""Few runs of large networks, whose single products fill all cores."""

import os
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.agreement import same_norms
from benchmarks.contest import Contest, Contestant, Goal, times_slower
from benchmarks.lesson import MNIST, Lesson
from benchmarks.rivals import eager
from benchmarks.training import NORMS, WORKERS, side_by_side, with_all_cores
from lossbench.data.loading import load
from lossbench.datasets.synthetic import Blobs
from lossbench.engine import train
from lossbench.engine.products import LARGE
from lossbench.planning.plan import cohorts

TABLE = Lesson(dataset=Blobs(size=100_000, features=50, classes=2), hidden=(64,), batch=256, seeds=1, rates=(0.01,))
DEEP = replace(MNIST, hidden=(512, 512), batch=128, seeds=1, rates=(0.01,))
WIDE = replace(DEEP, hidden=(2000,))


@dataclass(frozen=True)
class Case:
    """So many runs of a lesson's network, so many steps each."""

    name: str
    lesson: Lesson
    runs: int
    steps: int

    @property
    def ours(self) -> Contestant:
        """The engine: one run in this process with all cores, several in worker processes, with a thread each."""
        tiles = cohorts(self._lesson.runs(self.steps)[: self.runs], NORMS, None)
        split, _ = load(self.lesson.dataset)
        work = partial(side_by_side, tiles) if self.runs > 1 else partial(with_all_cores, partial(train, tiles[0], split))
        note = f"{WORKERS} worker processes, one thread each" if self.runs > 1 else "all cores"
        return Contestant(name=f"{self.name}, lossbench", units=self.runs * self.steps, work=work, note=note)

    @property
    def eager(self) -> Contestant:
        """A loop over the runs in eager PyTorch, with a thread for each core."""
        some = self._lesson.named()[: self.runs]
        work = partial(with_all_cores, partial(_loop, self._lesson, some, self.steps))
        return Contestant(name=f"{self.name}, eager PyTorch", units=self.runs * self.steps, work=work, note="all cores")

    @property
    def goal(self) -> Goal:
        """Never slower than the loop."""
        label = f"{self.name}, times as fast as eager PyTorch with all cores"
        return Goal(label=label, number=times_slower(self.eager.name, self.ours.name), shown="{:.2f}×", bound=1.0)

    @property
    def _lesson(self) -> Lesson:
        return replace(self.lesson, rates=tuple(0.01 * (1 + number / 10) for number in range(max(1, self.runs // 2))))


CASES = (
    Case("784-512-512-10, one run", DEEP, 1, 240),
    Case("784-512-512-10, eight runs", DEEP, 8, 60),
    Case("784-2000-10, one run", WIDE, 1, 120),
    Case("100,000 × 50 table, 50-64-1, one run", TABLE, 1, 600),
)


def large() -> Contest:
    """Single large runs, and eight of them, against a loop in eager PyTorch that has all cores."""
    return Contest(
        title="Large networks, few runs",
        text=(
            f"Mini-batches of {DEEP.batch} images, and of {TABLE.batch} rows of a table; the norm of every parameter's "
            f"gradient is kept at every step. Products of at least {LARGE / 1e6:.0f} million multiplications are cut into blocks "
            f"of rows by their shape, so that a run's bits do not depend on how many of the {os.cpu_count()} cores share them."
        ),
        unit="µs a run-step",
        scale=1e6,
        contestants=[contestant for case in CASES for contestant in (case.ours, case.eager)],
        goals=[case.goal for case in CASES],
        check=partial(same_norms, DEEP, {"eager PyTorch": eager.train}, jax=False),
    )


def _loop(lesson: Lesson, some: list[tuple[str, int, float]], steps: int) -> None:
    for run in some:
        eager.train(lesson, *run, steps)
