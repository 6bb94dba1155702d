"""What an executor promises: it does jobs, in the shape of concurrent.futures."""

from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Protocol, Self

from lossbench.execution.job import Job, JobResult
from lossbench.execution.progress import Progress
from lossbench.planning.spec import Resources


class Executor(Protocol):
    """Does jobs, up to `slots` of them at once. Made from what may be used, a number of workers, and the sweep's progress.

    It is a context manager: when the context is left, early or not, whatever is still being done is ended.
    """

    def __init__(self, resources: Resources, workers: int, progress: Progress) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    @property
    def slots(self) -> int:
        """How many jobs may be unfinished at once."""

    @property
    def job_seconds(self) -> float:
        """How much work a job should have at least: cohorts of less are put together, 0 leaves each alone."""

    def submit(self, job: Job) -> Future[JobResult]:
        """Begin a job, and keep `progress.steps` at the step that each of its cohorts is at.

        Called with at most `slots` jobs unfinished. The future holds what came of the job, or what it raised; WorkerKilled where
        its worker was killed, after which the executor takes other jobs as before.
        """


MakeExecutor = Callable[[Resources, int, Progress], Executor]


class WorkerKilled(RuntimeError):
    """The process that did a job was killed, and the job's cohorts are not stored."""
