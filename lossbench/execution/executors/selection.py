"""Which executor does a sweep's jobs: the one place where lossbench's own are known by word."""

import importlib
from collections.abc import Sequence
from typing import NamedTuple, cast

import joblib

from lossbench.errors import BadInput
from lossbench.execution.executors.foreign import foreign_executor
from lossbench.execution.executors.loky import Loky
from lossbench.execution.executors.protocol import Executor, MakeExecutor
from lossbench.execution.executors.serial import Serial
from lossbench.execution.progress import CohortCost
from lossbench.planning.executor_words import LOCAL
from lossbench.planning.spec import Resources

EXECUTORS: dict[str, type[Executor]] = {"serial": Serial, "loky": Loky}
PAYS_SECONDS = 6.0  # workers take about two seconds to start: half of less work than this is no more than that


class Cluster(NamedTuple):
    """An executor on other machines: its module and class, and the library that it needs, which an extra installs."""

    module: str
    name: str
    library: str


CLUSTER_EXECUTORS = {
    "dask": Cluster("lossbench.execution.executors.dask", "Dask", "distributed"),
    "slurm": Cluster("lossbench.execution.executors.slurm", "Slurm", "submitit"),
}


def choose_executor(resources: Resources, work: Sequence[CohortCost]) -> tuple[MakeExecutor, int]:
    """The executor that the resources name, and in how many workers; "auto" takes processes where they are worth starting.

    Raises BadInput where the executor's library is not installed, or a package's own is none.
    """
    if resources.executor in CLUSTER_EXECUTORS:
        return _imported(resources.executor), resources.planned_workers
    if resources.executor not in LOCAL:
        return foreign_executor(resources.executor), resources.planned_workers
    on_their_own = joblib.cpu_count() if resources.device == "cpu" else 1  # as many as share no core, or no card
    workers = min(resources.workers or on_their_own, len(work))
    if resources.executor not in ("auto", "serial"):
        return EXECUTORS[resources.executor], workers
    pays = workers > 1 and resources.device == "cpu" and sum(item.seconds(item.steps) for item in work) > PAYS_SECONDS
    return (Loky, workers) if resources.executor == "auto" and pays else (Serial, 1)


def _imported(word: str) -> type[Executor]:
    """The class of an executor whose library may be missing."""
    module, name, library = CLUSTER_EXECUTORS[word]
    try:
        return cast(type[Executor], getattr(importlib.import_module(module), name))
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != library:
            raise
        extra = f"pip install 'lossbench[{word}]'"
        raise BadInput(f"engine.executor={word} needs {library}, which is not installed: {extra}.") from error
