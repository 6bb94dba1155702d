"""Assurance: how many further differences give a verdict with a chance of 80 %, whatever the truth is.

Known are n₀ differences with mean m and variance s², and a truth δ that is supposed. About it the sum of squares is
S = (n₀ − 1)s² + n₀(m − δ)², the variance is S/χ² with n₀ degrees of freedom, and the chance that n differences tell is averaged
over it. The number is the smallest for which this chance is at least c(p) for every δ, where p is the p-value by which Student's
test refuses δ: less is asked for a truth the less the known differences agree with it.

Where δ is the truth, p is uniform on 0 to 1, and is independent of S (Basu, On Statistics Independent of a Complete Sufficient
Statistic, 1955), on which alone the number for δ depends where further differences are many. So normal differences are told
with a chance of at least the mean of c(p), which is 80 %: c(p) = 0.85 min(1, p/p₀), of mean 0.85 (1 − p₀/2).
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import special

from lossbench.analysis.statistics import Values

CHANCE = 0.8  # that the announced number of further differences is enough
ASKED = 0.85  # of a truth with which the known differences agree
DOUBTED = 2 * (1 - CHANCE / ASKED)  # p₀, from where down less is asked
MOST = 2**30  # further differences that are announced
PRECISION = 0.01  # of the number
MIDDLES = np.array([-0.5, -0.25, 0.0, 0.25, 0.5])  # in margins, the truths that are hardest to tell: neither the same nor apart
FARTHER = np.linspace(0, 1, 13)[1:]  # as parts of the known mean, towards which they are easier
QUANTILES = (np.arange(12) + 0.5) / 12  # of the variance, over which chances are averaged


def further_differences(mean: float, deviation: float, known: int, margin: float, tail: float) -> float:
    """About how many more than the known differences give a verdict, with intervals of level 1 − tail; inf where 2³⁰ do not.

    Raises ValueError where fewer than two differences are known, or the deviation is not above 0.
    """
    if known < 2 or not deviation > 0:
        raise ValueError(f"{known} differences with a deviation of {deviation} foretell nothing; it takes two that differ")
    truths = np.concatenate([MIDDLES * margin, FARTHER * mean])
    p = 2 * special.stdtr(known - 1, -np.abs(mean - truths) * math.sqrt(known) / deviation)
    asked = ASKED * np.minimum(1.0, p / DOUBTED)
    squares = (known - 1) * deviation**2 + known * (mean - truths) ** 2
    deviations = np.sqrt(squares[:, None] / special.chdtri(known, QUANTILES))

    def enough(further: int) -> bool:
        n = known + further
        half = float(special.stdtrit(n - 1, 1 - tail / 2)) * deviations / math.sqrt(n)
        # Of all n the known ones have their mean m, the further k = n − n₀ one that is normal about the truth δ, with σ²/k:
        # the mean of all is normal about (n₀ m + k δ)/n, with the standard deviation σ √k/n.
        means = (known * mean + further * truths)[:, None] / n
        chances = _chance(means, deviations * math.sqrt(further) / n, half, margin)
        return bool((chances.mean(axis=1) >= asked).all())

    return _smallest(enough)


def _smallest(enough: Callable[[int], bool]) -> float:
    """About the smallest number that is enough: found by doubling, and then by halving the gap."""
    high = 1
    while not enough(high):
        if high >= MOST:
            return math.inf
        high *= 2
    low = high // 2
    while high - low > max(1, PRECISION * high):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)


def _chance(mean: Values, spread: Values, half: Values, margin: float) -> Values:
    """The chance that normal means, of these spreads, end where intervals of these half widths tell something; all (K, Q)."""
    inner = np.maximum(margin - half, 0.0)  # within ±inner they are practically the same, and beyond ±outer told from 0
    outer = np.maximum(half, inner)
    below, low, high, above = (special.ndtr((end - mean) / spread) for end in (-outer, -inner, inner, outer))
    chance: Values = np.where(half < inner, 1.0, below + high - low + 1 - above)  # the first: no gap is left between the two
    return chance
