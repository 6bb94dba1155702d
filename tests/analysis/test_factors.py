"""Error × slope is the gradient: in every curve, at every step, over any runs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gmean

from lossbench.analysis.curves import read_curves
from lossbench.analysis.factors import FACTORS, factored, geometric_band

SIZES = st.lists(st.tuples(st.floats(1e-12, 1e6), st.floats(0, 1e6)), min_size=1, max_size=6)


def curves(*runs):
    """Runs of pairs (error, gradient), a pair a step; the recorded slope is something else."""
    rows = [
        {"run": f"r{i}", "step": step, "output_error": error, "output_gradient": gradient, "output_slope": 0.25}
        for i, run in enumerate(runs)
        for step, (error, gradient) in enumerate(run)
    ]
    return read_curves(pd.DataFrame(rows)), [f"r{i}" for i in range(len(runs))]


@pytest.mark.slow
@given(SIZES)
def test_geometric_means_of_the_factors_multiply_to_that_of_the_gradient(pairs):
    made, runs = curves(*([pair] for pair in pairs))
    error, slope, gradient = (geometric_band(factored(made), runs, name).middle[0] for name in FACTORS)
    assert error * slope == pytest.approx(gradient, rel=1e-9, abs=1e-300)
    assert gradient == pytest.approx(gmean([own for _, own in pairs]) if all(own for _, own in pairs) else 0.0, rel=1e-9)


def test_the_slope_is_a_mean_in_which_each_example_weighs_as_much_as_its_error():
    errors, slopes = np.array([3000.0, 0.5]), np.array([1e-4, 0.2])
    made, runs = curves([(errors.mean(), (errors * slopes).mean())])
    slope = geometric_band(factored(made), runs, FACTORS[1]).middle[0]
    assert slope == pytest.approx(np.average(slopes, weights=errors))


def test_where_a_factor_has_no_value_there_is_no_product_and_other_runs_still_multiply():
    made, runs = curves([(0.0, 0.0), (2.0, 1.0)], [(4.0, 2.0), (np.inf, 1.0)], [(4.0, 1.0), (8.0, 1.0)])
    for step in (0, 1):
        error, slope, gradient = (geometric_band(factored(made), runs, name).middle[step] for name in FACTORS)
        assert error * slope == pytest.approx(gradient)
        assert geometric_band(factored(made), runs, FACTORS[0]).n[step] == 2


def test_curves_without_both_factors_stay_as_they_are():
    made = read_curves(pd.DataFrame({"run": ["r"], "step": [0], "output_gradient": [1.0]}))
    assert factored(made) is made
