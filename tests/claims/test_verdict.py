"""Verdicts: what is published against what was measured, the tolerance and the scatter between them."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from lossbench.analysis.curves import read_curves
from lossbench.analysis.statistics import Estimate
from lossbench.claims.measurement import Records
from lossbench.claims.published import Bound, Curve, Number, Span
from lossbench.claims.schema import Claim, Measure, Score
from lossbench.claims.text import line
from lossbench.claims.verdict import judge, power
from lossbench.errors import BadInput
from lossbench.tables import read_study

SEEDS = 12


@pytest.fixture(scope="module")
def records(made, tmp_path_factory):
    runs = [made.learn(loss=made.CE, seed=seed) for seed in range(SEEDS)]
    study = read_study(made.write(tmp_path_factory.mktemp("judged") / "study", runs))
    return Records(runs=study.runs, curves=read_curves(study.records))


@pytest.fixture(scope="module")
def values(records):
    return np.array([records.curves.values(run, "test_log_loss")[-1] for run in records.runs["run"]])


def claim(published, *, tolerance=0.0, over="median", **measured):
    score = Score(column="test_log_loss", **measured)
    return Claim(
        claim="it falls",
        row="",
        source="somebody",
        location="somewhere",
        measured=Measure(scores=(score,), value="it", over=over),
        published=published,
        tolerance=tolerance,
        verdict="holds",
    )


def verdict(records, *args, **options):
    return judge(claim(*args, **options), records).verdict


def test_a_number_holds_within_its_tolerance_and_not_beyond(records, values):
    middle, spread = float(np.median(values)), float(np.ptp(values))
    assert verdict(records, Number(value=middle + 2 * spread), tolerance=2.001 * spread) == "holds"
    assert verdict(records, Number(value=middle + 2 * spread), tolerance=1.999 * spread) == "differs"


def test_a_number_among_the_seeds_is_within_scatter(records, values):
    assert verdict(records, Number(value=float(values.max()))) == "within scatter"
    assert verdict(records, Number(value=float(np.nextafter(values.max(), 9)))) == "differs"


def test_a_range_holds_where_the_middle_lies_in_it(records, values):
    middle = float(np.median(values))
    found = judge(claim(Span(low=middle, high=9.0)), records)
    assert found.verdict == "holds"
    assert verdict(records, Span(low=(middle + found.estimate.high) / 2, high=9.0)) == "within scatter"
    assert verdict(records, Span(low=found.estimate.high * 1.01, high=9.0)) == "differs"


def test_a_bound_holds_where_the_whole_interval_keeps_to_it(records):
    estimate = judge(claim(Number(value=0.0)), records).estimate
    assert estimate.low < estimate.centre < estimate.high
    assert verdict(records, Bound(side=">", value=estimate.low * 0.99)) == "holds"
    assert verdict(records, Bound(side=">", value=estimate.centre)) == "within scatter"
    assert verdict(records, Bound(side=">", value=estimate.high * 1.01)) == "differs"
    assert verdict(records, Bound(side="<", value=estimate.high * 1.01)) == "holds"
    assert verdict(records, Bound(side="<", value=estimate.low * 0.99)) == "differs"
    assert verdict(records, Bound(side="<", value=estimate.low * 0.99), tolerance=1.0) == "holds"


def test_a_bound_that_all_seeds_only_touch_does_not_hold(records):
    assert verdict(records, Bound(side=">", value=0.0), score="at 0", of={"seed": 0}) == "holds"
    touching = replace(
        claim(Bound(side=">", value=0.0)), measured=Measure(scores=(Score(column="test_log_loss"),), value="0 * it")
    )
    assert judge(touching, records).verdict == "differs"


def test_best_of_three_is_told_from_all_choices_of_three_seeds(records, values):
    found = judge(claim(Number(value=0.0), over="best of 3"), records)
    bests = [max(choice) for choice in combinations(values.tolist(), 3)]
    assert found.estimate.centre == np.median(bests)
    assert (found.estimate.low, found.estimate.high) == (np.sort(values)[2], values.max())


def test_a_share_has_the_binomial_interval(records, values):
    level = float(np.sort(values)[3])
    shared = replace(
        claim(Number(value=0.0)), measured=Measure(scores=(Score(column="test_log_loss"),), value=f"it < {level!r}", over="share")
    )
    found = judge(shared, records).estimate
    exact = stats.binomtest(3, SEEDS).proportion_ci(0.95)
    assert found.centre == 3 / SEEDS
    np.testing.assert_allclose((found.low, found.high), exact)


def test_a_curve_holds_where_enough_of_its_points_lie_among_the_seeds(records, made):
    curves = np.array([records.curves.values(run, "test_log_loss") for run in records.runs["run"]])
    x, y = np.array(made.STEPS, dtype=float), np.median(curves, axis=0)
    assert verdict(records, Curve(x=x, y=y), tolerance=1.0) == "holds"
    outside = np.where(np.arange(len(x)) % 2, y, curves.max(axis=0) + 1)
    found = judge(claim(Curve(x=x, y=outside), tolerance=0.6), records)
    assert found.verdict == "differs"
    assert found.estimate.centre == len(x) // 2 / len(x)


def test_points_of_a_curve_beyond_the_records_are_not_inside(records, made):
    x = np.array([0.0, made.STEPS[-1] + 1.0])
    assert judge(claim(Curve(x=x, y=np.array([1e9, 0.0])), tolerance=0.0), records).estimate.centre == 0.0


def test_a_word_that_nobody_knows_for_the_seeds_is_refused(records):
    for over in ("medium", "best of many", "best of 0", "best of 13"):
        with pytest.raises(BadInput, match="over"):
            judge(claim(Number(value=0.0), over=over), records)


def test_what_rounds_to_nothing_has_no_sign(records, values):
    told = line(judge(claim(Number(value=-0.0004), tolerance=0.001), records))
    assert told.published == "0.000"


def test_numbers_are_told_to_the_digit_that_the_tolerance_resolves(records, values):
    told = line(judge(claim(Number(value=0.123456), tolerance=0.001), records))
    assert (told.published, told.tolerance) == ("0.123", "±0.001")
    assert told.measured == f"{np.median(values):.3f}"


def test_a_verdict_that_is_not_the_recorded_one_is_said(records):
    told = line(judge(claim(Number(value=1e6)), records))
    assert (told.verdict, told.changed) == ("differs", "recorded: holds")


@pytest.mark.slow
def test_five_tasks_cannot_tell_a_share_from_a_coin():
    """By simulation: how often the exact interval of 5 draws of a coin leaves 22 of 28 out."""
    asked = replace(claim(Number(value=0.786), over="share"), effect=0.286)
    draws = np.random.default_rng(0).binomial(5, 0.5, 4000)
    out = [not ends.low <= 0.786 <= ends.high for ends in (stats.binomtest(int(k), 5).proportion_ci() for k in draws)]
    found = power(asked, Estimate(centre=0.4, low=0.05, high=0.85, n=5, method="exact"))
    assert found == pytest.approx(np.mean(out), abs=0.03)
    assert found < 0.25


@pytest.mark.parametrize("effect", [0.5, 1.0, 2.0, 3.0])
def test_the_power_of_an_interval_is_what_simulated_tests_have(effect):
    """200 normal numbers a test, scatter 1, the truth off by so many standard errors: how often 5 % are undercut."""
    stream, n = np.random.default_rng(1), 200
    shift = effect / np.sqrt(n)
    tests = stats.ttest_1samp(stream.normal(shift, 1, (2000, n)), 0, axis=1).pvalue < 0.05
    half = 1.96 / np.sqrt(n)
    asked = replace(claim(Bound(side=">", value=0.0)), effect=shift)
    assert power(asked, Estimate(centre=0.0, low=-half, high=half, n=n, method="t")) == pytest.approx(tests.mean(), abs=0.04)


def test_what_the_measure_cannot_show_is_told_by_no_number_of_seeds(records, values):
    beyond = float(values.max()) + 1
    blind = replace(claim(Number(value=beyond)), effect=0.01, resolution=0.02)
    assert judge(blind, records).verdict == "no power"
    assert judge(replace(blind, resolution=0.0, effect=100.0), records).verdict == "differs"
    assert judge(replace(claim(Number(value=float(np.median(values)))), effect=0.01, resolution=0.02), records).verdict == "holds"
    assert line(judge(blind, records)).power.startswith("power 0.00")
