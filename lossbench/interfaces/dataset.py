"""What a data set promises: examples to train on and examples to test with."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from lossbench.interfaces.arrays import Array
from lossbench.interfaces.loss import Task
from lossbench.registry import Registered


class Split(NamedTuple):
    """Data ready for training: float64, standardised, features x (N, D) and targets y (N, C).

    y is one-hot for several classes, a 0/1 column for two, and real numbers for a regression.
    `inputs` is the shape of one example's features before they were laid in a row of D, such as (1, 8, 8); None for (D,).
    """

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array
    task: Task
    inputs: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class DataShape:
    """The shape of a data set, which is all that planning needs of it.

    `rows` and `test_rows` are numbers of examples; `inputs` is the shape of one example's features, such as (64,) or (1, 8, 8);
    `targets` is the number of columns of y; `class_counts` has the training examples of each class, () for a regression.
    """

    rows: int
    test_rows: int
    inputs: tuple[int, ...]
    targets: int
    task: Task
    class_counts: tuple[int, ...]


class Dataset(Registered):
    """Examples. `seed` governs the draw, the split and whatever else is random about the data."""

    noun: ClassVar[str] = "dataset"
    seed: int

    @abstractmethod
    def load(self) -> Split:
        """Training and test data. Raises BadInput where they cannot be had."""
