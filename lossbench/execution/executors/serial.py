"""The serial executor: one job after another, in this process."""

from concurrent.futures import Future
from types import TracebackType
from typing import Self

from lossbench.execution.job import Job, JobResult, do_job, split_of
from lossbench.execution.progress import Progress
from lossbench.planning.spec import Resources


class Serial:
    """Does each job while it is submitted; an exception or an interrupt ends the sweep at once."""

    slots = 1
    job_seconds = 0.0

    def __init__(self, resources: Resources, workers: int, progress: Progress) -> None:
        del resources, workers
        self._progress = progress

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def submit(self, job: Job) -> Future[JobResult]:
        """Do the job, and return a future that is done."""
        future: Future[JobResult] = Future()
        future.set_result(do_job(job, split_of, self._progress.at))
        return future
