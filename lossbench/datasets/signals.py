"""Examples in which there is nothing to learn."""

from dataclasses import dataclass

import numpy as np

from lossbench.data.hold_out import check_range
from lossbench.interfaces import Dataset, Split
from lossbench.rng import generator


@dataclass(frozen=True, kw_only=True)
class RandomSignals(Dataset):
    """Random inputs with random targets: what a cost looks like over the weights when the data say nothing in particular.

    Inputs are N(0, 1); a target is 0 or 1 with equal chances.
    Size: N = size (100, the same to train and to test), D = features (1), two classes. Not scaled.
    Task: classification.
    Options: size; features. The seed draws inputs and targets.
    Source: after Glorot & Bengio, Understanding the Difficulty of Training Deep Feedforward Neural Networks, 2010, section 4.1.
    """

    seed: int = 0
    size: int = 100
    features: int = 1

    def __post_init__(self) -> None:
        check_range("seed", self.seed, 0)
        check_range("size", self.size, 2)
        check_range("features", self.features, 1)

    def load(self) -> Split:
        rng = generator(self.seed, "data")
        x = rng.standard_normal((self.size, self.features))
        y = rng.integers(2, size=(self.size, 1)).astype(np.float64)
        return Split(x, y, x, y, "classification")
