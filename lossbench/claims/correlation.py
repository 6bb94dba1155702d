"""How far two rankings agree: of losses in two settings, say, where each loss is a block."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from lossbench.analysis.statistics import Estimate, Values
from lossbench.claims.formula import evaluate
from lossbench.claims.measurement import ALONG, Records, reduced, score_runs
from lossbench.claims.schema import Measure
from lossbench.errors import BadInput

RANK_CORRELATION = "rank correlation"
LEAST_BLOCKS = 5  # of fewer no interval says anything
Z_95 = float(stats.norm.ppf(0.975))


def rank_correlation(measured: Measure, records: Records) -> Estimate:
    """Spearman's correlation of the formulas `value` and `against` over the blocks, of each score `reduce`d over its seeds.

    Raises BadInput where the measure names no blocks, or where they are too few.
    """
    if measured.against is None or measured.blocks is None or measured.blocks != measured.along:
        raise BadInput(f"a {RANK_CORRELATION} wants `against`, a second formula, and `along` and `blocks`, both the same column.")
    named = {score.name: score_runs(score, records, measured.along) for score in measured.scores}
    by_block = {name: reduced(measured.reduce, values, ALONG[0]) for name, values in named.items()}
    frame = pd.concat(by_block, axis=1, join="inner").sort_index().rename_axis(ALONG[0]).reset_index()
    pair = (evaluate(formula, frame, name) for name, formula in (("value", measured.value), ("against", measured.against)))
    return spearman(*(np.broadcast_to(np.asarray(values, float), len(frame)) for values in pair))


def spearman(x: Values, y: Values) -> Estimate:
    """Spearman's rank correlation of pairs, (B,) each, with its 95 % interval. Raises BadInput for fewer than five pairs.

    The interval is that of Bonett & Wright, Sample size requirements for estimating Pearson, Kendall and Spearman
    correlations, Psychometrika 65, 2000: artanh r ± 1.96 √((1 + r²/2)/(B − 3)). Of a ranking that is all ties it is undefined.
    """
    if len(x) < LEAST_BLOCKS:
        raise BadInput(f"a {RANK_CORRELATION} wants {LEAST_BLOCKS} blocks or more; {len(x)} have all the scores.")
    if len(np.unique(x)) == 1 or len(np.unique(y)) == 1:
        return Estimate(centre=np.nan, low=np.nan, high=np.nan, n=len(x), method="fisher")
    r = float(stats.spearmanr(x, y).statistic)
    spread = Z_95 * math.sqrt((1 + r * r / 2) / (len(x) - 3))
    middle = math.atanh(r) if abs(r) < 1 else math.copysign(math.inf, r)
    return Estimate(centre=r, low=math.tanh(middle - spread), high=math.tanh(middle + spread), n=len(x), method="fisher")
