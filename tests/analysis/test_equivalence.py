"""Paired verdicts: how often they err, find what is planted, and whether the announced number of further seeds is enough."""

import math

import numpy as np
import pytest
from scipy import stats

from lossbench.analysis.assurance import further_differences
from lossbench.analysis.equivalence import judge_differences, smallest_gap

STUDIES = 400


def outcomes(truth: float, n: int, margin: float, comparisons: int = 1) -> list[str]:
    stream = np.random.default_rng(7)
    return [judge_differences(stream.normal(truth, 1, n), margin, comparisons).outcome for _ in range(STUDIES)]


def test_the_interval_is_students():
    d = np.random.default_rng(0).normal(0.3, 1, 12)
    found = judge_differences(d, 0.1)
    low, high = stats.ttest_1samp(d, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-12)
    low, high = stats.ttest_1samp(d, 0).confidence_interval(1 - 0.05 / 6)
    found = judge_differences(d, 0.1, comparisons=6)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("n", [5, 20])
def test_where_nothing_differs_better_and_worse_come_in_5_of_100(n):
    wrong = sum(outcome in ("better", "worse") for outcome in outcomes(0.0, n, margin=0.01))
    assert stats.binomtest(wrong, STUDIES, 0.05, alternative="greater").pvalue > 0.001


def test_where_nothing_differs_and_seeds_suffice_most_are_practically_the_same():
    assert outcomes(0.0, 100, margin=0.5).count("practically the same") > 0.95 * STUDIES


@pytest.mark.slow
@pytest.mark.parametrize("truth", [0.5, -0.5])
def test_planted_differences_are_found_as_often_as_students_test_finds_them(truth):
    found = outcomes(truth, 20, margin=0.01).count("better" if truth > 0 else "worse")
    power = 1 - stats.nct.cdf(stats.t.ppf(0.975, 19), 19, 0.5 * math.sqrt(20))
    assert stats.binomtest(found, STUDIES, power).pvalue > 0.001


def test_a_difference_at_the_margin_is_seldom_called_the_same():
    same = outcomes(0.5, 50, margin=0.5).count("practically the same")
    assert stats.binomtest(same, STUDIES, 0.05, alternative="greater").pvalue > 0.001


@pytest.mark.slow
@pytest.mark.parametrize("truth", [0.0, 0.1, 0.8])
@pytest.mark.parametrize("known", [3, 6, 20])
def test_the_announced_number_of_seeds_is_enough_in_four_of_five_studies(truth, known):
    stream, enough, studies = np.random.default_rng(3), 0, 0
    for _ in range(STUDIES // 2):
        first = stream.normal(truth, 1, known)
        told = judge_differences(first, 0.2)
        if told.more is None:
            continue
        studies += 1
        whole = np.concatenate([first, stream.normal(truth, 1, int(told.more))])
        enough += judge_differences(whole, 0.2).decided
    assert studies > 10
    assert stats.binomtest(enough, studies, 0.8, alternative="less").pvalue > 0.001


def test_equal_runs_are_the_same_and_a_lost_run_counts_without_deciding_by_its_size():
    assert judge_differences(np.zeros(5), 0.01).outcome == "practically the same"
    lost = judge_differences(np.array([0.1, 0.1, 0.1, -math.inf]), 0.01)
    assert lost.outcome == "not enough data"
    assert math.isfinite(lost.low)


def test_two_seeds_tell_nothing_and_one_more_is_asked_for():
    found = judge_differences(np.array([0.2, 0.3]), 0.01)
    assert (found.outcome, found.more) == ("not enough data", 1.0)
    with pytest.raises(ValueError, match="margin"):
        judge_differences(np.zeros(5), 0.0)


@pytest.mark.slow
@pytest.mark.parametrize(("losses", "n"), [(2, 3), (5, 3), (5, 4)])
def test_of_losses_that_are_the_same_one_is_called_better_in_5_of_100_on_a_coarse_grid_too(losses, n):
    stream, wrong, studies = np.random.default_rng(5), 0, 300
    pairs = [(i, j) for i in range(losses) for j in range(i)]
    for _ in range(studies):
        scores = stream.binomial(20, 0.95, (losses, n)) / 20
        step = smallest_gap(scores.ravel())
        judged = (judge_differences(scores[i] - scores[j], 0.01, len(pairs), step).outcome for i, j in pairs)
        wrong += any(outcome in ("better", "worse") for outcome in judged)
    assert stats.binomtest(wrong, studies, 0.05, alternative="greater").pvalue > 1e-6


def test_three_equal_differences_on_a_grid_are_no_certainty_and_a_fine_grid_changes_little():
    assert judge_differences(np.full(3, 0.05), 0.01, step=0.05).outcome == "not enough data"
    d = np.round(np.random.default_rng(0).normal(0.3, 1, 12), 2)
    fine, free = judge_differences(d, 0.1, step=0.01), judge_differences(d, 0.1)
    assert free.high <= fine.high < free.high + 1e-4


def test_the_smallest_gap_is_between_values_that_differ():
    assert smallest_gap(np.array([0.1 + 0.2, 0.3, 0.8, math.inf, 0.5])) == pytest.approx(0.2)
    assert smallest_gap(np.full(4, 0.7)) == 0


@pytest.mark.parametrize("deviation", [0.0, -1.0])
def test_differences_without_scatter_foretell_nothing(deviation):
    with pytest.raises(ValueError, match="foretell"):
        further_differences(0.1, deviation, 5, 0.2, 0.05)


def test_where_the_scatter_is_a_billion_margins_no_number_is_announced():
    assert further_differences(0.0, 1e9, 5, 1.0, 0.05) == math.inf


@pytest.mark.slow
@pytest.mark.parametrize(("known", "scatter", "comparisons"), [(3, 5.0, 1), (3, 15.0, 10), (10, 15.0, 10)])
def test_announced_numbers_are_enough_where_the_truth_is_half_a_margin(known, scatter, comparisons):
    stream, enough, studies, tail = np.random.default_rng(23), 0, 0, 0.05 / comparisons
    for _ in range(1000):
        first = stream.normal(0.5, scatter, known)
        more = judge_differences(first, 1.0, comparisons).more
        if more is not None:
            # the mean and the sum of squares of the further ones, which is all that their interval takes
            n, mean = known + int(more), stream.normal(0.5, scatter / math.sqrt(more))
            squares = first.var() * known + scatter**2 * stream.chisquare(max(more - 1, 1e-9))
            squares += known * more / n * (mean - first.mean()) ** 2
            whole = (known * first.mean() + more * mean) / n
            half = stats.t.ppf(1 - tail / 2, n - 1) * math.sqrt(squares / (n - 1) / n)
            studies, enough = studies + 1, enough + (abs(whole) > half or abs(whole) + half < 1)
    assert studies > 500
    assert stats.binomtest(enough, studies, 0.8, alternative="less").pvalue > 1e-6
