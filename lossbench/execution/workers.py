"""Workers side by side: processes that train cohorts and store what comes out, each on its own.

A worker is a loky executor of one process. In a pool of several, which is what joblib.Parallel makes, the death of one
worker takes the others with it; here it costs the cohort that it was at. Data goes to the workers as memory-mapped files.
"""

import multiprocessing.resource_tracker
import os
import shutil
import signal
import threading
import time
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from pathlib import Path

from joblib.externals.loky import ProcessPoolExecutor
from joblib.externals.loky.backend import resource_tracker as loky_tracker
from joblib.externals.loky.process_executor import TerminatedWorkerError

from lossbench.execution.job import Done, Job, do
from lossbench.execution.shared_memory import map_split, steps

Looks = Generator[list[tuple[int, Done | None]], None, None]
LOOK_SECONDS = 0.2
TRACKERS = (multiprocessing.resource_tracker.ensure_running, loky_tracker.ensure_running)
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def side_by_side(jobs: Sequence[Job], workers: int, folder: Path) -> Looks:
    """Do the jobs, taken in their order, in so many processes at once; the folder is their workbench.

    Yields every LOOK_SECONDS or so what was done since the last time: the places of jobs, and what became of them, None
    where the worker was killed. Raises what a job raised. When the iteration ends, early or not, the workers are killed.
    """
    # loky looks for a worker's own children with pgrep, which small machines lack; there are none.
    warnings.filterwarnings("ignore", "Failed to kill subprocesses", UserWarning)
    waiting, idle = deque(enumerate(jobs)), [_worker(folder) for _ in range(workers)]
    busy: dict[Future[Done], tuple[int, ProcessPoolExecutor]] = {}
    try:
        while waiting or busy:
            while waiting and idle:
                (place, job), worker = waiting.popleft(), idle.pop()
                with _interrupts_held():
                    busy[worker.submit(_do, job, place, folder)] = place, worker
            finished, _ = wait(busy, LOOK_SECONDS, FIRST_COMPLETED)
            news = []
            for future in finished:
                place, worker = busy.pop(future)
                lost = isinstance(future.exception(), TerminatedWorkerError)
                idle.append(_worker(folder) if lost else worker)
                news.append((place, None if lost else future.result()))
            yield news
    finally:
        _dismiss([*idle, *(worker for _, worker in busy.values())])


def _worker(folder: Path) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(max_workers=1, initializer=_guard, initargs=(os.getpid(), folder), env=ONE_THREAD)


def _dismiss(crew: Sequence[ProcessPoolExecutor]) -> None:
    for worker in crew:
        worker.shutdown(wait=False, kill_workers=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes started meanwhile never see Ctrl-C, which a terminal sends to all: their parent decides what becomes of them."""
    for ensure_running in TRACKERS:  # first, for where a tracker starts, interrupts are let through again
        ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _guard(parent: int, folder: Path) -> None:
    """In a worker: end with the parent, however that ended, and clear the workbench that it left."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _do(job: Job, place: int, folder: Path) -> Done:
    """In a worker: the job, with data and progress on the workbench."""
    progress = steps(folder)

    def report(step: int) -> None:
        progress[place] = step

    return do(job, map_split(folder, job.cohort.runs[0].data, job.origin.task), report)
