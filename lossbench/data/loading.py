"""Load a data set once, and know it again: its fingerprint is part of every run's id."""

import hashlib
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lossbench.errors import BadInput, counted
from lossbench.interfaces import CLASSIFIED, LABELLED, Array, Dataset, DataShape, Split, TargetScale
from lossbench.interfaces.dataset import class_counts, majority_shares
from lossbench.interfaces.domain import target_range

DECIMALS = 1e5  # fingerprints see 5 decimals, so that another machine's last bits do not change them
SMALL, NOISE = 1e-3, 1e-10  # sizes of columns between which 5 decimals are too few
KEPT_BYTES = 2**30  # of arrays that stay in memory: 60 small data sets do, and 60 times MNIST would be 26 GB
LABELLED_FROM = 0.5  # an example has the labels of which it has more than half
FEWEST = {"multilabel": 2, "ordinal": 3}  # columns of targets from which on a task is what it is called
_ROWS = 4096  # rows that are rounded at a time, which bounds the memory that a fingerprint takes


class Loaded(NamedTuple):
    """Data and the 16 hexadecimal digits by which a run names them."""

    split: Split
    fingerprint: str


class Described(NamedTuple):
    """The shape of a data set, and the 16 hexadecimal digits by which a run names its data."""

    shape: DataShape
    fingerprint: str


Key = tuple[Dataset, Path]  # relative paths mean something else in another folder
_arrays: dict[Key, Loaded] = {}  # the one that was asked for last stands last
_descriptions: dict[Key, Described] = {}


def load(dataset: Dataset) -> Loaded:
    """The data set's examples as C-contiguous float64 arrays, which are the caller's to read and not to change.

    Loaded once in a process while all arrays that were asked for take at most KEPT_BYTES; beyond that the ones that nobody has
    asked for the longest are released, and loaded anew when they are asked for. Raises BadInput where the data cannot be had,
    or where a data set breaks its promises: shapes (N, D) and (N, C), at least one row, finite, classes in [0, 1].
    """
    key = (dataset, Path.cwd())
    loaded = _arrays.pop(key, None) or _load(dataset)
    _arrays[key] = loaded
    _descriptions.setdefault(key, Described(_shape(loaded.split), loaded.fingerprint))
    _release()
    return loaded


def describe(dataset: Dataset) -> Described:
    """The shape and the fingerprint of a data set, which stay known when its arrays are released.

    Raises BadInput where `load` does.
    """
    key = (dataset, Path.cwd())
    if key not in _descriptions:
        load(dataset)
    return _descriptions[key]


def know(dataset: Dataset, split: Split, fingerprint: str) -> None:
    """Keep the shape of data that another process loaded, which this one may not be able to load: they may lie in its memory."""
    key = (dataset, Path.cwd())
    if key not in _descriptions:
        _descriptions[key] = Described(_shape(split), fingerprint)


def _release() -> None:
    """Forget arrays, the longest unused first, until the rest fits; the last one always stays."""
    taken = {key: sum(part.nbytes for part in all_parts(loaded.split)) for key, loaded in _arrays.items()}
    total = sum(taken.values())
    for key in list(taken)[:-1]:
        if total <= KEPT_BYTES:
            return
        total -= taken[key]
        del _arrays[key]


def all_parts(split: Split) -> list[Array]:
    """The arrays of a split that are there: features (N, D), targets (N, C) and weights (N,)."""
    every = (*split[:4], split.validation_x, split.validation_y, split.train_weights)
    return [part for part in every if part is not None]


def _shape(split: Split) -> DataShape:
    return DataShape(
        rows=len(split.train_x),
        test_rows=len(split.test_x),
        inputs=split.inputs or split.train_x.shape[1:],
        targets=split.train_y.shape[1],
        task=split.task,
        class_counts=_members(split),
        target_range=target_range(*(y for y in (split.train_y, split.test_y, split.validation_y) if y is not None)),
        validation_rows=0 if split.validation_x is None else len(split.validation_x),
        classes=split.classes,
        majority=majority_shares(split),
        notes=split.notes,
    )


def _members(split: Split) -> tuple[int, ...]:
    """How many training examples each class has, or have each label."""
    if split.task == "multilabel":
        return tuple((split.train_y > LABELLED_FROM).sum(axis=0).tolist())
    return class_counts(split.train_y) if split.task in CLASSIFIED else ()


def _load(dataset: Dataset) -> Loaded:
    parts = dataset.load()
    train_x, train_y, test_x, test_y = (np.ascontiguousarray(part, dtype=np.float64) for part in parts[:4])
    added = (parts.validation_x, parts.validation_y, parts.train_weights)
    validation_x, validation_y, weights = (None if part is None else np.ascontiguousarray(part, np.float64) for part in added)
    split = Split(
        *(train_x, train_y, test_x, test_y, parts.task, parts.inputs),
        *(validation_x, validation_y, weights, parts.scale, parts.classes, parts.notes),
    )
    _check_promises(dataset.word, split)
    return Loaded(split, fingerprint(split))


def fingerprint(split: Split) -> str:
    """16 hexadecimal digits of the SHA-256 of task, shapes and values, rounded to 5 decimals; the order of rows counts.

    Validation data and weights count where there are any.

    Columns of which no value reaches SMALL in size, training and test data taken together, would be rounded away. They are
    hashed once more, with 5 digits of their largest value. Where there are none, which is so for all standardised data, nothing
    is added. Columns below NOISE are taken for zeros: subtracting a mean from a constant leaves such remainders.
    """
    digest = hashlib.sha256(split.task.encode())
    for part in split[:4]:
        digest.update(f"{part.shape}".encode())
        for start in range(0, len(part), _ROWS):
            digest.update(_rounded(part[start : start + _ROWS]).tobytes())
    for train, test in ((split.train_x, split.test_x), (split.train_y, split.test_y)):
        largest = np.maximum(_largest(train), _largest(test))
        small = (largest > NOISE) & (largest < SMALL)
        scale = 2.0 ** np.floor(np.log2(largest[small]))  # a power of two: dividing by it is exact
        for part in (train, test) if small.any() else ():
            digest.update(_rounded(part[:, small] / scale).tobytes())
    for part in all_parts(split)[4:]:
        digest.update(f"{part.shape}".encode() + _rounded(part).tobytes())
    return digest.hexdigest()[:16]


def _largest(part: Array) -> Array:
    """The size of the largest value in each column of a table (N, D), as (D,)."""
    largest: Array = np.maximum(part.max(axis=0), -part.min(axis=0))
    return largest


def _rounded(values: Array) -> Array:
    return (np.rint(values * DECIMALS) + 0.0).astype("<f8")  # + 0.0 makes −0 the same as 0


def _check_promises(word: str, split: Split) -> None:
    shapes = ", ".join(f"{name} {part.shape}" for name, part in zip(split._fields, split[:4], strict=False))
    train, test = (split.train_x, split.train_y), (split.test_x, split.test_y)
    if any(part.ndim != 2 or part.size == 0 for part in split[:4]):
        raise BadInput(f"The data set {word!r} must give four tables with rows and columns; it gave {shapes}.")
    if any(len(x) != len(y) for x, y in (train, test)) or any(a.shape[1] != b.shape[1] for a, b in zip(train, test, strict=True)):
        raise BadInput(f"The data set {word!r} gave tables that do not fit together: {shapes}.")
    if split.inputs is not None and math.prod(split.inputs) != split.train_x.shape[1]:
        raise BadInput(
            f"The data set {word!r} gave features of shape {split.inputs}, which are {math.prod(split.inputs)} numbers, "
            f"in rows of {split.train_x.shape[1]}."
        )
    _check_additions(word, split)
    if not all(np.isfinite(part).all() for part in all_parts(split)):
        raise BadInput(f"The data set {word!r} gave values that are not finite.")
    if split.task in LABELLED and any(y.min() < 0 or y.max() > 1 for _, y in (train, test)):
        raise BadInput(f"The data set {word!r} gave targets outside [0, 1] for a classification.")
    if split.task in ("multilabel", "ordinal") and split.train_y.shape[1] < FEWEST[split.task]:
        raise BadInput(
            f"The data set {word!r} gave {counted(split.train_y.shape[1], 'column')} of targets for {split.task}; it takes "
            f"{FEWEST[split.task]} or more."
        )


def _check_additions(word: str, split: Split) -> None:
    """What a split need not have, where it has it: validation data, weights, a unit of its targets, names of classes."""
    x, y, weights = split.validation_x, split.validation_y, split.train_weights
    if (x is None) != (y is None) or (x is not None and y is not None and (len(x) != len(y) or not len(x))):
        raise BadInput(f"The data set {word!r} gave validation data that do not fit together.")
    for name, part, like in (("validation_x", x, split.train_x), ("validation_y", y, split.train_y)):
        if part is not None and part.shape[1:] != like.shape[1:]:
            raise BadInput(f"The data set {word!r} gave {name} {part.shape}, beside training data {like.shape}.")
    if weights is not None and (weights.shape != (len(split.train_x),) or weights.min() < 0 or weights.max() <= 0):
        raise BadInput(f"The data set {word!r} gave weights that are not one number of 0 or more for each training example.")
    if not isinstance(split.scale, TargetScale) or not split.scale.factor > 0 or not split.scale.deviation > 0:
        raise BadInput(f"The data set {word!r} gave {split.scale!r} as its targets' unit; it wants a TargetScale above 0.")
    if split.classes is not None and len(split.classes) != max(2, split.train_y.shape[1]):
        raise BadInput(f"The data set {word!r} named {len(split.classes)} classes; its targets {split.train_y.shape} differ.")
