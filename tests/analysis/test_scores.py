"""Scores against naive twins."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossbench.analysis import scores

VALUES = st.one_of(st.floats(-10, 10), st.just(math.nan))
CURVES = st.lists(VALUES, min_size=1, max_size=12).flatmap(
    lambda values: st.tuples(
        st.lists(st.integers(0, 1000), min_size=len(values), max_size=len(values), unique=True).map(sorted), st.just(values)
    )
)


@pytest.mark.slow
@given(CURVES, st.floats(-10, 10), st.sampled_from(["higher", "lower"]))
def test_steps_to_a_level_is_the_first_recorded_step_there(curve, level, better):
    steps, values = curve
    naive = math.inf
    for step, value in zip(steps, values, strict=True):
        if value >= level if better == "higher" else value <= level:
            naive = step
            break
    assert scores.steps_to(np.array(steps), np.array(values), level, better) == naive


@pytest.mark.slow
@given(CURVES, st.sampled_from(["higher", "lower"]))
def test_best_is_the_extreme_of_what_was_recorded(curve, better):
    known = [value for value in curve[1] if not math.isnan(value)]
    found = scores.best(np.array(curve[1]), better)
    if known:
        assert found == (max(known) if better == "higher" else min(known))
    else:
        assert math.isnan(found)


@pytest.mark.slow
@given(CURVES)
def test_average_weights_every_stretch_by_its_steps(curve):
    known = [(step, value) for step, value in zip(*curve, strict=True) if not math.isnan(value)]
    found = scores.average(np.array(curve[0], dtype=float), np.array(curve[1]))
    if len(known) < 2:
        assert (found == known[0][1]) if known else math.isnan(found)
    else:
        area = sum((b - a) * (v + w) / 2 for (a, v), (b, w) in itertools.pairwise(known))
        assert found == pytest.approx(area / (known[-1][0] - known[0][0]))


def test_a_diverged_run_has_no_final_value():
    curve = np.array([1.0, 2.0])
    assert math.isnan(scores.final(curve, diverged=True))
    assert math.isnan(scores.final(np.array([]), diverged=False))
    assert scores.final(curve, diverged=False) == 2.0


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_diverged_counts_as_worse_than_any_number(better):
    sign = 1 if better == "higher" else -1
    assert sign * scores.worst(better) < sign * -sign * 1e300
