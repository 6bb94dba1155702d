"""The serial executor: one job after another, in this process."""

from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Self

from lossbench.execution.job import Job, JobResult, do_job, split_of
from lossbench.execution.progress import Progress


class Serial:
    """Does each job while it is submitted; an exception or an interrupt ends the sweep at once."""

    slots = 1

    def __init__(self, workers: int, progress: Progress) -> None:
        del workers
        self._progress = progress

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def submit(self, index: int, job: Job) -> Future[JobResult]:
        """Do the job, and return a future that is done."""
        future: Future[JobResult] = Future()
        future.set_result(do_job(job, split_of(job.cohort), partial(self._progress.at, index)))
        return future
