"""What the processes of a sweep share while it lasts: a folder with the data, and with how far each cohort is."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.atomic import refused
from lossbench.interfaces import Array, Split, Task

AnyArray = np.ndarray[tuple[int, ...], np.dtype[Any]]
Steps = np.ndarray[tuple[int], np.dtype[np.int64]]
_PROGRESS = "steps.npy"


def set_up(folder: Path, cohorts: int) -> Steps:
    """Prepare the folder; returns the step that each cohort is at, which whoever trains it writes and all see."""
    _save(folder / _PROGRESS, np.zeros(cohorts, np.int64))
    return steps(folder)


def lay_out(folder: Path, data: str, split: Split) -> None:
    """Put the data of a fingerprint into the folder, if it is not there yet."""
    for name in Split._fields[:4]:
        path = _file(folder, data, name)
        if not path.exists():
            _save(path, getattr(split, name))


def steps(folder: Path) -> Steps:
    """The step that each cohort is at, mapped from the folder."""
    mapped: Steps = np.load(folder / _PROGRESS, mmap_mode="r+")
    return mapped


@lru_cache(maxsize=4)
def pick_up(folder: Path, data: str, task: Task) -> Split:
    """The data of a fingerprint, mapped into this process's memory: processes share its pages."""
    train_x, train_y, test_x, test_y = (_mapped(_file(folder, data, name)) for name in Split._fields[:4])
    return Split(train_x, train_y, test_x, test_y, task)


def _file(folder: Path, data: str, name: str) -> Path:
    return folder / f"{data}-{name}.npy"


def _save(path: Path, array: AnyArray) -> None:
    try:
        np.save(path, array)
    except OSError as error:
        raise refused(error, path) from error


def _mapped(path: Path) -> Array:
    # Copy on write: torch warns of arrays that may not be written to.
    return np.asarray(np.load(path, mmap_mode="c"))
