"""What an executor promises: it does jobs, in the shape of concurrent.futures."""

from concurrent.futures import Future
from types import TracebackType
from typing import Protocol, Self

from lossbench.execution.job import Job, JobResult
from lossbench.execution.progress import Progress


class Executor(Protocol):
    """Does jobs, up to `slots` of them at once. Made from a number of workers and the progress of the sweep.

    It is a context manager: when the context is left, early or not, whatever is still being done is ended.
    """

    slots: int

    def __init__(self, workers: int, progress: Progress) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def submit(self, index: int, job: Job) -> Future[JobResult]:
        """Begin a job, and keep `progress.steps[index]` at the step that it is at.

        Called with at most `slots` jobs unfinished. The future holds what came of the job, or what it raised; WorkerKilled where
        its worker was killed, after which the executor takes other jobs as before.
        """


class WorkerKilled(RuntimeError):
    """The process that did a job was killed, and its cohort is not stored."""
