"""Studies that nobody trained, shaped as real ones are: for timing what comes after training."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.lesson import DIGITS
from lossbench.data.loading import load
from lossbench.engine import train
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec, Trace
from lossbench.storage.parquet_part import Origin
from lossbench.storage.provenance import provenance
from lossbench.storage.store import append, remember

RECORDING = Recording(schedule=RecordingSchedule(kind="every"))
A_PART = 50  # runs that a worker stores at once


def traces(*, runs: int, moments: int) -> list[Trace]:
    """So many runs of digits, by loss, seed and rate, with every quantity at so many moments.

    The first seed is trained; the others have its curves, a little lower.
    """
    lesson = replace(DIGITS, seeds=runs // (2 * len(DIGITS.rates)))
    specs = lesson.runs(moments - 1)
    split, _ = load(lesson.dataset)
    trained = train(Cohort(runs=tuple(run for run in specs if run.seed == 0), recording=RECORDING), split)
    first = {(trace.run.loss, trace.run.optimizer): trace for trace in trained}
    rng = np.random.default_rng(0)
    lower = {seed: rng.uniform(0.9, 1.0) for seed in range(lesson.seeds)}
    return [_lowered(first[run.loss, run.optimizer], run, lower[run.seed]) for run in specs]


def _lowered(trace: Trace, run: RunSpec, factor: float) -> Trace:
    return replace(trace, run=run, values={name: curve * factor for name, curve in trace.values.items()})


def store(folder: Path, invented: Sequence[Trace]) -> None:
    """Store the traces as a study, as a sweep does."""
    invocation = remember(folder, ["run"], {}, provenance("cpu", 2))
    origin = Origin(recording=RECORDING.describe(), invocation=invocation, task="classification", device="cpu")
    for start in range(0, len(invented), A_PART):
        append(folder, invented[start : start + A_PART], origin)
