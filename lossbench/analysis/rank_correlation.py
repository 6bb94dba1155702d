"""How far two rankings of the same things agree, and how well that is known."""

import math

import numpy as np
from scipy import stats

from lossbench.analysis.statistics import Estimate, Values
from lossbench.errors import BadInput

LEAST_PAIRS = 5  # of fewer no interval says anything
Z_95 = float(stats.norm.ppf(0.975))


def spearman(x: Values, y: Values) -> Estimate:
    """Spearman's rank correlation of pairs, (B,) each, with its 95 % interval. Raises BadInput for fewer than five pairs.

    The interval is that of Bonett & Wright, Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations, Psychometrika 65, 2000: artanh r ± 1.96 √((1 + r²/2)/(B − 3)). Of a ranking that is all ties it is undefined.
    """
    if len(x) < LEAST_PAIRS:
        raise BadInput(f"a rank correlation wants {LEAST_PAIRS} pairs or more; there are {len(x)}.")
    if len(np.unique(x)) == 1 or len(np.unique(y)) == 1:
        return Estimate(centre=np.nan, low=np.nan, high=np.nan, n=len(x), method="fisher")
    r = float(stats.spearmanr(x, y).statistic)
    spread = Z_95 * math.sqrt((1 + r * r / 2) / (len(x) - 3))
    middle = math.atanh(r) if abs(r) < 1 else math.copysign(math.inf, r)
    return Estimate(centre=r, low=math.tanh(middle - spread), high=math.tanh(middle + spread), n=len(x), method="fisher")
