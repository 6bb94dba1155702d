"""The loky executor: processes side by side that train cohorts and store what comes out, each on its own.

A worker is a loky pool of one process. In a pool of several, which is what joblib.Parallel makes, the death of one
worker takes the others with it; here it costs the cohort that it was at. Data goes to the workers as memory-mapped files.
"""

import multiprocessing.resource_tracker
import os
import signal
import warnings
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.backend import resource_tracker as loky_tracker
from joblib.externals.loky.process_executor import TerminatedWorkerError

from lossbench.execution.executors.protocol import WorkerKilled
from lossbench.execution.job import Job, JobResult, do_job, split_of
from lossbench.execution.progress import Progress
from lossbench.execution.shared_memory import create_steps, map_split, save_split, steps
from lossbench.execution.temporary_folders import temporary_folder
from lossbench.execution.worker_guard import guard_worker
from lossbench.planning.spec import Resources

TRACKERS = (multiprocessing.resource_tracker.ensure_running, loky_tracker.ensure_running)
STDERR = 2  # its descriptor
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


class Loky:
    """So many processes. When the context is left they are killed, and the folder that they share is removed."""

    job_seconds = 0.0

    def __init__(self, resources: Resources, workers: int, progress: Progress) -> None:
        del resources
        self.slots = workers
        self._progress = progress
        self._temporary = temporary_folder()
        self._folder = Path(self._temporary.name)
        self._all: list[ProcessPoolExecutor] = []
        self._idle: list[ProcessPoolExecutor] = []
        self._busy: dict[Future[JobResult], ProcessPoolExecutor] = {}
        self._saved: set[str] = set()  # fingerprints of data that the folder holds

    def __enter__(self) -> Self:
        # loky looks for a worker's own children with pgrep, which small machines lack; there are none.
        warnings.filterwarnings("ignore", "Failed to kill subprocesses", UserWarning)
        self._progress.steps = create_steps(self._folder, len(self._progress.steps))
        self._idle = [self._worker() for _ in range(self.slots)]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for worker in tuple(self._all):
            worker.shutdown(wait=False, kill_workers=True)
        self._temporary.cleanup()

    def submit(self, job: Job) -> Future[JobResult]:
        """Begin the job in a worker that has none."""
        for cohort in job.cohorts:
            data = cohort.runs[0].data
            if data not in self._saved:
                save_split(self._folder, data, split_of(cohort))
                self._saved.add(data)
        worker, result = self._idle.pop(), Future[JobResult]()
        with _interrupts_held():
            inner = worker.submit(_do_in_worker, job, self._folder)
            self._busy[result] = worker
        inner.add_done_callback(lambda done: self._finish(done, result))
        return result

    def _finish(self, inner: Future[JobResult], result: Future[JobResult]) -> None:
        """Pass on what a worker's future holds; a worker that was killed is replaced. Called in a thread of loky's."""
        if inner.cancelled():  # the context is being left
            return
        error, worker = inner.exception(), self._busy.pop(result)
        killed = isinstance(error, TerminatedWorkerError)
        self._idle.append(self._worker() if killed else worker)
        if error is None:
            result.set_result(inner.result())
        else:
            result.set_exception(WorkerKilled() if killed else error)

    def _worker(self) -> ProcessPoolExecutor:
        """A new worker, whose process starts with its first job."""
        given = (os.getpid(), self._folder)
        self._all.append(ProcessPoolExecutor(max_workers=1, initializer=guard_worker, initargs=given, env=ONE_THREAD))
        return self._all[-1]


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C, which a terminal sends to all: their parent decides what becomes of them."""
    with _errors_discarded():
        for ensure_running in TRACKERS:  # first, for where a tracker starts, interrupts are let through again
            ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _errors_discarded() -> Iterator[None]:
    """Processes started meanwhile write errors nowhere: a tracker would warn of what a killed driver left, which it frees."""
    kept, nowhere = os.dup(STDERR), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, STDERR)
        yield
    finally:
        os.dup2(kept, STDERR)
        os.close(kept)
        os.close(nowhere)


def _do_in_worker(job: Job, folder: Path) -> JobResult:
    """In a worker: the job, with data and progress in the shared folder."""
    return do_job(job, lambda cohort: map_split(folder, cohort.runs[0].data, job.origin.task), steps(folder).__setitem__)
