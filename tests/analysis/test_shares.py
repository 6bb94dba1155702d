"""Shares against scipy's exact intervals, and the probability of improvement against what it means."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lossbench.analysis.shares import clopper_pearson, improvement

scores = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12)


@pytest.mark.parametrize("n", [1, 5, 20])
def test_intervals_of_whole_numbers_are_scipys(n):
    low, high = clopper_pearson(np.arange(n + 1), n)
    theirs = [stats.binomtest(k, n).proportion_ci(0.95, method="exact") for k in range(n + 1)]
    assert low == pytest.approx([ends.low for ends in theirs])
    assert high == pytest.approx([ends.high for ends in theirs])


@pytest.mark.slow
@given(scores)
def test_wins_and_half_the_ties_are_counted_and_the_other_side_has_the_rest(pairs):
    a, b = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    ours, other = improvement(a, b, "higher"), improvement(b, a, "higher")
    assert ours.centre == pytest.approx(np.mean([1.0 if x > y else 0.5 if x == y else 0.0 for x, y in pairs]))
    assert (other.centre, other.low, other.high) == pytest.approx((1 - ours.centre, 1 - ours.high, 1 - ours.low))
    assert improvement(a, b, "lower") == other
    assert 0 <= ours.low <= ours.centre <= ours.high <= 1


@pytest.mark.slow
@given(scores)
def test_a_tie_leaves_no_surer_interval_than_a_win_and_a_defeat(pairs):
    n = len(pairs)
    ours = improvement([x for x, _ in pairs], [y for _, y in pairs], "higher")
    low, high = clopper_pearson(np.array([math.floor(ours.centre * n + 1e-9), math.ceil(ours.centre * n - 1e-9)]), n)
    assert low[0] - 1e-9 <= ours.low <= low[1] + 1e-9
    assert high[0] - 1e-9 <= ours.high <= high[1] + 1e-9


def test_never_is_worse_than_late_and_equal_to_never_and_a_missing_value_is_no_pair():
    found = improvement([math.inf, math.inf, 5.0, math.nan], [math.inf, 5.0, math.inf, 1.0], "lower")
    assert (found.centre, found.n) == (0.5, 3)


def test_without_pairs_nothing_is_claimed():
    found = improvement([math.nan], [1.0], "higher")
    assert math.isnan(found.centre)
    assert (found.n, found.method) == (0, "none")


def test_pairs_of_different_length_have_no_improvement():
    with pytest.raises(ValueError, match="as many values"):
        improvement([1.0], [1.0, 2.0], "higher")
