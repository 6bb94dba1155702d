"""What the processes of a sweep share while it lasts: a folder with the data, and with how far each cohort is."""

import errno
import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.atomic import refused
from lossbench.interfaces import Array, Split, TargetScale, Task

AnyArray = np.ndarray[tuple[int, ...], np.dtype[Any]]
Steps = np.ndarray[tuple[int], np.dtype[np.int64]]
_PROGRESS = "steps.npy"
ARRAYS, INPUTS, SCALE = Split._fields[:4], "inputs", "scale"
ADDED = ("validation_x", "validation_y", "train_weights")  # that not every split has


def create_steps(folder: Path, cohorts: int) -> Steps:
    """Prepare the folder; returns the step that each cohort is at, (cohorts,), which its trainer writes and all processes see."""
    _save(folder / _PROGRESS, np.zeros(cohorts, np.int64))
    return steps(folder)


def save_split(folder: Path, data: str, split: Split) -> None:
    """Write the arrays of a split, features (N, D) and targets (N, C), into the folder under the data's fingerprint, once.

    Raises BadInput or Failure where the folder cannot be written to.
    """
    inputs = np.array(split.inputs or split.train_x.shape[1:], np.int64)
    given = [(name, getattr(split, name)) for name in (*ARRAYS, *ADDED)]
    for name, array in [*given, (INPUTS, inputs), (SCALE, np.array(split.scale))]:
        path = _file(folder, data, name)
        if array is not None and not path.exists():
            _save(path, array)


def steps(folder: Path) -> Steps:
    """The step that each cohort is at, (cohorts,), mapped from the folder."""
    mapped: Steps = np.load(folder / _PROGRESS, mmap_mode="r+")
    return mapped


@lru_cache(maxsize=4)
def map_split(folder: Path, data: str, task: Task) -> Split:
    """The split of a fingerprint, x (N, D) and y (N, C), mapped into this process's memory: processes share its pages."""
    train_x, train_y, test_x, test_y = (_mapped(_file(folder, data, name)) for name in ARRAYS)
    paths = (_file(folder, data, name) for name in ADDED)
    validation_x, validation_y, weights = (_mapped(path) if path.exists() else None for path in paths)
    inputs = tuple(np.load(_file(folder, data, INPUTS)).tolist())
    scale = TargetScale(*np.load(_file(folder, data, SCALE)).tolist())
    return Split(train_x, train_y, test_x, test_y, task, inputs, validation_x, validation_y, weights, scale)


def _file(folder: Path, data: str, name: str) -> Path:
    return folder / f"{data}-{name}.npy"


def _save(path: Path, array: AnyArray) -> None:
    try:
        np.save(path, array)
    except OSError as error:
        if error.errno is None:  # NumPy's own, "86208 requested and 1520 written": the disk is full
            error.errno, error.strerror = errno.ENOSPC, os.strerror(errno.ENOSPC)
        raise refused(error, path) from error


def _mapped(path: Path) -> Array:
    # Copy on write: torch warns of arrays that may not be written to.
    return np.asarray(np.load(path, mmap_mode="c"))
