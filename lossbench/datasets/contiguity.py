"""Strings of bits, told apart by how many clumps of ones they hold."""

from dataclasses import dataclass

import numpy as np

from lossbench.data.examples import Labels
from lossbench.data.hold_out import check_range
from lossbench.interfaces import Dataset, Split
from lossbench.rng import generator


@dataclass(frozen=True, kw_only=True)
class Contiguity(Dataset):
    """Strings of bits that hold two clumps of ones (0) or three (1): where a clump ends, no bit by itself can tell.

    A clump is a stretch of ones with zeros, or the ends of the string, on both sides. All strings with two or three are there,
    once each. Of 10 bits: 330 with two clumps and 462 with three.
    Size: N = 792 for 10 bits (the same to train and to test unless `train` parts them), D = bits, two classes.
    Task: classification.
    Options: bits, which are −1 and 1; train, how many strings, drawn by the seed, to train with, the others being for the test.
        Without it all strings are trained with, and seed decides their order, which a shuffled run forgets.
    Source: Solla, Levin & Fleisher, Accelerated Learning in Layered Neural Networks, 1988. The signs of the bits, and that all
        strings are trained with, are ours.
    """

    seed: int = 0
    bits: int = 10
    train: int | None = None

    def __post_init__(self) -> None:
        check_range("seed", self.seed, 0)
        check_range("bits", self.bits, 5, 16)
        if self.train is not None:
            check_range("train", self.train, 1, len(_strings(self.bits)[0]) - 1)

    def load(self) -> Split:
        strings, clumps = _strings(self.bits)
        order = generator(self.seed, "data").permutation(len(strings))
        x = np.where(strings[order] == 1, 1.0, -1.0)
        y = (clumps[order, None] == 3).astype(np.float64)
        if self.train is None:
            return Split(x, y, x, y, "classification")
        return Split(x[: self.train], y[: self.train], x[self.train :], y[self.train :], "classification")


def _strings(bits: int) -> tuple[Labels, Labels]:
    """All strings (N, bits) with two or three clumps, and how many each has (N,)."""
    everything = np.arange(2**bits)[:, None] >> np.arange(bits)[::-1] & 1
    starts = np.diff(everything, prepend=0, axis=1) == 1
    clumps = starts.sum(axis=1)
    kept = (clumps == 2) | (clumps == 3)
    return everything[kept], clumps[kept]
