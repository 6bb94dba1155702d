"""In a worker of a Dask cluster: one job done, with data from the node's own folder and progress told through the scheduler.

What a worker lacks it says instead of doing the job, and the driver supplies it: data, once a node, or leave to train on other
ground than the driver's. So nothing waits in a worker, and a worker that joins late is like any other.
"""

import os
import secrets
import shutil
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

from distributed import get_worker
from distributed.protocol.pickle import loads

from lossbench.atomic import refused
from lossbench.errors import BadInput, Failure
from lossbench.execution.ground import ground_name, own_ground
from lossbench.execution.job import Job, JobResult, do_job, train_job
from lossbench.execution.shared_memory import map_split, save_split
from lossbench.interfaces import Split
from lossbench.planning.spec import Cohort
from lossbench.storage.store import Written, written
from lossbench.tables import INVOCATIONS

TELL_SECONDS = 1.0  # between two events of a worker
OLD_SECONDS = 86400.0  # a folder of data that nobody touched for a day is of a driver that was killed
NODE = "lossbench-node"
_one_at_a_time = threading.Lock()  # a process trains one cohort at once, however many threads its worker has


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What every job of a sweep comes with: the sweep's name, who stores, folders to import from, and known grounds.

    `grounds` maps the names of grounds on which runs may be trained to the invocations that keep them.
    """

    sweep: str
    storage: Literal["shared", "driver"]
    import_from: tuple[str, ...]
    grounds: Mapping[str, str]


class Lacking(NamedTuple):
    """What a worker needs before it can do a job: leave for its ground, or data by their fingerprints. The job was not begun."""

    worker: str  # its address
    provenance: Mapping[str, Any] | None = None
    data: tuple[str, ...] = ()


class Abandoned(RuntimeError):
    """Nobody waits for the job any more: the driver has ended, or was interrupted."""


Answer = tuple[JobResult, Written | None] | Lacking


def do_on_worker(packed: bytes, orders: Orders) -> Answer:
    """Do the job, or say what is lacking; with storage "driver" what is to be stored comes along.

    Raises BadInput where the worker cannot import what the job needs, or does not see the study's folder; and what jobs raise.
    """
    worker = get_worker()
    name = ground_name(own_ground())
    if name not in orders.grounds:
        return Lacking(worker.address, provenance=own_ground())
    job = _unpacked(packed, orders)
    job = replace(job, origin=replace(job.origin, invocation=orders.grounds[name]))
    folder = node_folder(orders.sweep)
    lacking = {cohort.runs[0].data for cohort in job.cohorts if not has_data(orders.sweep, cohort.runs[0].data)}
    if lacking:
        return Lacking(worker.address, data=tuple(sorted(lacking)))

    def split_of(cohort: Cohort) -> Split:
        data = cohort.runs[0].data
        return map_split(folder / data, data, job.origin.task)

    with _one_at_a_time:
        report = _Telling(orders.sweep)
        if orders.storage == "shared":
            _refuse_unseen(job, worker.address)
            return do_job(job, split_of, report), None
        traces, result = train_job(job, split_of, report, [None] * len(job.cohorts))
        return result, written(traces, job.origin)


def has_data(sweep: str, data: str) -> bool:
    """Whether this node has the data of a fingerprint."""
    return (node_folder(sweep) / data).is_dir()


def keep_data(sweep: str, data: str, packed: bytes) -> None:
    """Keep a data set in the node's folder, under its fingerprint, whole or not at all."""
    folder = node_folder(sweep)
    new = folder / secrets.token_hex(4)
    _make(new)
    save_split(new, data, loads(packed))
    try:
        new.rename(folder / data)
    except OSError:  # another process was faster
        shutil.rmtree(new, ignore_errors=True)


def forget_data(sweep: str) -> None:
    """Remove the data that a sweep left on this node."""
    shutil.rmtree(node_folder(sweep), ignore_errors=True)


def node_folder(sweep: str) -> Path:
    """The folder in which the processes of one node share a sweep's data. Raises Failure where somebody else has made it."""
    user = os.getuid()
    folder = Path(tempfile.gettempdir()) / f"{NODE}-{user}-{sweep}"
    if not folder.exists():
        _clear_old(folder.parent, f"{NODE}-{user}-*")
        _make(folder)
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != user or status.st_mode & 0o077:
        raise Failure(f"{folder} is open to others than this worker's user; no data are read from there.")
    return folder


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise refused(error, folder) from error


def _clear_old(parent: Path, pattern: str) -> None:
    for path in parent.glob(pattern):
        if time.time() - path.lstat().st_mtime > OLD_SECONDS:
            shutil.rmtree(path, ignore_errors=True)


def _unpacked(packed: bytes, orders: Orders) -> Job:
    """The job. Raises BadInput where a module that defines something in it is not here."""
    sys.path.extend(folder for folder in orders.import_from if folder not in sys.path)
    try:
        job: Job = loads(packed)
    except ModuleNotFoundError as error:
        raise BadInput(
            f"The worker at {get_worker().address} finds no module {error.name!r}, which a run needs. "
            "Install it there, or put it into a folder that workers see too."
        ) from error
    return job


def _refuse_unseen(job: Job, address: str) -> None:
    """Raise BadInput where the study's folder is not the driver's own, so that what was stored would be lost."""
    if not (job.folder / INVOCATIONS / f"{job.origin.invocation}.json").is_file():
        raise BadInput(
            f"The worker at {address} does not see {job.folder} as it is here. "
            "Give workers a folder that all machines share, or have the driver write what they train: engine.storage=driver."
        )


class _Telling:
    """Tells the driver from time to time which step a cohort is at. Raises Abandoned where nobody waits for the task."""

    def __init__(self, sweep: str) -> None:
        self._worker = get_worker()
        self._task = self._worker.get_current_task()
        self._sweep = sweep
        self._next = 0.0

    def __call__(self, index: int, step: int) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + TELL_SECONDS
        task = self._worker.state.tasks.get(self._task)
        if task is None or task.state == "cancelled":
            raise Abandoned
        self._worker.log_event(self._sweep, [index, step])
