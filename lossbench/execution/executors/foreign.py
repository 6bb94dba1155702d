"""Executors that installed packages bring, held to what an executor promises: one that breaks it is named in a sentence."""

from concurrent.futures import Future
from contextlib import nullcontext, suppress
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from lossbench.errors import BadInput, Failure
from lossbench.execution.executors.protocol import MakeExecutor, WorkerKilled
from lossbench.execution.job import Job, JobResult
from lossbench.execution.progress import Progress
from lossbench.planning.executor_words import foreign_executors
from lossbench.planning.spec import Resources

PROMISED = ("__enter__", "__exit__", "submit")
MOST_SLOTS = 10**6
PASSED_ON = (BadInput, Failure, WorkerKilled, MemoryError)  # which say what they are
T = TypeVar("T")


def foreign_executor(word: str) -> MakeExecutor:
    """What makes the executor that an entry point names. Raises BadInput where it cannot be imported, or is none."""
    entry = foreign_executors()[word]
    where = f"The executor {word!r} ({entry.value})"
    try:
        made = entry.load()
    except Exception as error:
        raise BadInput(f"{where} cannot be imported: {_line(error)}.") from error
    lacking = [name for name in PROMISED if not callable(getattr(made, name, None))]
    if not isinstance(made, type) or lacking:
        raise BadInput(f"{where} is no executor: it has to be a class with {', '.join(PROMISED)}, slots and job_seconds.")
    return partial(Foreign, where, made)


class Foreign:
    """An executor of somebody else's; whatever it raises or returns against its promise becomes BadInput."""

    def __init__(self, where: str, made: type, resources: Resources, workers: int, progress: Progress) -> None:
        self._where = where
        self._context = self._inner = self._called("cannot be made", made, resources, workers, progress)

    def __enter__(self) -> Self:
        self._inner = self._called("cannot begin", type(self._context).__enter__, self._context)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with suppress(BadInput) if error else nullcontext():  # what ended the sweep is what is told
            self._called("cannot end", type(self._context).__exit__, self._context, kind, error, trace)

    @property
    def slots(self) -> int:
        """How many jobs may be unfinished at once."""
        slots = self._called("says no slots", getattr, self._inner, "slots")
        if not isinstance(slots, int) or not 1 <= slots <= MOST_SLOTS:
            raise BadInput(f"{self._where} has slots {slots!r}; it takes one job at once or more.")
        return slots

    @property
    def job_seconds(self) -> float:
        """How much work a job should have at least."""
        seconds = self._called("says no job_seconds", getattr, self._inner, "job_seconds")
        if not isinstance(seconds, int | float) or not 0 <= seconds < float("inf"):
            raise BadInput(f"{self._where} has job_seconds {seconds!r}; it is 0 or more.")
        return float(seconds)

    def submit(self, job: Job) -> Future[JobResult]:
        """Begin a job."""
        inner = self._called("takes no job", self._inner.submit, job)
        if not isinstance(inner, Future):
            raise BadInput(f"{self._where} returned {type(inner).__name__} for a job, and no concurrent.futures.Future.")
        result: Future[JobResult] = Future()
        inner.add_done_callback(lambda done: self._pass_on(done, result, job))
        return result

    def _pass_on(self, done: Future[Any], result: Future[JobResult], job: Job) -> None:
        error = WorkerKilled() if done.cancelled() else done.exception()
        if error is None and not _fits(done.result(), job):
            error = BadInput(
                f"{self._where} returned {done.result()!r} for a job of {job.runs} runs, and no JobResult of theirs."
            )
        if error is None:
            result.set_result(done.result())
        else:
            named = Failure(f"{self._where} failed at a job: {_line(error)}. What was stored is kept.")
            result.set_exception(error if isinstance(error, PASSED_ON) else named)

    def _called(self, what: str, function: Any, *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except PASSED_ON:
            raise
        except Exception as error:
            raise BadInput(f"{self._where} {what}: {_line(error)}.") from error


def _fits(result: Any, job: Job) -> bool:
    return isinstance(result, JobResult) and result.runs == job.runs


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__} {error}".split()).rstrip(".")
