"""Curves: records as arrays, and bands over seeds."""

import numpy as np
import pandas as pd
import pytest

from lossbench.analysis.curves import band_ends, read_curves


def records(**runs):
    """Records from {run: {step: value}}."""
    rows = [{"run": run, "step": step, "x": value} for run, curve in runs.items() for step, value in curve.items()]
    return read_curves(pd.DataFrame(rows, columns=["run", "step", "x"]))


def test_runs_keep_their_own_curves():
    curves = records(b={0: 1.0, 5: 2.0}, a={0: 3.0})
    assert curves.steps("b").tolist() == [0, 5]
    assert curves.values("a", "x").tolist() == [3.0]
    assert curves.values("unheard of", "x").tolist() == []


def test_bands_are_quantiles_over_the_seeds():
    rng = np.random.default_rng(0)
    runs = {f"r{i}": dict(enumerate(rng.normal(size=4))) for i in range(9)}
    band = records(**runs).band(list(runs), "x")
    values = np.array([list(curve.values()) for curve in runs.values()])
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=0)
    assert band.middle == pytest.approx(middle)
    assert (band.low, band.high) == (pytest.approx(low), pytest.approx(high))
    assert band.n.tolist() == [9] * 4


def test_bands_of_few_runs_span_them_all():
    band = records(a={0: 1.0}, b={0: 2.0}, c={0: 9.0}).band(["a", "b", "c"], "x")
    assert (band.low[0], band.middle[0], band.high[0]) == (1.0, 2.0, 9.0)
    assert band_ends(4) == (0.0, 1.0)


def test_curves_end_where_fewer_than_half_of_the_runs_are_left():
    curves = records(a={0: 1.0, 1: 1.0, 2: 1.0}, b={0: 3.0, 1: 5.0}, c={0: 5.0})
    band = curves.band(["a", "b", "c"], "x")
    assert band.steps.tolist() == [0, 1]
    assert band.middle.tolist() == [3.0, 3.0]


def test_schedules_may_differ():
    curves = records(a={0: 1.0, 2: 2.0}, b={0: 3.0, 1: 4.0, 2: 6.0})
    band = curves.band(["a", "b"], "x")
    assert band.steps.tolist() == [0, 1, 2]
    assert band.middle.tolist() == [2.0, 4.0, 4.0]


def test_infinite_values_leave_the_others_standing():
    band = records(a={0: np.inf}, b={0: 3.0}).band(["a", "b"], "x")
    assert band.middle.tolist() == [3.0]


def test_no_records_are_no_curves():
    band = records().band(["a"], "x")
    assert len(band.steps) == 0


def test_layers_come_in_their_own_order():
    frame = pd.DataFrame({"run": ["a"], "step": [0]} | {f"saturated/{i}": [0.5] for i in (10, 2, 1)})
    curves = read_curves(frame)
    assert curves.layers("saturated") == ["saturated/1", "saturated/2", "saturated/10"]
    assert list(curves.layer_names("saturated", ["a"]).values()) == ["layer 1", "layer 2", "outputs"]


def test_layers_of_networks_of_different_depth_have_no_common_output():
    frame = pd.DataFrame({"run": ["a", "b"], "step": [0, 0], "saturated/1": [0.1, 0.2], "saturated/2": [0.3, np.nan]})
    assert read_curves(frame).layer_names("saturated", ["a", "b"])["saturated/2"] == "layer 2"
