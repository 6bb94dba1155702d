"""Which executor does a sweep's jobs: the one place where executors are known by word."""

from collections.abc import Sequence

import joblib

from lossbench.execution.executors.loky import Loky
from lossbench.execution.executors.protocol import Executor
from lossbench.execution.executors.serial import Serial
from lossbench.execution.progress import CohortCost
from lossbench.planning.spec import Resources

EXECUTORS: dict[str, type[Executor]] = {"serial": Serial, "loky": Loky}
PAYS_SECONDS = 6.0  # workers take about two seconds to start: half of less work than this is no more than that


def choose_executor(resources: Resources, work: Sequence[CohortCost]) -> tuple[type[Executor], int]:
    """The executor that the resources name, and in how many workers; "auto" takes processes where they are worth starting."""
    on_their_own = joblib.cpu_count() if resources.device == "cpu" else 1  # as many as share no core, or no card
    workers = min(resources.workers or on_their_own, len(work))
    if resources.executor not in ("auto", "serial"):
        return EXECUTORS[resources.executor], workers
    pays = workers > 1 and resources.device == "cpu" and sum(item.seconds(item.steps) for item in work) > PAYS_SECONDS
    return (Loky, workers) if resources.executor == "auto" and pays else (Serial, 1)
