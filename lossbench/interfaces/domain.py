"""Domains: which targets a loss has a meaning on, and whether given targets lie there."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from lossbench.interfaces.arrays import Array

Domain = Literal["reals", "nonnegative", "positive", "counts", "shares", "distribution", "one_hot"]
SPOKEN: dict[Domain, str] = {
    "reals": "any real numbers",
    "nonnegative": "numbers of 0 or more",
    "positive": "numbers above 0",
    "counts": "whole numbers of 0 or more",
    "shares": "shares, numbers from 0 to 1",
    "distribution": "shares, from 0 to 1, that sum to 1",
    "one_hot": "classes, 0 or 1 and one-hot",
}
_SUM_TOLERANCE = 1e-6  # shares of a file have been rounded when they were written


@dataclass(frozen=True, kw_only=True)
class TargetRange:
    """What is known of all targets of a data set: their least and greatest, and which kinds of numbers they are.

    whole: whole numbers only. normalised: each row sums to 1, as a lone column is taken to, for what is left belongs to the
    other class.
    """

    least: float
    greatest: float
    whole: bool
    normalised: bool

    def lies_in(self, domain: Domain) -> bool:
        """Whether every target lies in the domain."""
        within_1 = self.least >= 0 and self.greatest <= 1
        return {
            "reals": True,
            "nonnegative": self.least >= 0,
            "positive": self.least > 0,
            "counts": self.least >= 0 and self.whole,
            "shares": within_1,
            "distribution": within_1 and self.normalised,
            "one_hot": within_1 and self.whole and self.normalised,
        }[domain]


def target_range(*parts: Array) -> TargetRange:
    """The range of the targets in some tables (N, T), all together."""
    return TargetRange(
        least=min(float(part.min()) for part in parts),
        greatest=max(float(part.max()) for part in parts),
        whole=all(bool((part == np.rint(part)).all()) for part in parts),
        normalised=all(part.shape[1] == 1 or bool((np.abs(part.sum(axis=1) - 1) <= _SUM_TOLERANCE).all()) for part in parts),
    )
