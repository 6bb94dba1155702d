"""Verdicts on two contestants by their paired differences: better, worse, practically the same, or not enough data.

A difference is told from 0 where its whole interval lies to one side of it, and from any that matters where its whole interval
lies within ± the margin: the two halves of an equivalence test (Schuirmann 1987; Lakens 2017). Of m comparisons each has the
interval of level 1 − 0.05/m (Bonferroni), so that all hold together with 95 %.

Student's interval takes differences that vary freely. Scores that are shares of few rows lie on a grid, where some differences
are equal by chance, and the interval of three equal ones has no width. So a score is taken as what it is read as, anything within
half a step h of the grid: h²/12 is the variance of that, and h²/6 of a difference, beside the variance of the differences.
Source: JCGM 100:2008, Guide to the Expression of Uncertainty in Measurement, F.2.2.1.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from lossbench.analysis.assurance import further_differences
from lossbench.analysis.statistics import CONFIDENCE, Values

Outcome = Literal["better", "worse", "practically the same", "not enough data"]
FEWEST = 3  # differences, of which a standard deviation says something
ALIKE = 1e-9  # two values are equal that differ by this part of them: sums in another order


@dataclass(frozen=True, kw_only=True)
class PairedVerdict:
    """What n paired differences tell: their mean and interval, and about how many `more` would tell, None where all is told.

    `more` is inf where no number up to 2³⁰ would.
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


def judge_differences(differences: Values, margin: float, comparisons: int = 1, step: float = 0.0) -> PairedVerdict:
    """The verdict on differences (n,), of which more is better, with a margin of equivalence, as one of so many comparisons.

    `step` is the smallest gap between the scores that were subtracted; 0 where they vary freely. An infinite difference, of a run
    that diverged, counts as a hundred margins beyond the largest finite one. Raises ValueError where the margin is not above 0.
    """
    if not 0 < margin < math.inf:
        raise ValueError(f"the margin of equivalence is {margin}; it is above 0")
    d = _finite(np.asarray(differences, dtype=np.float64), margin)
    n, tail = len(d), (1 - CONFIDENCE) / comparisons
    mean = float(d.mean()) if n else math.nan
    if n < FEWEST:
        return PairedVerdict(outcome="not enough data", mean=mean, low=-math.inf, high=math.inf, n=n, more=float(FEWEST - n))
    deviation = math.sqrt(float(d.var(ddof=1)) + min(step, smallest_gap(np.append(np.abs(d), 0.0))) ** 2 / 6)
    half = float(special.stdtrit(n - 1, 1 - tail / 2)) * deviation / math.sqrt(n)
    outcome = _outcome(mean, half, margin)
    more = further_differences(mean, deviation, n, margin, tail) if outcome == "not enough data" else None
    return PairedVerdict(outcome=outcome, mean=mean, low=mean - half, high=mean + half, n=n, more=more)


def smallest_gap(values: Values) -> float:
    """The smallest distance between two of the values (n,) that differ; 0 where none do, and infinite ones are left out."""
    x = np.sort(values[np.isfinite(values)])
    gaps = np.diff(x)
    gaps = gaps[gaps > ALIKE * np.maximum(np.abs(x[:-1]), np.abs(x[1:]))]
    return float(gaps.min()) if len(gaps) else 0.0


def _finite(d: Values, margin: float) -> Values:
    """Differences without NaN, infinities drawn in."""
    d = d[~np.isnan(d)]
    known = np.abs(d[np.isfinite(d)])
    far = 100 * margin + (float(known.max()) if len(known) else 0.0)
    drawn: Values = np.clip(d, -far, far)
    return drawn


def _outcome(mean: float, half: float, margin: float) -> Outcome:
    if abs(mean) + half < margin:
        return "practically the same"
    if mean - half > 0:
        return "better"
    return "worse" if mean + half < 0 else "not enough data"
