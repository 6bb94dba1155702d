"""Verdicts on two contestants by their paired differences: better, worse, practically the same, or not enough data.

A difference is told from 0 where its whole interval lies to one side of it, and from any that matters where its whole interval
lies within ± the margin: the two halves of an equivalence test (Schuirmann 1987; Lakens 2017). Of m comparisons each has the
interval of level 1 − 0.05/m (Bonferroni), so that all hold together with 95 %.
"""

import math
from dataclasses import dataclass
from functools import cache
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
PLAUSIBLE = 2 / 3  # the level of the interval in which the truth may lie anywhere
TRUTHS = 21  # that are tried in it


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
    """About how many further differences tell, with a chance of 80 %, whichever of the plausible truths holds.

    Plausible are the means in the central two thirds of Student's interval, and the standard deviation is taken at its one-sided
    80 % bound. The estimated mean alone would promise too much: few differences seldom have the mean 0 where the truth is 0, and
    an effect that is only luck soon seems to be told.
    """
    if len(d) < FEWEST:
        return float(FEWEST - len(d))
    known, mean = len(d), float(d.mean())
    deviation = float(d.std(ddof=1)) * math.sqrt((known - 1) / float(special.chdtri(known - 1, 1 - UNSURE)))
    reach = _half_width(float(d.std(ddof=1)), known, 1 - PLAUSIBLE)
    totals = _totals(known)
    half = special.stdtrit(totals - 1, 1 - tail / 2) * deviation / np.sqrt(totals)
    # Of all n the known ones have their mean m, the further k = n − n0 one that is normal about the truth δ, with s²/k:
    # the mean of all is normal about (n0 m + k δ)/n, with the standard deviation s √k/n.
    further = totals - known
    truths = np.linspace(mean - reach, mean + reach, TRUTHS)[:, None]
    chances = _chance((known * mean + further * truths) / totals, deviation * np.sqrt(further) / totals, half, margin)
    enough = np.flatnonzero(chances.min(axis=0) >= CHANCE)
    return float(further[enough[0]]) if len(enough) else math.inf


@cache
def _totals(known: int) -> Values:
    """Numbers of differences that are tried, the known ones among them, each a tenth more than the one before."""
    totals, n = [], known + 1
    while n - known <= MOST:
        totals.append(n)
        n = int(STEP * n) + 1
    return np.array(totals, dtype=np.float64)


def _chance(mean: Values, spread: Values, half: Values, margin: float) -> Values:
    """The chance that normal means (δ, n), with spreads (n,), end where intervals of the half widths (n,) tell something."""
    inner = np.maximum(margin - half, 0.0)  # within ±inner they are practically the same, and beyond ±outer told from 0
    outer = np.maximum(half, inner)
    below, low, high, above = (special.ndtr((end - mean) / spread) for end in (-outer, -inner, inner, outer))
    chance: Values = np.where(half < inner, 1.0, below + high - low + 1 - above)  # the first: no gap is left between the two
    return chance
