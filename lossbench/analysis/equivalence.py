"""Verdicts on two contestants by their paired differences: better, worse, practically the same, or not enough data.

A difference is told from 0 where its whole interval lies to one side of it, and from any that matters where its whole interval
lies within ± the margin: the two halves of an equivalence test (Schuirmann 1987; Lakens 2017). Of m comparisons each has the
interval of level 1 − 0.05/m (Bonferroni), so that all hold together with 95 %.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from lossbench.analysis.statistics import CONFIDENCE, Values

Outcome = Literal["better", "worse", "practically the same", "not enough data"]
FEWEST = 3  # differences, of which a standard deviation says something
CHANCE = 0.8  # that the announced number of further differences is enough
MOST = 100_000  # further differences that are announced
STEP = 1.1  # by which the number is raised until it is enough
UNSURE = 0.2  # the standard deviation is taken as large as its one-sided 80 % bound


@dataclass(frozen=True, kw_only=True)
class PairedVerdict:
    """What n paired differences tell: their mean and interval, and about how many `more` would tell, None where all is told.

    `more` is inf where no number up to 100,000 would.
    """

    outcome: Outcome
    mean: float
    low: float
    high: float
    n: int
    more: float | None

    @property
    def decided(self) -> bool:
        """Whether there is a verdict."""
        return self.outcome != "not enough data"


def judge_differences(differences: Values, margin: float, comparisons: int = 1) -> PairedVerdict:
    """The verdict on differences (n,), of which more is better, with a margin of equivalence, as one of so many comparisons.

    An infinite difference, of a run that diverged, counts as a hundred margins beyond the largest finite one.
    Raises ValueError where the margin is not above 0.
    """
    if not 0 < margin < math.inf:
        raise ValueError(f"the margin of equivalence is {margin}; it is above 0")
    d = _finite(np.asarray(differences, dtype=np.float64), margin)
    n, tail = len(d), (1 - CONFIDENCE) / comparisons
    mean = float(d.mean()) if n else math.nan
    half = _half_width(float(d.std(ddof=1)), n, tail) if n >= FEWEST else math.inf
    outcome = _outcome(mean, half, margin)
    more = None if outcome != "not enough data" else _more(d, margin, tail)
    return PairedVerdict(outcome=outcome, mean=mean, low=mean - half, high=mean + half, n=n, more=more)


def _finite(d: Values, margin: float) -> Values:
    """Differences without NaN, infinities drawn in."""
    d = d[~np.isnan(d)]
    known = np.abs(d[np.isfinite(d)])
    far = 100 * margin + (float(known.max()) if len(known) else 0.0)
    drawn: Values = np.clip(d, -far, far)
    return drawn


def _half_width(deviation: float, n: int, tail: float) -> float:
    """Half of a two-sided interval by Student's t."""
    return float(special.stdtrit(n - 1, 1 - tail / 2)) * deviation / math.sqrt(n)


def _outcome(mean: float, half: float, margin: float) -> Outcome:
    if abs(mean) + half < margin:
        return "practically the same"
    if mean - half > 0:
        return "better"
    return "worse" if mean + half < 0 else "not enough data"


def _more(d: Values, margin: float, tail: float) -> float:
    """About how many further differences tell, with a chance of 80 %.

    The mean of all n, when n0 are known, is normal about the mean of these with the variance s² (1/n0 − 1/n), the truth itself
    being as uncertain as these are (a flat prior). s is taken at its upper 80 % bound.
    """
    if len(d) < FEWEST:
        return float(FEWEST - len(d))
    n0, mean = len(d), float(d.mean())
    deviation = float(d.std(ddof=1)) * math.sqrt((n0 - 1) / float(special.chdtri(n0 - 1, 1 - UNSURE)))
    n = n0 + 1
    while n - n0 <= MOST:
        half, spread = _half_width(deviation, n, tail), deviation * math.sqrt(1 / n0 - 1 / n)
        if _chance(mean, spread, half, margin) >= CHANCE:
            return float(n - n0)
        n = int(STEP * n) + 1
    return math.inf


def _chance(mean: float, spread: float, half: float, margin: float) -> float:
    """The chance that a mean, normal with the spread about one known, ends where intervals of the half width tell something."""
    inner = max(margin - half, 0.0)  # within ±inner they are practically the same, and beyond ±half told from 0
    ends = [-math.inf, -max(half, inner), -inner, inner, max(half, inner), math.inf]
    below = [float(special.ndtr((end - mean) / spread)) for end in ends]
    chance: float = below[1] - below[0] + below[3] - below[2] + below[5] - below[4]
    return 1.0 if half < inner else chance  # no gap is left between the two
