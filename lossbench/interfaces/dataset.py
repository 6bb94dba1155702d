"""What a data set promises: examples to train on and examples to test with."""

from abc import abstractmethod
from typing import ClassVar, NamedTuple

from lossbench.interfaces.arrays import Array
from lossbench.interfaces.loss import Task
from lossbench.registry import Registered


class Split(NamedTuple):
    """Data ready for training: float64, standardised, features x (N, D) and targets y (N, C).

    y is one-hot for several classes, a 0/1 column for two, and real numbers for a regression.
    """

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array
    task: Task


class Dataset(Registered):
    """Examples. `seed` governs the draw, the split and whatever else is random about the data."""

    noun: ClassVar[str] = "dataset"
    seed: int

    @abstractmethod
    def load(self) -> Split:
        """Training and test data. Raises BadInput where they cannot be had."""
