"""A rank correlation is SciPy's, of the seeds' medians; its interval covers the truth as often as it says."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lossbench.analysis.curves import read_curves
from lossbench.analysis.rank_correlation import spearman
from lossbench.claims.correlation import rank_correlation
from lossbench.claims.measurement import Records
from lossbench.claims.schema import Measure, Score
from lossbench.errors import BadInput

LOSSES = "abcdefgh"
ENDS = ((0.6, 0.5, 0.9, 0.8, 0.7, 0.4, 0.3, 0.2), (0.5, 0.6, 0.8, 0.9, 0.75, 0.1, 0.35, 0.3))
SMALL = {loss: (level, level + 0.02, level - 0.3) for loss, level in zip(LOSSES, ENDS[0], strict=True)}
LARGE = {loss: (level, level - 0.01) for loss, level in zip(LOSSES, ENDS[1], strict=True)}


def records() -> Records:
    """Runs of eight losses in two settings, three seeds in one and two in the other, which end at given accuracies."""
    rows = [
        {"run": f"{setting}{loss}{seed}", "loss": loss, "dataset": setting, "seed": seed, "outcome": "finished", "end": end}
        for setting, ends in (("small", SMALL), ("large", LARGE))
        for loss, levels in ends.items()
        for seed, end in enumerate(levels)
    ]
    runs = pd.DataFrame(rows)
    steps = [{"run": row["run"], "step": step, "test_accuracy": step * row["end"]} for row in rows for step in (0, 1)]
    return Records(runs=runs.drop(columns="end"), curves=read_curves(pd.DataFrame(steps)))


def measured(**said) -> Measure:
    scores = tuple(Score(name=name, of={"dataset": name}, column="test_accuracy") for name in ("small", "large"))
    said = {"value": "small", "against": "large", "along": "loss", "blocks": "loss", "reduce": "median"} | said
    return Measure(scores=scores, over="rank correlation", **said)


def test_it_is_scipys_of_the_medians_of_each_settings_own_seeds() -> None:
    small, large = ([float(np.median(levels[loss])) for loss in LOSSES] for levels in (SMALL, LARGE))
    estimate = rank_correlation(measured(), records())
    assert estimate.centre == pytest.approx(stats.spearmanr(small, large).statistic)
    assert estimate.n == len(LOSSES)
    assert -1 <= estimate.low < estimate.centre < estimate.high <= 1
    turned = rank_correlation(measured(against="1 - large"), records())
    assert (turned.centre, turned.low, turned.high) == pytest.approx((-estimate.centre, -estimate.high, -estimate.low))


@pytest.mark.slow
@pytest.mark.parametrize("truth", [0.0, 0.5, 0.85])
def test_its_interval_covers_the_truth_about_as_often_as_it_says(truth: float) -> None:
    """Of normal pairs Spearman's ρ is (6/π) arcsin(r/2), r being Pearson's."""
    pearson, draws = 2 * math.sin(math.pi * truth / 6), np.random.default_rng(1)
    covered = []
    for _ in range(500):
        x, noise = draws.standard_normal((2, 14))
        estimate = spearman(x, pearson * x + math.sqrt(1 - pearson**2) * noise)
        covered.append(estimate.low <= truth <= estimate.high)
    assert 0.92 <= np.mean(covered) <= 0.98


def test_rankings_that_agree_in_all_and_ties_have_their_numbers() -> None:
    x = np.arange(6.0)
    assert (spearman(x, 2 * x).centre, spearman(x, -x).centre) == (1, -1)
    assert math.isnan(spearman(x, np.ones(6)).centre)


def test_too_few_blocks_and_none_at_all_are_refused() -> None:
    with pytest.raises(BadInput, match="wants 5 pairs or more; there are 4"):
        spearman(np.arange(4.0), np.arange(4.0))
    for said in ({"against": None}, {"blocks": None}):
        with pytest.raises(BadInput, match="wants `against`, a second formula"):
            rank_correlation(measured(**said), records())
