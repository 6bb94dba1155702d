"""The smallest data sets there are: one example."""

from dataclasses import dataclass

import numpy as np

from lossbench.data.hold_out import check_range
from lossbench.interfaces import Dataset, Split


@dataclass(frozen=True, kw_only=True)
class Neuron(Dataset):
    """One example, x = 1 and y = 0: what a single neuron is taught to show how it leaves saturation.

    Size: N = 1 (the same to train and to test), D = 1, two classes. Not scaled.
    Task: classification.
    Options: seed decides nothing here.
    Source: Nielsen, Neural Networks and Deep Learning, chapter 3, 2015.
    """

    seed: int = 0

    def __post_init__(self) -> None:
        check_range("seed", self.seed, 0)

    def load(self) -> Split:
        x, y = np.ones((1, 1)), np.zeros((1, 1))
        return Split(x, y, x, y, "classification")


@dataclass(frozen=True, kw_only=True)
class OneExample(Dataset):
    """One example, x = 1, of the first of several classes: for looking at a loss at chosen raw outputs.

    Size: N = 1 (the same to train and to test), D = 1, C = classes (4), 3 or more. Not scaled.
    Task: classification.
    Options: classes; seed decides nothing here. With init=answer the outputs are chosen.
    Source: made for this library.
    """

    seed: int = 0
    classes: int = 4

    def __post_init__(self) -> None:
        check_range("seed", self.seed, 0)
        check_range("classes", self.classes, 3)

    def load(self) -> Split:
        x, y = np.ones((1, 1)), np.eye(self.classes)[:1]
        return Split(x, y, x, y, "classification")
