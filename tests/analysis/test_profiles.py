"""Profiles against the runs that they count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lossbench.analysis.comparison import Contender
from lossbench.analysis.profiles import profile, profiles
from lossbench.analysis.results import results
from lossbench.tables import read_study

HINGE = Contender(word="hinge", label="hinge", variant=0)


@pytest.mark.slow
@given(st.lists(st.one_of(st.integers(0, 30), st.just(float("inf"))), min_size=1, max_size=15))
def test_a_share_counts_the_runs_that_are_there_and_never_counts_among_all(steps):
    found = profile(HINGE, np.array(steps, dtype=float))
    for at, share, low, high in zip(found.steps, found.share, found.low, found.high, strict=True):
        reached = sum(step <= at for step in steps)
        assert share == reached / len(steps)
        theirs = stats.binomtest(reached, len(steps)).proportion_ci(0.95, method="exact")
        assert (low, high) == (pytest.approx(theirs.low), pytest.approx(theirs.high))
    assert found.share[-1] == sum(map(np.isfinite, steps)) / len(steps)


def test_a_study_has_a_profile_for_each_loss_and_counts_diverged_runs_as_never(made, tmp_path):
    runs = [made.learn(loss=loss, seed=seed) for loss in (made.CE, made.MSE) for seed in range(3)]
    runs[0] = runs[0].diverged(25)
    board = results(read_study(made.write(tmp_path / "study", runs))).boards[0]
    found = profiles(board)
    assert [p.contender.word for p in found] == ["cross_entropy", "half_squared_error"]
    assert [p.n for p in found] == [3, 3]
    assert found[0].share[-1] == pytest.approx(2 / 3)


@pytest.mark.parametrize(("seeds", "rate"), [(1, 0.1), (3, 0.0)])
def test_one_run_or_nothing_to_reach_is_no_profile(made, tmp_path, seeds, rate):
    runs = [made.learn(optimizer__lr=rate, seed=seed) for seed in range(seeds)]
    assert profiles(results(read_study(made.write(tmp_path / "study", runs))).boards[0]) == []
