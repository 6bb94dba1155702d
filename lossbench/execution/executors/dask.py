"""The Dask executor: jobs go to the workers of a scheduler that runs already, on this machine or on others.

A thin adapter of dask.distributed. A job whose worker dies is begun again by another one; where it has brought down as many as
the scheduler allows (`distributed.scheduler.allowed-failures`), it is taken for what kills them.
"""

import logging
import os
import secrets
import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

import distributed
from distributed.protocol.pickle import dumps
from distributed.scheduler import KilledWorker

from lossbench.errors import BadInput, Failure
from lossbench.execution.executors.dask_worker import Answer, Lacking, Orders, do_on_worker, forget_data, has_data, keep_data
from lossbench.execution.executors.protocol import WorkerKilled
from lossbench.execution.ground import ground_name, job_on, own_ground
from lossbench.execution.job import Job, JobResult, split_of
from lossbench.execution.patience import told_when_slow
from lossbench.execution.progress import Progress
from lossbench.planning.spec import Cohort, Resources
from lossbench.storage.store import write

CONNECT_SECONDS = 10.0  # for which a scheduler may be silent
ALONE_SECONDS = 600.0  # for which a cluster may have no worker: queues are slow, and workers come back
LOOK_SECONDS = 1.0  # between two looks at how many workers there are
JOB_SECONDS = 60.0  # of work that a job should have, where there is enough for every worker
SHARES = 4  # that every worker should have of the work, so that all end at about the same time
LOGGERS = ("distributed", "distributed.client", "tornado", "tornado.application")


class Dask:
    """The workers of a scheduler. When the context is left they stay, and what they were still at is ended."""

    def __init__(self, resources: Resources, workers: int, progress: Progress) -> None:
        del workers  # as many as there are
        self._resources, self._progress = resources, progress
        self._sweep = secrets.token_hex(8)
        self._grounds: dict[str, str] = {}
        self._cohorts: dict[str, Cohort] = {}  # one for each fingerprint, by which the data are had
        self._begun: dict[Future[JobResult], distributed.Future] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._workers = 0

    def __enter__(self) -> Self:
        _silence()
        self._client = _connected(str(self._resources.address))
        self._client.subscribe_topic(self._sweep, self._hear)
        try:
            with told_when_slow(f"Waiting for a worker of {self._resources.address} …"):
                self._await_worker()
        except BaseException:
            self._client.close()
            raise
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closed.set()
        with self._lock:
            begun = list(self._begun.values())
            self._begun.clear()
        if self._client.status == "running":
            with suppress(Exception):  # whatever a scheduler that is just ending answers
                self._client.cancel(begun)
                self._client.run(forget_data, self._sweep, on_error="ignore")
        with suppress(Exception):
            self._client.close(timeout=CONNECT_SECONDS)

    @property
    def slots(self) -> int:
        """A job for each worker that there is now: one that waited behind another would be charged with its worker's death."""
        return max(self._workers, 1)

    @property
    def job_seconds(self) -> float:
        """A minute, or less where that would leave workers without any."""
        work = sum(item.seconds(item.steps) for item in self._progress.work)
        return min(JOB_SECONDS, work / (SHARES * max(self._workers, 1)))

    def submit(self, job: Job) -> Future[JobResult]:
        """Hand the job to the scheduler."""
        self._cohorts |= {cohort.runs[0].data: cohort for cohort in job.cohorts}
        self._grounds.setdefault(ground_name(own_ground()), job.origin.invocation)
        result: Future[JobResult] = Future()
        self._begin(job, result)
        return result

    def _begin(self, job: Job, result: Future[JobResult]) -> None:
        orders = Orders(
            sweep=self._sweep,
            storage=self._resources.storage,
            import_from=(os.getcwd(),),  # noqa: PTH109 - as text, for another machine
            grounds=dict(self._grounds),
        )
        if self._client.status != "running":
            raise self._gone()
        key = f"lossbench-{self._sweep}-{secrets.token_hex(8)}"
        inner = self._client.submit(do_on_worker, dumps(job), orders, key=key, pure=False)
        with self._lock:
            self._begun[result] = inner
        inner.add_done_callback(lambda done: self._finish(done, job, result))

    def _finish(self, inner: distributed.Future, job: Job, result: Future[JobResult]) -> None:
        """Pass on what came of a job, or supply what its worker lacks and begin it again. Called in a thread of Dask's."""
        with self._lock:
            if self._closed.is_set() or self._begun.pop(result, None) is None:
                return
        try:
            answer = self._answer(inner)
            if isinstance(answer, Lacking):
                self._supply(answer, job)
                self._begin(job, result)
            else:
                numbers, content = answer
                if content is not None:
                    write(job.folder, content)
                result.set_result(numbers)
        except BaseException as error:  # noqa: BLE001 - the driver's thread raises it
            result.set_exception(error)

    def _answer(self, inner: distributed.Future) -> Answer:
        """What a worker answered. Raises what the job raised, WorkerKilled, or Failure where the scheduler is gone."""
        if inner.status == "error":
            error = self._talk(inner.exception)
            raise WorkerKilled() if isinstance(error, KilledWorker) else error
        if inner.status != "finished":
            raise self._gone()
        answer: Answer = self._talk(inner.result)
        return answer

    def _supply(self, lacking: Lacking, job: Job) -> None:
        """Send data to a worker's machine, or let its ground pass. Raises BadInput for ground that is another than here."""
        if lacking.provenance:
            job = job_on(lacking.worker, lacking.provenance, own_ground(), job, self._resources)
            self._grounds[ground_name(lacking.provenance)] = job.origin.invocation
        for data in lacking.data:
            if not self._asked(lacking.worker, has_data, data):  # another worker of that machine may have had it meanwhile
                self._asked(lacking.worker, keep_data, data, dumps(split_of(self._cohorts[data])))

    def _asked(self, worker: str, question: Callable[..., Any], *given: Any) -> Any:
        """What a worker answers between its jobs, None where it is gone. Raises BadInput or Failure where it does."""
        ask = partial(self._client.run, question, self._sweep, *given, workers=[worker], on_error="return")
        answer = self._talk(ask).get(worker)
        if isinstance(answer, BadInput | Failure):
            raise answer
        return None if isinstance(answer, BaseException) else answer

    def _talk(self, call: Callable[[], Any]) -> Any:
        """What a call to the scheduler returns. Raises Failure where there is nobody to talk to any more."""
        try:
            return call()
        except (OSError, CancelledError) as error:
            raise self._gone() from error

    def _hear(self, event: tuple[float, tuple[int, int]]) -> None:
        """A worker says which step a cohort is at."""
        index, step = event[1]
        self._progress.steps[index] = max(step, self._progress.steps[index])

    def _await_worker(self) -> None:
        deadline = time.monotonic() + ALONE_SECONDS
        while not self._count_workers():
            if self._client.status != "running":
                raise self._gone()
            if time.monotonic() > deadline:
                raise self._alone()
            time.sleep(LOOK_SECONDS / 5)

    def _watch(self) -> None:
        """In a thread: count the workers, and end what waits where the scheduler is gone, or has had none for long."""
        deadline = time.monotonic() + ALONE_SECONDS
        while not self._closed.wait(LOOK_SECONDS):
            if self._client.status != "running":
                self._end(self._gone())
            elif self._count_workers():
                deadline = time.monotonic() + ALONE_SECONDS
            elif time.monotonic() > deadline:
                self._end(self._alone())

    def _count_workers(self) -> int:
        with suppress(Exception):  # whatever a scheduler that is just ending answers: its futures say the rest
            self._workers = len(self._client.nthreads())
        return self._workers

    def _end(self, error: Exception) -> None:
        """Have all jobs that were begun raise the error."""
        with self._lock:
            waiting = list(self._begun)
            self._begun.clear()
        for result in waiting:
            result.set_exception(error)

    def _gone(self) -> Failure:
        return Failure(
            f"The Dask scheduler at {self._resources.address} is gone. What was stored is kept; "
            "the same command trains what is missing, once there is a scheduler again."
        )

    def _alone(self) -> Failure:
        return Failure(
            f"The Dask scheduler at {self._resources.address} has had no worker for {ALONE_SECONDS / 60:.0f} minutes. "
            "What was stored is kept; the same command trains what is missing."
        )


def _connected(address: str) -> distributed.Client:
    """A client of the scheduler. Raises BadInput where none answers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other versions, which are held against one another here
            return distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(
            f"No Dask scheduler answers at {address}. `dask scheduler` starts one, and "
            f"`dask worker {address} --nthreads 1` a worker; dask-jobqueue does both on a batch system."
        ) from error


def _silence() -> None:
    """What Dask would log on stderr is told in sentences here."""
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
