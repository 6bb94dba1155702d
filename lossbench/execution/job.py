"""The way of one or several cohorts from specs to stored records, the same in this process and in a worker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import NamedTuple

from lossbench.data.loading import describe, know, load
from lossbench.engines import engine_of
from lossbench.errors import Failure
from lossbench.execution.checkpoint import CohortFile, cohort_file
from lossbench.execution.device_memory import as_memory_error
from lossbench.interfaces import DataShape, Split
from lossbench.planning.spec import Cohort, RunSpec, Trace
from lossbench.storage.parquet_part import Origin
from lossbench.storage.store import append


@dataclass(frozen=True, kw_only=True)
class Job:
    """Cohorts to train one after another, the study's folder that their traces go to as one part, and what its rows share.

    `indices` are the cohorts' indices in the sweep, by which progress is told.
    """

    folder: Path
    cohorts: tuple[Cohort, ...]
    indices: tuple[int, ...]
    origin: Origin

    @property
    def runs(self) -> int:
        """How many runs the job has."""
        return sum(len(cohort.runs) for cohort in self.cohorts)


class JobResult(NamedTuple):
    """What became of a job, in numbers: runs, how many diverged, run-steps (a step of one run), and operations in them."""

    runs: int
    diverged: int
    run_steps: int
    operations: int


def do_job(job: Job, split_of: Callable[[Cohort], Split], report: Callable[[int, int], None]) -> JobResult:
    """Train the job's cohorts, each from its checkpoint if there is one, and store their traces as one part.

    `split_of` hands out data, features (N, D) and targets (N, C); `report` is called with a cohort's index and each step that is
    done. Raises BadInput where a cohort cannot be trained, MemoryError where it does not fit, Failure where the disk is full.
    """
    checkpoints = [cohort_file(job.folder, cohort) for cohort in job.cohorts]
    traces, result = train_job(job, split_of, report, checkpoints)
    append(job.folder, traces, job.origin)
    for checkpoint in checkpoints:
        checkpoint.discard()
    return result


def train_job(
    job: Job, split_of: Callable[[Cohort], Split], report: Callable[[int, int], None], checkpoints: Sequence[CohortFile | None]
) -> tuple[list[Trace], JobResult]:
    """The traces of all runs of a job, and their numbers; a checkpoint for each cohort, None where none is kept."""
    every: list[Trace] = []
    operations = 0
    for index, cohort, checkpoint in zip(job.indices, job.cohorts, checkpoints, strict=True):
        engine = engine_of(cohort.runs[0].model)
        split = split_of(cohort)
        know(cohort.runs[0].dataset, split, cohort.runs[0].data)
        with as_memory_error():
            traces = engine.train(cohort, split, job.origin.device, partial(report, index), checkpoint)
        operations += sum(trace.stopped for trace in traces) * engine.size(cohort.runs[0]).operations
        every += traces
    diverged = sum(trace.outcome == "diverged" for trace in every)
    return every, JobResult(len(every), diverged, sum(trace.stopped for trace in every), operations)


def put_together(jobs: Sequence[Job], seconds: Sequence[float], least: float) -> list[Job]:
    """The jobs, neighbours of one origin put together until each has `least` seconds of work, or the origin's last are taken."""
    made: list[Job] = []
    taken = inf  # of the job that was made last
    for job, own in zip(jobs, seconds, strict=True):
        if made and taken < least and made[-1].origin == job.origin:
            last = made.pop()
            made.append(replace(last, cohorts=last.cohorts + job.cohorts, indices=last.indices + job.indices))
            taken += own
        else:
            made.append(job)
            taken = own
    return made


def apart(job: Job) -> list[Job]:
    """The job's cohorts, a job each."""
    return [replace(job, cohorts=(cohort,), indices=(index,)) for cohort, index in zip(job.cohorts, job.indices, strict=True)]


def split_of(cohort: Cohort) -> Split:
    """The data of a cohort, features (N, D) and targets (N, C). Raises Failure where they changed after it was planned."""
    loaded = load(cohort.runs[0].dataset)
    _refuse_changed(cohort.runs[0], loaded.fingerprint)
    return loaded.split


def shape_of(cohort: Cohort) -> DataShape:
    """The shape of a cohort's data. Raises Failure where they changed after it was planned."""
    described = describe(cohort.runs[0].dataset)
    _refuse_changed(cohort.runs[0], described.fingerprint)
    return described.shape


def _refuse_changed(run: RunSpec, fingerprint: str) -> None:
    if fingerprint != run.data:
        raise Failure(f"The data set {run.dataset.word!r} changed after the runs were planned. Run again.")
