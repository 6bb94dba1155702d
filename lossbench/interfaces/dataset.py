"""What a data set promises: examples to train on and examples to test with."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from lossbench.interfaces.arrays import Array
from lossbench.interfaces.domain import TargetRange
from lossbench.interfaces.loss import CLASSIFIED, Task, TrainingTargets
from lossbench.registry import Registered


class TargetScale(NamedTuple):
    """The unit of a regression's targets: in their own unit they are offset + factor · y, y being what losses see.

    `deviation` is the standard deviation of the training targets as losses see them: 1 where they were standardised.
    """

    offset: float = 0.0
    factor: float = 1.0
    deviation: float = 1.0


class Split(NamedTuple):
    """Data ready for training: float64, standardised, features x (N, D) and targets y (N, C).

    y is one-hot for several classes, a 0/1 column for two, and real numbers for a regression; classes in an order stand in it,
    and of several labels at once (multilabel) each has a 0/1 column. `inputs` is the shape of one example's features before they
    were laid in a row of D, such as (1, 8, 8); None for (D,). Validation data are there where a part was held out for them.
    `train_weights` (N,) says how much each training example counts in the training loss. `scale` is the unit of a regression's
    targets, and `classes` the names of the classes, of two first the one that is coded 0, or of the labels. `notes` say what in
    the source is worth a second look.
    """

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array
    task: Task
    inputs: tuple[int, ...] | None = None
    validation_x: Array | None = None
    validation_y: Array | None = None
    train_weights: Array | None = None
    scale: TargetScale = TargetScale()
    classes: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()


def class_counts(y: Array) -> tuple[int, ...]:
    """How many examples each class has, by targets (N, C) of a classification; a soft label counts where it is the largest."""
    one_column = y.shape[1] == 1
    classes = (y[:, 0] > 0.5).astype(np.int64) if one_column else y.argmax(axis=1)
    return tuple(np.bincount(classes, minlength=max(y.shape[1], 2)).tolist())


def training_targets(split: Split) -> TrainingTargets:
    """What a loss may know of the targets of a split's training data."""
    y = split.train_y
    if split.task == "regression":
        return TrainingTargets(least=tuple(y.min(axis=0).tolist()), greatest=tuple(y.max(axis=0).tolist()))
    return TrainingTargets(members=class_counts(y) if split.task in CLASSIFIED else ())


def majority_shares(split: Split) -> tuple[float, ...]:
    """The accuracy of always answering the class that most training examples have, on training, test and validation data.

    As many as there are parts; () for a regression.
    """
    if split.task not in CLASSIFIED:
        return ()
    most = int(np.argmax(class_counts(split.train_y)))
    parts = [y for y in (split.train_y, split.test_y, split.validation_y) if y is not None]
    return tuple(class_counts(y)[most] / len(y) for y in parts)


@dataclass(frozen=True, kw_only=True)
class DataShape:
    """The shape of a data set, which is all that planning needs of it.

    `rows` and `test_rows` are numbers of examples; `inputs` is the shape of one example's features, such as (64,) or (1, 8, 8);
    `targets` is the number of columns of y; `class_counts` has the training examples of each class, or with each label; () for a
    regression. `majority` has the shares of the most frequent class, as `majority_shares` gives them. `target_range` is that of
    all targets as losses see them, and `classes` are the names of the classes, or labels, where they have names; `notes` say what
    in the source is worth a second look.
    """

    rows: int
    test_rows: int
    inputs: tuple[int, ...]
    targets: int
    task: Task
    class_counts: tuple[int, ...]
    target_range: TargetRange
    validation_rows: int = 0
    classes: tuple[str, ...] | None = None
    majority: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


class Dataset(Registered):
    """Examples. `seed` governs the draw, the split and whatever else is random about the data."""

    noun: ClassVar[str] = "dataset"
    seed: int

    @abstractmethod
    def load(self) -> Split:
        """Training and test data. Raises BadInput where they cannot be had."""
