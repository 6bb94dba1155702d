"""Power: how probably so many blocks would have told a difference that matters."""

import numpy as np
from scipy.stats import binom, norm

from lossbench.analysis.shares import clopper_pearson
from lossbench.analysis.statistics import Estimate

ENOUGH = 0.8  # by the convention of Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988
NORMAL = 1.96  # standard errors to either side, in a 95 % interval


def power_of_interval(estimate: Estimate, effect: float) -> float:
    """The power against a difference of `effect` of a two-sided test at 5 % whose standard error is what an interval shows.

    Φ(effect / s − 1.96) with s = (high − low) / 3.92; 1 where the interval has no width.
    """
    error = (estimate.high - estimate.low) / (2 * NORMAL)
    return float(norm.cdf(effect / error - NORMAL)) if error > 0 else 1.0


def power_of_share(share: float, effect: float, n: int) -> float:
    """The chance that the exact interval of n blocks leaves a share out, where the true one is off by `effect` towards ½."""
    true = float(np.clip(share - effect if share >= 0.5 else share + effect, 0, 1))
    outcomes = np.arange(n + 1)
    low, high = np.array([clopper_pearson(np.array(k), n) for k in outcomes]).T
    return float(binom.pmf(outcomes, n, true)[(share < low) | (share > high)].sum())
