"""Exclusive or."""

from dataclasses import dataclass

import numpy as np

from lossbench.data.hold_out import check_range
from lossbench.interfaces import Dataset, Split
from lossbench.rng import generator


@dataclass(frozen=True, kw_only=True)
class Xor(Dataset):
    """Exclusive or: the four corners of the unit square, 1 where exactly one coordinate is 1.

    Size: N = 4 · copies to train, the four clean corners to test, D = 2, two classes. Not scaled.
    Task: classification.
    Options: copies of each corner; noise, the standard deviation of what the seed adds to each coordinate of a copy.
    Source: Minsky & Papert, Perceptrons, 1969; Rumelhart, Hinton & Williams, Learning Internal Representations by Error
        Propagation, 1986.
    """

    seed: int = 0
    copies: int = 1
    noise: float = 0.0

    def __post_init__(self) -> None:
        check_range("seed", self.seed, 0)
        check_range("copies", self.copies, 1)
        check_range("noise", self.noise, 0)

    def load(self) -> Split:
        x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        y = (x.sum(axis=1, keepdims=True) == 1).astype(np.float64)
        moved = generator(self.seed, "data").normal(scale=self.noise, size=(4 * self.copies, 2))
        return Split(np.tile(x, (self.copies, 1)) + moved, np.tile(y, (self.copies, 1)), x, y, "classification")
