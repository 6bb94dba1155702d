"""The Slurm executor: jobs go to a batch system as arrays, and store what they train in the folder that all machines share.

A thin adapter of submitit. Data and progress lie in a folder beside the study while the sweep lasts, so that data reach a node
once, through its file system. Jobs of a driver that was killed go on by themselves.
"""

import logging
import platform
import secrets
import shutil
import subprocess
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import submitit
from submitit.core.utils import FailedJobError, FailedSubmissionError, UncompletedJobError

from lossbench.errors import BadInput, Failure
from lossbench.execution.executors.protocol import WorkerKilled
from lossbench.execution.ground import job_on, own_ground
from lossbench.execution.job import Job, JobResult, do_job, split_of
from lossbench.execution.progress import Progress
from lossbench.execution.shared_memory import create_steps, map_split, save_split, steps
from lossbench.planning.spec import Resources

CLUSTER = "slurm"  # of submitit's; "local" starts processes on this machine
LOOK_SECONDS = 1.0  # between two looks at which jobs have ended, and between two arrays
QUEUE_SECONDS = 10.0  # between two looks at what is queued
JOB_SECONDS = 300.0  # of work that a job should have: a batch system takes seconds to start one
OLD_SECONDS = 7 * 86400.0  # a week after it was last written to, a folder that a killed driver left is removed
MINUTES, GIGABYTES, ARRAY = 60, 4.0, 1000  # where nobody says: a job's time and memory, and the jobs of an array
Ended = JobResult | BadInput | Failure


class Slurm:
    """Arrays of jobs. When the context is left, those that have not ended are cancelled, and the shared folder is removed."""

    def __init__(self, resources: Resources, workers: int, progress: Progress) -> None:
        self._resources, self._workers, self._progress = resources, workers, progress
        self.slots = resources.array or ARRAY
        self._folder: Path | None = None
        self._data: set[str] = set()  # fingerprints of data that the folder holds
        self._waiting: list[tuple[Job, Future[JobResult]]] = []
        self._sent: dict[Future[JobResult], Any] = {}
        self._left: set[Future[JobResult]] = set()  # jobs that were not queued when that was asked last
        self._next_question = 0.0
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, daemon=True).start()
        logging.getLogger("submitit").setLevel(logging.CRITICAL + 1)  # what went wrong is told in sentences here
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closed.set()
        with self._lock:
            for job in self._sent.values():
                with suppress(Exception):  # it ended meanwhile
                    job.cancel(check=False)
            self._sent.clear()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def job_seconds(self) -> float:
        """Some minutes, or less where that would leave workers without any."""
        return min(JOB_SECONDS, sum(item.seconds(item.steps) for item in self._progress.work) / self._workers)

    def submit(self, job: Job) -> Future[JobResult]:
        """Take the job into the next array."""
        folder = self._shared_folder(job)
        for cohort in job.cohorts:
            if cohort.runs[0].data not in self._data:
                save_split(folder, cohort.runs[0].data, split_of(cohort))
                self._data.add(cohort.runs[0].data)
        result: Future[JobResult] = Future()
        with self._lock:
            self._waiting.append((job, result))
        return result

    def _shared_folder(self, job: Job) -> Path:
        """A folder beside the study, made with the first job."""
        if self._folder is None:
            prefix = f".{job.folder.name}-jobs-"
            for path in job.folder.parent.glob(f"{prefix}*"):
                if time.time() - path.stat().st_mtime > OLD_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)
            self._folder = job.folder.parent / f"{prefix}{secrets.token_hex(4)}"
            self._folder.mkdir()
            self._progress.steps = create_steps(self._folder, len(self._progress.steps))
            self._executor = _executor(self._folder, self._resources, self._workers)
        return self._folder

    def _watch(self) -> None:
        """In a thread: send what has been taken as one array, and pass on what has ended."""
        while not self._closed.wait(LOOK_SECONDS):
            with self._lock:
                try:
                    self._send()
                except (FailedSubmissionError, FailedJobError, OSError) as error:
                    self._refuse(error)
                for result in [result for result, job in self._sent.items() if _has_ended(job)]:
                    _pass_on(self._sent.pop(result), result)
                self._bury()

    def _send(self) -> None:
        if self._waiting:
            work, own = [job for job, _ in self._waiting], own_ground()
            given = [work, *([one] * len(work) for one in (self._folder, own, self._resources))]
            sent = self._executor.map_array(_do_in_array, *given)
            self._sent |= dict(zip((result for _, result in self._waiting), sent, strict=True))
            self._waiting.clear()

    def _bury(self) -> None:
        """Take for killed what is queued no more and has left nothing."""
        if CLUSTER != "slurm" or not self._sent or time.monotonic() < self._next_question:
            return
        self._next_question = time.monotonic() + QUEUE_SECONDS
        queued = _queued()
        left = set() if queued is None else {result for result, job in self._sent.items() if job.job_id not in queued}
        for result in left & self._left:  # for the second time, as files may take seconds to be seen elsewhere
            del self._sent[result]
            result.set_exception(WorkerKilled())
        self._left = left

    def _refuse(self, error: Exception) -> None:
        for _, result in self._waiting:
            result.set_exception(Failure(f"Slurm took no array of jobs: {_line(error)}. What was stored is kept."))
        self._waiting.clear()


def _executor(folder: Path, resources: Resources, workers: int) -> Any:
    """Submitit's executor. Raises BadInput where there is no Slurm."""
    try:
        executor = submitit.AutoExecutor(folder=folder / "jobs", cluster=CLUSTER)
    except RuntimeError as error:
        raise BadInput("engine.executor=slurm sends jobs with Slurm's sbatch and srun, which are not here.") from error
    named = {"slurm_partition": resources.partition} if resources.partition else {}
    executor.update_parameters(
        name="lossbench",
        timeout_min=resources.minutes or MINUTES,
        mem_gb=resources.gigabytes or GIGABYTES,
        cpus_per_task=1,
        slurm_array_parallelism=workers,
        **named,
    )
    return executor


def _queued() -> set[str] | None:
    """The numbers of all jobs that Slurm knows; None where it does not answer."""
    try:
        done = subprocess.run(
            ["squeue", "-h", "-r", "-o", "%i"], check=True, capture_output=True, text=True, timeout=QUEUE_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return set(done.stdout.split())


def _do_in_array(job: Job, folder: Path, driver: dict[str, Any], resources: Resources) -> Ended:
    """In a job of an array: the work, with data and progress in the shared folder. What was refused comes back as a value."""
    try:
        job = job_on(platform.node(), own_ground(), driver, job, resources)
        return do_job(job, lambda cohort: map_split(folder, cohort.runs[0].data, job.origin.task), steps(folder).__setitem__)
    except (BadInput, Failure) as refusal:
        return refusal


def _has_ended(job: Any) -> bool:
    """Whether a job has left its result. Submitit would ask Slurm's accounting besides, which many clusters do without."""
    return bool(job.paths.result_pickle.exists() or (CLUSTER != "slurm" and job.done()))


def _pass_on(job: Any, result: Future[JobResult]) -> None:
    """What came of a job: its numbers, what it refused, WorkerKilled where it ended without either."""
    try:
        ended: Ended = job.result()
    except FailedJobError as error:
        result.set_exception(Failure(f"A job of Slurm's failed: {_line(error)}. What was stored is kept."))
    except UncompletedJobError:
        result.set_exception(WorkerKilled())
    else:
        if isinstance(ended, BaseException):
            result.set_exception(ended)
        else:
            result.set_result(ended)


def _line(error: Exception) -> str:
    return ([line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__])[-1].rstrip(".")
