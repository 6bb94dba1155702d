"""Data with some of its labels wrong."""

from dataclasses import dataclass

import numpy as np

from lossbench.data.hold_out import check_range
from lossbench.data.loading import load
from lossbench.errors import BadInput
from lossbench.interfaces import CLASSIFIED, Array, Dataset, Split
from lossbench.rng import generator


@dataclass(frozen=True, kw_only=True)
class Noisy(Dataset):
    """Another data set with a part of its training labels wrong: symmetric label noise.

    Exactly round(rate · N) training examples, drawn by the seed, get another class, each of the others being equally
    likely. With the same seed a higher rate errs wherever a lower one does. Test labels stay right.
    Task: classification.
    Options: of, the data set; rate in [0, 1].
    Identities: rate = 0 is the data set itself.
    Source: Angluin & Laird, Learning from Noisy Examples, 1988.
    """

    of: Dataset
    rate: float
    seed: int = 0

    def __post_init__(self) -> None:
        check_range("rate", self.rate, 0, 1)
        check_range("seed", self.seed, 0)

    def load(self) -> Split:
        split = load(self.of).split
        if split.task not in CLASSIFIED:
            kind = "a regression" if split.task == "regression" else "of several labels at once"
            raise BadInput(f"label_noise is {self.rate:g}, and {self.of.word!r} is {kind}; only labels of classes are flipped.")
        return split._replace(train_y=_mislabelled(split.train_y, self.rate, generator(self.seed, "label_noise")))


def _mislabelled(y: Array, rate: float, rng: np.random.Generator) -> Array:
    """The targets (N, C) with round(rate · N) of their labels moved on by 1 to C − 1 classes."""
    examples, outputs = y.shape
    classes = max(outputs, 2)
    wrong = rng.permutation(examples)[: round(rate * examples)]
    moves = rng.integers(1, classes, size=examples)[: len(wrong)]
    noisy = y.copy()
    if outputs == 1:
        noisy[wrong] = 1 - y[wrong]
    else:
        noisy[wrong] = np.eye(classes)[(y[wrong].argmax(axis=1) + moves) % classes]
    return noisy
