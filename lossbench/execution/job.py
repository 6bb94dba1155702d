"""One cohort's way from specs to stored records, the same in this process and in a worker."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lossbench.data.loading import describe, load
from lossbench.engines import engine_of
from lossbench.errors import Failure
from lossbench.execution.checkpoint import cohort_file
from lossbench.execution.device_memory import as_memory_error
from lossbench.interfaces import DataShape, Split
from lossbench.planning.spec import Cohort, RunSpec
from lossbench.storage.parquet_part import Origin
from lossbench.storage.store import append


@dataclass(frozen=True, kw_only=True)
class Job:
    """A cohort to train, the study's folder that its traces go to, and what their rows have in common."""

    folder: Path
    cohort: Cohort
    origin: Origin


class JobResult(NamedTuple):
    """What became of a cohort, in numbers: runs, how many diverged, run-steps (a step of one run), and operations in them."""

    runs: int
    diverged: int
    run_steps: int
    operations: int


def do_job(job: Job, split: Split, report: Callable[[int], None]) -> JobResult:
    """Train the cohort, from its checkpoint if there is one, and store its traces as one part.

    The split has features (N, D) and targets (N, C); `report` is called with each step that is done. Raises BadInput where the
    cohort cannot be trained, MemoryError where it does not fit, Failure where the disk is full.
    """
    checkpoint = cohort_file(job.folder, job.cohort)
    engine = engine_of(job.cohort.runs[0].model)
    with as_memory_error():
        traces = engine.train(job.cohort, split, job.origin.device, report, checkpoint)
    append(job.folder, traces, job.origin)
    checkpoint.discard()
    run_steps = sum(trace.stopped for trace in traces)
    diverged = sum(trace.outcome == "diverged" for trace in traces)
    return JobResult(len(traces), diverged, run_steps, run_steps * engine.size(job.cohort.runs[0]).operations)


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
