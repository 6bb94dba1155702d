"""The scores of many runs at once are, bit for bit, those of each run by itself."""

import numpy as np
import pandas as pd
import pytest

from lossbench.analysis import run_scores, scores
from lossbench.analysis.curves import Curves, read_curves
from lossbench.tables import RunSlices


@pytest.fixture(scope="module", params=["places by run", "places of all runs"])
def curves(request) -> Curves:
    """Forty runs of 0 to 7 recorded steps, some numbers of which are missing or infinite."""
    rng, rows = np.random.default_rng(3), []
    for run in range(40):
        steps = np.sort(rng.choice(30, rng.integers(0, 8), replace=False))
        values = rng.normal(size=len(steps))
        values[rng.random(len(steps)) < 0.2] = rng.choice([np.nan, np.inf, -np.inf])
        rows += [{"run": f"r{run}", "step": step, "x": value} for step, value in zip(steps, values, strict=True)]
    records = pd.DataFrame(rows)
    made = read_curves(records)
    if request.param == "places by run":
        return made
    lengths = records.groupby("run", sort=False).size()
    return Curves(made.columns, RunSlices(lengths.index, lengths.to_numpy()), made.quantities)


RUNS = [f"r{run}" for run in range(40)]


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_scores_of_many_runs_are_those_of_each(curves, better):
    each = [(curves.steps(run), curves.values(run, "x")) for run in RUNS]
    wanted = {
        "firsts": [values[0] if len(values) else np.nan for _, values in each],
        "lasts": [scores.final(values, diverged=False) for _, values in each],
        "bests": [scores.best(values, better) for _, values in each],
        "steps": [scores.steps_to(steps, values, 0.1, better) for steps, values in each],
        "averages": [scores.average(steps, values) for steps, values in each],
        "recorded": [np.isfinite(values).any() for _, values in each],
    }
    found = {
        "firsts": run_scores.firsts(RUNS, curves, "x"),
        "lasts": run_scores.lasts(RUNS, curves, "x"),
        "bests": run_scores.bests(RUNS, curves, "x", better),
        "steps": run_scores.steps_to(RUNS, curves, "x", 0.1, better),
        "averages": run_scores.averages(RUNS, curves, "x"),
        "recorded": run_scores.recorded(RUNS, curves, "x"),
    }
    for name, values in wanted.items():
        np.testing.assert_array_equal(found[name], np.array(values, dtype=float), err_msg=name)


def test_a_matrix_has_each_runs_values_at_its_own_steps(curves):
    steps, values = curves.matrix(RUNS, "x")
    for row, run in enumerate(RUNS):
        own = pd.Series(curves.values(run, "x"), curves.steps(run)).replace([np.inf, -np.inf], np.nan).reindex(steps)
        np.testing.assert_array_equal(values[row], own.to_numpy())
