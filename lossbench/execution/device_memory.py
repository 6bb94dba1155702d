"""The memory of a device that has its own: how much of it is free, and what is raised where it does not suffice."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from lossbench.planning.cohorts import cohorts
from lossbench.planning.plan import Plan
from lossbench.planning.spec import Cohort, Resources, RunSpec


def planned_cohorts(runs: Sequence[RunSpec], plan: Plan) -> list[Cohort]:
    """The cohorts in which some of a plan's runs train with its resources: as the device's memory and the workers ask."""
    resources = plan.resources
    return cohorts(runs, plan.recording, resources.tile, free_bytes(resources), resources.planned_workers)


def free_bytes(resources: Resources) -> int | None:
    """What each worker may take of the device's memory, in bytes; None on the CPU, where cohorts go by its cache.

    One worker has the device for itself, unless more were asked for.
    """
    if resources.device == "cpu":
        return None
    torch.cuda.empty_cache()  # what torch has freed and keeps for later is not free to the device, and is to us
    free, _ = torch.cuda.mem_get_info()
    return int(free) // (resources.workers or 1 if resources.executor == "loky" else 1)


@contextmanager
def as_memory_error() -> Iterator[None]:
    """Where the device runs out of memory, raise MemoryError, as where the machine does."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise MemoryError from error
