"""Intervals cover, and tests reject, as often as they say: measured on made-up data whose truth is known.

A coverage that is measured over R repeats scatters about the true one by sqrt(0.95 · 0.05 / R). What is asserted is that no
measured coverage lies more than three of those below 95 %, which an interval that keeps its promise fails once in 700 times;
the seeds are fixed. An interval of continuous data may not lie above it by more either. One of discrete data may: Clopper
and Pearson's is made to cover at least, and ties only widen the median's.
"""

import itertools
import math

import numpy as np
import pytest

from lossbench.analysis import statistics
from lossbench.analysis.comparison import Contender
from lossbench.analysis.profiles import profile
from lossbench.analysis.ranking import rank
from lossbench.analysis.shares import improvement
from lossbench.analysis.statistics import holm, mean, median, paired

pytestmark = pytest.mark.slow
SIZES = (5, 10, 20, 50)
# each with its mean and its median
LAWS = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 0.0, 0.0),
    "skewed": (lambda rng, shape: rng.exponential(size=shape), 1.0, math.log(2)),
    "discrete": (lambda rng, shape: rng.poisson(2.5, size=shape).astype(float), 2.5, 2.0),
}


def margin(repeats):
    """Three standard errors of a rate of 95 %, or 5 %, that is measured so many times."""
    return 3 * math.sqrt(0.95 * 0.05 / repeats)


def coverage(estimates, truth):
    return np.mean([e.low <= truth <= e.high for e in estimates])


@pytest.mark.parametrize("n", SIZES[1:])
@pytest.mark.parametrize("law", LAWS)
def test_the_interval_of_a_median_covers(law, n):
    draw, _, truth = LAWS[law]
    found = coverage(map(median, draw(np.random.default_rng(n), (4000, n))), truth)
    assert found >= 0.95 - margin(4000)
    assert law == "discrete" or found <= 0.95 + margin(4000)


def test_of_five_values_there_is_no_interval_of_the_median_and_none_is_claimed():
    found = [median(x) for x in np.random.default_rng(0).normal(size=(4000, 5))]
    assert {estimate.method for estimate in found} == {"range"}
    assert coverage(found, 0.0) == pytest.approx(1 - 2 * 0.5**5, abs=margin(4000))  # the widest there is


@pytest.mark.parametrize(("law", "n"), [*itertools.product(LAWS, SIZES[1:]), ("normal", 5), ("discrete", 5)])
def test_the_interval_of_a_mean_covers(monkeypatch, law, n):
    monkeypatch.setattr(statistics, "RESAMPLES", 599)
    draw, truth, _ = LAWS[law]
    found = coverage(map(mean, draw(np.random.default_rng(n), (1000, n))), truth)
    assert found == pytest.approx(0.95, abs=margin(1000))


def test_of_five_skewed_values_the_mean_is_covered_as_rarely_as_its_docstring_says():
    draw, truth, _ = LAWS["skewed"]
    found = coverage(map(mean, draw(np.random.default_rng(5), (2000, 5))), truth)
    assert found == pytest.approx(0.88, abs=0.02)
    assert "of 5 exponential ones 88 % of the time" in mean.__doc__


@pytest.mark.parametrize("n", SIZES[1:])
@pytest.mark.parametrize("law", LAWS)
def test_the_interval_of_paired_differences_covers(law, n):
    draw, _, truth = LAWS[law]
    rng = np.random.default_rng(n)
    seeds = rng.normal(scale=5, size=(1000, n)).round()  # what a seed does to both losses alike
    found = [paired(b + d, b).median for b, d in zip(seeds, draw(rng, (1000, n)), strict=True)]
    assert coverage(found, truth) >= 0.95 - margin(1000)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize(
    ("wins", "ties"), [(0.5, 0.0), (0.7, 0.0), (0.9, 0.0), (0.97, 0.0), (0.35, 0.3), (0.55, 0.3), (0.15, 0.7)]
)
def test_the_interval_of_a_probability_of_improvement_covers(wins, ties, n):
    rng = np.random.default_rng(n)
    pairs = rng.choice([1.0, 0.0, -1.0], p=[wins, ties, 1 - wins - ties], size=(1500, n))
    found = coverage((improvement(d, np.zeros(n), "higher") for d in pairs), wins + ties / 2)
    assert found >= 0.95 - margin(1500)


@pytest.mark.parametrize("n", SIZES)
def test_the_band_of_a_profile_covers_at_every_step(n):
    rng = np.random.default_rng(n)
    loss = Contender(word="hinge", label="hinge", variant=0)
    steps = np.where(rng.random((1500, n)) < 0.2, np.inf, np.ceil(rng.exponential(50, size=(1500, n))))
    found = [profile(loss, own) for own in steps]
    for step in (0, 5, 30, 100, 400):
        truth = 0.8 * (1 - math.exp(-step / 50))
        at = [int(np.searchsorted(p.steps, step, side="right")) - 1 for p in found]
        covered = np.mean([p.low[i] <= truth <= p.high[i] for p, i in zip(found, at, strict=True)])
        assert covered >= 0.95 - margin(1500)


@pytest.mark.parametrize(("n", "digits"), [(8, 9), (20, 9), (30, 0)])
def test_among_equal_losses_a_report_finds_a_difference_in_at_most_one_of_twenty(n, digits):
    rng = np.random.default_rng(n)
    wrong = 0
    for _ in range(600):
        losses = (rng.normal(size=n) + 2 * rng.normal(size=(4, n))).round(digits)
        wrong += min(holm([paired(a, b).p for a, b in itertools.combinations(losses, 2)])) < 0.05
    assert wrong / 600 <= 0.05 + margin(600)


@pytest.mark.parametrize(("blocks", "losses"), [(3, 3), (5, 4), (10, 3), (10, 6), (20, 4)])
@pytest.mark.parametrize("digits", [9, 0])
def test_among_equal_losses_ranks_tell_some_apart_in_at_most_one_of_twenty(blocks, losses, digits):
    rng = np.random.default_rng(blocks)
    names = [Contender(word=str(i), label=str(i), variant=0) for i in range(losses)]
    made = (rng.normal(size=(1500, blocks, losses)) * 2).round(digits)
    found = [rank(names, [""] * blocks, costs) for costs in made]
    assert np.mean([r.p < 0.05 for r in found]) <= 0.05 + margin(1500)
    assert np.mean([r.groups != [(0, losses - 1)] for r in found]) <= 0.05 + margin(1500)
