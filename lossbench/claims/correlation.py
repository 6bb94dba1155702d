"""How far two rankings agree: of losses in two settings, say, where each loss is a block."""

import numpy as np
import pandas as pd

from lossbench.analysis.rank_correlation import spearman
from lossbench.analysis.statistics import Estimate
from lossbench.claims.formula import evaluate
from lossbench.claims.measurement import ALONG, Records, reduced, score_runs
from lossbench.claims.schema import Measure
from lossbench.errors import BadInput

RANK_CORRELATION = "rank correlation"


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
