"""One cohort's way from specs to stored records, the same in this process and in a worker."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lossbench.engine import train
from lossbench.execution.checkpoint import cohort_file
from lossbench.execution.device_memory import shortage_told
from lossbench.interfaces import Split
from lossbench.planning.cohorts import run_size
from lossbench.planning.spec import Cohort
from lossbench.storage.parquet_part import Origin
from lossbench.storage.store import append


@dataclass(frozen=True, kw_only=True)
class Job:
    """A cohort to train, the study's folder that its traces go to, and what their rows have in common."""

    folder: Path
    cohort: Cohort
    origin: Origin


class Done(NamedTuple):
    """What became of a cohort, in numbers: runs, how many diverged, run-steps (a step of one run), and operations in them."""

    runs: int
    diverged: int
    run_steps: int
    operations: int


def do(job: Job, split: Split, report: Callable[[int], None]) -> Done:
    """Train the cohort, from its checkpoint if there is one, and store its traces as one part; `report` is told each step."""
    checkpoint = cohort_file(job.folder, job.cohort)
    with shortage_told():
        traces = train(job.cohort, split, job.origin.device, report, checkpoint)
    append(job.folder, traces, job.origin)
    checkpoint.discard()
    run_steps = sum(trace.stopped for trace in traces)
    diverged = sum(trace.outcome == "diverged" for trace in traces)
    return Done(len(traces), diverged, run_steps, run_steps * run_size(job.cohort.runs[0]).operations)
