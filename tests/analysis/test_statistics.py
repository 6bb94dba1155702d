"""Statistics against scipy, naive twins, and their own promises on synthetic data."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lossbench.analysis import statistics
from lossbench.analysis.statistics import holm, mean, median, paired

REPEATS = 300


def sample(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize(("estimate", "statistic", "n"), [(median, np.median, 9), (median, np.median, 30), (mean, np.mean, 30)])
def test_intervals_are_scipys_bca(estimate, statistic, n):
    x = sample(n)
    theirs = stats.bootstrap((x,), statistic, n_resamples=9999, method="BCa", rng=np.random.default_rng(0)).confidence_interval
    ours = estimate(x)
    assert (ours.centre, ours.low, ours.high) == (statistic(x), theirs.low, theirs.high)
    assert ours.method == "bootstrap"


def test_the_mean_of_few_has_students_interval():
    x = sample(8)
    ours = mean(x)
    low, high = stats.t.interval(0.95, 7, loc=x.mean(), scale=stats.sem(x))
    assert (ours.low, ours.high) == (pytest.approx(low), pytest.approx(high))
    assert ours.method == "student"


def test_the_same_values_give_the_same_interval():
    assert median(sample(10)) == median(sample(10))


def test_medians_with_never_keep_to_order_statistics():
    x = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, math.inf, math.inf]
    ours = median(x)
    ranked = stats.quantile_test(x, q=0, p=0.5).confidence_interval(0.95)
    assert (ours.centre, ours.low, ours.high) == (45.0, *ranked)
    assert ours.high == math.inf
    assert ours.method == "order statistics"


@pytest.mark.parametrize(
    ("values", "centre", "method"),
    [
        ([], math.nan, "none"),
        ([3.0], 3.0, "none"),
        ([1.0, 2.0, 9.0], 2.0, "range"),
        ([4.0] * 7, 4.0, "equal"),
        ([4.0] * 3, 4.0, "equal"),
    ],
)
def test_few_or_equal_values_claim_no_interval(values, centre, method):
    ours = median(values)
    assert ours.centre == pytest.approx(centre, nan_ok=True)
    assert (ours.method, ours.n) == (method, len(values))
    assert ours.low == (min(values) if values else pytest.approx(math.nan, nan_ok=True))


def test_missing_values_do_not_count():
    assert median([1.0, math.nan, 3.0]).n == 2


@pytest.mark.parametrize(
    ("estimate", "draw", "truth", "n"),
    [
        (median, lambda rng, n: rng.normal(size=n), 0.0, 10),
        (median, lambda rng, n: rng.exponential(size=n), math.log(2), 20),
        (mean, lambda rng, n: rng.normal(size=n), 0.0, 10),
        (mean, lambda rng, n: rng.normal(size=n), 0.0, 30),
    ],
)
def test_intervals_cover_at_about_their_nominal_rate(monkeypatch, estimate, draw, truth, n):
    monkeypatch.setattr(statistics, "RESAMPLES", 599)
    rng = np.random.default_rng(1)
    found = [estimate(draw(rng, n)) for _ in range(REPEATS)]
    covered = sum(e.low <= truth <= e.high for e in found)
    # BCa is known to cover a few points less than it says for samples this small: anything from 90 % up is as good as it gets.
    assert stats.binomtest(covered, REPEATS, 0.90, alternative="less").pvalue > 0.01
    assert stats.binomtest(covered, REPEATS, 0.97, alternative="greater").pvalue > 0.01


@pytest.mark.parametrize("n", [8, 20])
def test_a_null_comparison_rejects_at_about_its_nominal_rate(monkeypatch, n):
    monkeypatch.setattr(statistics, "RESAMPLES", 9)
    rng = np.random.default_rng(2)
    rejected = sum(paired(rng.normal(size=n), rng.normal(size=n)).p < 0.05 for _ in range(REPEATS))
    # With 8 pairs the exact test can only reach 0.039 below 0.05.
    assert stats.binomtest(rejected, REPEATS, 0.05, alternative="greater").pvalue > 0.01
    assert stats.binomtest(rejected, REPEATS, 0.039, alternative="less").pvalue > 0.01


def test_a_true_difference_is_found():
    x = sample(12)
    found = paired(x + 1.0, x + 0.1 * sample(12, seed=5))
    assert found.p < 0.001
    assert found.median.low > 0.5
    assert (found.higher, found.lower) == (12, 0)


def test_pairs_are_tested_as_scipy_tests_them():
    a, b = sample(9), sample(9, seed=1)
    assert paired(a, b).p == stats.wilcoxon(a, b).pvalue
    assert paired(a, b).median == median(a - b)


def test_pairs_that_both_never_arrive_are_equal():
    found = paired([math.inf, math.inf, 3.0], [math.inf, 5.0, 3.0])
    assert (found.higher, found.lower, found.median.n) == (1, 0, 3)
    assert paired([math.inf] * 7, [math.inf] * 7).p == 1.0


def test_ties_are_tested_quickly_and_about_right():
    d = np.array([1.0, 1, 2, 2, 3, 4, 5, 6, 7, 8, -1, 9])
    exact = stats.wilcoxon(d, method=stats.PermutationMethod()).pvalue
    assert paired(d, np.zeros(12)).p == pytest.approx(exact, abs=0.01)


def test_pairs_of_different_length_are_refused():
    with pytest.raises(ValueError, match="as many values"):
        paired([1.0], [1.0, 2.0])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closed_test_of_bonferroni(p):
    indices = range(len(p))
    subsets = [s for size in range(1, len(p) + 1) for s in itertools.combinations(indices, size)]
    closed = [max(min(1.0, len(s) * min(p[j] for j in s)) for s in subsets if i in s) for i in indices]
    assert holm(p) == pytest.approx(closed)


def test_holm_passes_over_what_was_not_tested():
    assert holm([0.01, math.nan, 0.04]) == pytest.approx([0.02, math.nan, 0.04], nan_ok=True)
    assert holm([]) == []
