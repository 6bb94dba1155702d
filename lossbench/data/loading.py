"""Load a data set once, and know it again: its fingerprint is part of every run's id."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lossbench.errors import BadInput
from lossbench.interfaces import Array, Dataset, Split

DECIMALS = 1e5  # fingerprints see 5 decimals, so that another machine's last bits do not change them
_ROWS = 4096  # rows that are rounded at a time, which bounds the memory that a fingerprint takes


class Loaded(NamedTuple):
    """Data and the 16 hexadecimal digits by which a run names them."""

    split: Split
    fingerprint: str


def load(dataset: Dataset) -> Loaded:
    """The data set's examples as C-contiguous float64 arrays, which are the caller's to read and not to change.

    Loaded once in a process; a file that changes meanwhile is not read again. Raises BadInput where the data cannot be had,
    or where a data set breaks its promises: shapes (N, D) and (N, C), at least one row, finite, classes in [0, 1].
    """
    return _load(dataset, Path.cwd())


@lru_cache(maxsize=32)
def _load(dataset: Dataset, _folder: Path) -> Loaded:
    """Relative paths mean something else in another folder, so it is part of what the cache goes by."""
    parts = dataset.load()
    train_x, train_y, test_x, test_y = (np.ascontiguousarray(part, dtype=np.float64) for part in parts[:4])
    split = Split(train_x, train_y, test_x, test_y, parts.task)
    _check_promises(dataset.word, split)
    return Loaded(split, fingerprint(split))


def fingerprint(split: Split) -> str:
    """16 hexadecimal digits of the SHA-256 of task, shapes and values, rounded to 5 decimals; the order of rows counts."""
    digest = hashlib.sha256(split.task.encode())
    for part in split[:4]:
        digest.update(f"{part.shape}".encode())
        for start in range(0, len(part), _ROWS):
            digest.update(_rounded(part[start : start + _ROWS]).tobytes())
    return digest.hexdigest()[:16]


def _rounded(values: Array) -> Array:
    return (np.rint(values * DECIMALS) + 0.0).astype("<f8")  # + 0.0 makes −0 the same as 0


def _check_promises(word: str, split: Split) -> None:
    shapes = ", ".join(f"{name} {part.shape}" for name, part in zip(split._fields, split[:4], strict=False))
    train, test = (split.train_x, split.train_y), (split.test_x, split.test_y)
    if any(part.ndim != 2 or part.size == 0 for part in split[:4]):
        raise BadInput(f"The data set {word!r} must give four tables with rows and columns; it gave {shapes}.")
    if any(len(x) != len(y) for x, y in (train, test)) or any(a.shape[1] != b.shape[1] for a, b in zip(train, test, strict=True)):
        raise BadInput(f"The data set {word!r} gave tables that do not fit together: {shapes}.")
    if not all(np.isfinite(part).all() for part in split[:4]):
        raise BadInput(f"The data set {word!r} gave values that are not finite.")
    if split.task == "classification" and any(y.min() < 0 or y.max() > 1 for _, y in (train, test)):
        raise BadInput(f"The data set {word!r} gave targets outside [0, 1] for a classification.")
