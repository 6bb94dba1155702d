"""Statistics against scipy, naive twins, and their own promises on synthetic data."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lossbench.analysis.statistics import holm, mean, median, medians, paired


def sample(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize("n", range(6, 40))
def test_the_ends_of_a_medians_interval_lie_between_the_order_statistics_that_cover_more_and_less(n):
    x = np.sort(sample(n))
    wide = stats.quantile_test(x, q=0, p=0.5).confidence_interval(0.95)  # the narrowest of order statistics alone
    k = int(np.flatnonzero(x == wide.low)[0])
    ours = median(x)
    assert x[k] <= ours.low <= x[k + 1]
    assert x[n - 2 - k] <= ours.high <= x[n - 1 - k]
    assert ours.method == "order statistics"


def test_a_medians_interval_is_the_published_formulas():
    # Nyblom 1992 writes what Hettmansperger & Sheather 1986 propose as the share λ between the k-th and the next; k = 2 here
    x = np.sort(sample(10))
    wide, narrow = (1 - 2 * stats.binom.cdf(k - 1, 10, 0.5) for k in (2, 3))
    i = (wide - 0.95) / (wide - narrow)
    weight = 8 * i / (2 + 6 * i)
    assert (median(x).low, median(x).high) == (
        pytest.approx((1 - weight) * x[1] + weight * x[2]),
        pytest.approx((1 - weight) * x[8] + weight * x[7]),
    )


@pytest.mark.parametrize("n", [1, 2, 5, 6, 7, 10, 31])
def test_medians_of_columns_are_the_median_of_each(n):
    values = np.random.default_rng(n).normal(size=(n, 9)).round(1)
    values[0, 1], values[-1, 2], values[n // 2, 3] = math.nan, math.inf, -math.inf
    values[:, 4], values[:, 5] = 0.1, math.nan
    values[: n // 2, 6] = math.nan
    columns = [median(column) for column in values.T]
    assert np.array_equal(
        medians(values), [[getattr(c, end) for c in columns] for end in ("centre", "low", "high")], equal_nan=True
    )


@pytest.mark.slow
def test_a_mean_has_the_bootstraps_t_interval():
    x = sample(12)
    drawn = np.random.default_rng(0).integers(0, 12, (9999, 12))
    t = sorted((x[row].mean() - x.mean()) / stats.sem(x[row]) for row in drawn)
    low, high = t[249], t[9749]
    ours = mean(x)
    assert (ours.low, ours.high) == (
        pytest.approx(x.mean() - high * stats.sem(x)),
        pytest.approx(x.mean() - low * stats.sem(x)),
    )
    assert ours.method == "bootstrap"


def test_a_mean_of_values_that_are_nearly_all_alike_keeps_a_finite_interval():
    ours = mean([1.0] * 11 + [0.9])
    assert ours.method == "student"
    assert np.isfinite([ours.low, ours.high]).all()


def test_the_mean_of_few_has_students_interval():
    x = sample(8)
    ours = mean(x)
    low, high = stats.t.interval(0.95, 7, loc=x.mean(), scale=stats.sem(x))
    assert (ours.low, ours.high) == (pytest.approx(low), pytest.approx(high))
    assert ours.method == "student"


def test_the_same_values_give_the_same_interval():
    assert median(sample(10)) == median(sample(10))


def test_medians_with_never_take_never_as_an_end():
    ours = median([10.0, 20.0, 30.0, 40.0, 50.0, 60.0, math.inf, math.inf])
    assert ours.centre == 45.0
    assert 10 < ours.low < 20
    assert ours.high == math.inf
    assert median([-math.inf] * 4 + [1.0] * 4).low == -math.inf


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


def test_a_true_difference_is_found():
    x = sample(12)
    found = paired(x + 1.0, x + 0.1 * sample(12, seed=5))
    assert found.p < 0.001
    assert found.median.low > 0.5
    assert (found.higher, found.lower) == (12, 0)


def test_pairs_are_tested_as_scipy_tests_them():
    for n in (1, 2, 9, 50, 51, 80):
        a, b = sample(n), sample(n, seed=1)
        assert paired(a, b).p == pytest.approx(stats.wilcoxon(a, b).pvalue, rel=1e-12)
        assert paired(a, b).median == median(a - b)


def test_pairs_that_both_never_arrive_are_equal():
    found = paired([math.inf, math.inf, 3.0], [math.inf, 5.0, 3.0])
    assert (found.higher, found.lower, found.median.n) == (1, 0, 3)
    assert paired([math.inf] * 7, [math.inf] * 7).p == 1.0


@given(st.lists(st.sampled_from([-math.inf, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, math.inf]), min_size=1, max_size=9))
def test_the_test_of_pairs_with_ties_counts_all_choices_of_signs(d):
    ranks = stats.rankdata([abs(x) for x in d if x])
    seen = sum(rank for rank, x in zip(ranks, filter(None, d), strict=True) if x > 0)
    sums = [
        sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign)
        for signs in itertools.product([0, 1], repeat=len(ranks))
    ]
    tail = min(sum(s <= seen for s in sums), sum(s >= seen for s in sums))
    assert paired(d, np.zeros(len(d))).p == min(1, 2 * tail / len(sums))


def test_more_pairs_for_a_loss_never_raise_p():
    """Whether values are tied or not: an exact test beside an approximate one gave 18 wins of 18 a larger p than 17."""
    apart, tied = np.arange(1.0, 19), np.repeat(np.arange(1.0, 10), 2)
    assert paired(tied, np.zeros(18)).p == 2 / 2**18
    assert paired(apart * np.r_[-1, np.ones(17)], np.zeros(18)).p == 4 / 2**18


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


@pytest.mark.parametrize(("count", "method"), [pytest.param(2000, "bootstrap", marks=pytest.mark.slow), (2001, "student")])
def test_of_very_many_values_the_mean_has_students_interval(count, method):
    values = np.random.default_rng(0).exponential(size=count)
    made = mean(values)
    low, high = stats.norm.interval(0.95, values.mean(), stats.sem(values))
    assert made.method == method
    assert (made.low, made.high) == (pytest.approx(low, rel=0.01), pytest.approx(high, rel=0.01))
