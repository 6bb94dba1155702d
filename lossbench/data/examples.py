"""Examples before they are split, their strata, and whether they are enough."""

from typing import Any, NamedTuple

import numpy as np

from lossbench.data.stratification import strata
from lossbench.errors import BadInput, counted
from lossbench.interfaces import Array, Task

Labels = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Numbers = np.ndarray[tuple[int, ...], np.dtype[np.integer | np.floating]]


class Examples(NamedTuple):
    """Examples before they are split: features x (N, D) and targets y (N,), or (N, K) of several labels or numbers at once.

    `classes` names the C classes, which y then counts from 0, or the K labels, of which y has 1 where one is there; it is None
    for a regression, and y is real. `task` is said where the target is several labels, or classes in an order. `inputs` is the
    shape of one example's features where it is not (D,), such as (1, 8, 8) for (channels, height, width) of an image. `weights`
    (N,) is how much each example counts in training. `columns`, if given, takes the place of x: features that are not numbers
    yet. `parts` (N,) is a split that somebody gives; see given_parts.
    """

    x: Numbers
    y: Numbers
    classes: tuple[str, ...] | None
    inputs: tuple[int, ...] | None = None
    weights: Array | None = None
    columns: Any = None
    parts: Labels | None = None
    task: Task | None = None

    @property
    def kind(self) -> Task:
        """The task, said or not."""
        return self.task or ("regression" if self.classes is None else "classification")

    @property
    def strata(self) -> Labels | None:
        """The stratum of each example (N,), of which every part has its share; None for a regression."""
        if self.kind == "multilabel":
            return strata(self.y.astype(np.float64), "multilabel")
        return None if self.classes is None else self.y.astype(np.int64)


def encode(y: Numbers, classes: tuple[str, ...] | None) -> Array:
    """Targets (N, C): a 0/1 column for two classes, one-hot for more, and the numbers themselves for a regression."""
    if y.ndim == 2:
        return y.astype(np.float64)
    if classes is None or len(classes) == 2:
        return y[:, None].astype(np.float64)
    return np.eye(len(classes))[y.astype(np.int64)]


def refuse_untaught(examples: Examples, train: Labels) -> None:
    """Raise BadInput where a split that nobody stratified, training rows (N,), leaves a class out of the training data."""
    if examples.classes is None:
        return
    if examples.kind == "multilabel":
        members = examples.y[train].sum(axis=0)
    else:
        members = np.bincount(examples.y[train].astype(np.int64), minlength=len(examples.classes))
    if not members.all():
        name = examples.classes[int(members.argmin())]
        raise BadInput(f"The class {name!r} has no row that trains, by the split that is asked for; nothing would teach it.")


def check_counts(examples: Examples, train: int, test: int) -> None:
    """Raise BadInput where so many rows to train and to test with are too few for the examples."""
    if examples.classes is None:
        if train < 2 or test < 1:
            raise BadInput(
                f"{train + test} examples are split into {train} to train and {test} to test; a regression takes 2 and 1."
            )
        return
    if examples.kind == "multilabel":
        _check_strata(examples, train, test)
        return
    members = np.bincount(examples.y.astype(np.int64), minlength=len(examples.classes))
    if members.min() < 2:
        name = examples.classes[int(members.argmin())]
        raise BadInput(
            f"The class {name!r} has {counted(int(members.min()), 'example')}; it takes 2, one to train and one to test with."
        )
    if min(train, test) < len(members):
        raise BadInput(
            f"{train + test} examples are split into {train} to train and {test} to test; {len(members)} classes take at least "
            f"{len(members)} examples in either part. dataset.test_fraction, or test_rows, decides how many are held out."
        )


def _check_strata(examples: Examples, train: int, test: int) -> None:
    groups = 0 if (labels := examples.strata) is None else len(np.unique(labels))
    if min(train, test) < groups:
        raise BadInput(
            f"{train + test} examples are split into {train} to train and {test} to test; they are stratified by the rarest "
            f"label of each, which makes {groups} strata, and each wants a row in both. dataset.test_fraction says how many."
        )
