"""Paired verdicts: how often they err, find what is planted, and whether the announced number of further seeds is enough."""

import math

import numpy as np
import pytest
from scipy import stats

from lossbench.analysis.equivalence import judge_differences

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
