"""A claim is judged: what is published beside what was measured, the tolerance between them, and the scatter of seeds."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from lossbench import tables
from lossbench.analysis import statistics
from lossbench.analysis.power import ENOUGH, power_of_interval, power_of_share
from lossbench.analysis.shares import clopper_pearson
from lossbench.analysis.statistics import Estimate, Values
from lossbench.claims.correlation import RANK_CORRELATION, rank_correlation
from lossbench.claims.measurement import Records, curve, measure, selected
from lossbench.claims.published import Bound, Curve, Number, Span
from lossbench.claims.schema import Claim, Experiment, Measure, Verdict
from lossbench.errors import BadInput

SCATTER = (0.05, 0.95)  # between these quantiles of the seeds a single number of theirs would not surprise
FEW = 20  # of fewer seeds the scatter spans all
# What arithmetic raises over a measure that makes no sense, such as a score of text: a fault of the claim, not of the program.
UNMEASURABLE = (ValueError, TypeError, LookupError, ArithmeticError)
MOST_CHOICES = 20_000  # ways to take k seeds of n that are looked at one by one


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """A claim's verdict, the estimate that decided it, and the scatter (low, high) of the seeds."""

    claim: Claim
    estimate: Estimate
    scatter: tuple[float, float]
    verdict: Verdict
    power: float | None = None  # of a claim that says what would matter

    @property
    def as_recorded(self) -> bool:
        """Whether the repository records this verdict."""
        return self.verdict == self.claim.verdict


@dataclass(frozen=True, kw_only=True)
class Unjudged:
    """A claim that could not be measured, and why."""

    claim: Claim
    reason: str


def judge_all(experiment: Experiment, records: Records) -> list[Judgement | Unjudged]:
    """Every claim of an experiment, judged; one that cannot be measured does not stop the others."""
    judged: list[Judgement | Unjudged] = []
    for claim in experiment.claims:
        try:
            judged.append(judge(claim, records))
        except BadInput as error:
            judged.append(Unjudged(claim=claim, reason=str(error)))
        except UNMEASURABLE as error:
            judged.append(Unjudged(claim=claim, reason=f"it cannot be measured so ({type(error).__name__}: {error})."))
    return judged


def judge(claim: Claim, records: Records) -> Judgement:
    """The verdict on a claim. Raises BadInput where it cannot be measured.

    A published number holds where the estimate lies within the tolerance of it; else it is within scatter where it lies
    in the middle 90 % of seeds (of fewer than 20, between the smallest and the largest) or in the 95 % interval of the
    estimate. A range holds where the estimate lies in it, and a bound where the whole interval keeps to it, each give or
    take the tolerance; they are within scatter where only a part of the interval does. A curve holds where at least the
    tolerated share of its points lies in the middle 90 % of seeds. A claim that says what difference would matter, does not
    hold, and would have been told from such a difference with a chance below 80 % only, has had no power.
    """
    if isinstance(claim.published, Curve):
        return _judged_curve(claim, claim.published, records)
    estimate, scatter = _measured(claim.measured, records)
    verdict = _verdict(claim, claim.published, estimate, scatter)
    chance = power(claim, estimate)
    if verdict != "holds" and chance is not None and chance < ENOUGH:
        verdict = "no power"
    return Judgement(claim=claim, estimate=estimate, scatter=scatter, verdict=verdict, power=chance)


def _measured(measured: Measure, records: Records) -> tuple[Estimate, tuple[float, float]]:
    """The estimate, and the scatter of the seeds; of a correlation, which no seed has by itself, there is none."""
    if measured.over == RANK_CORRELATION:
        correlation = rank_correlation(measured, records)
        return correlation, (correlation.centre, correlation.centre)
    values, estimate = estimated(measured, np.asarray(measure(measured, records), dtype=np.float64))
    return estimate, _scatter(values)


def power(claim: Claim, estimate: Estimate) -> float | None:
    """How probably this number of blocks would tell the published value from one that differs by the claim's `effect`.

    What is less than the measure can show is told by no number of blocks. None where a claim states no effect.
    """
    if claim.effect is None or isinstance(claim.published, Curve):
        return None
    if claim.effect < claim.resolution:
        return 0.0
    if estimate.method == "exact":
        published = claim.published
        share = (published.low + published.high) / 2 if isinstance(published, Span) else published.value
        return power_of_share(share, claim.effect, estimate.n)
    return power_of_interval(estimate, claim.effect)


def _verdict(claim: Claim, published: Number | Span | Bound, estimate: Estimate, scatter: tuple[float, float]) -> Verdict:
    if np.isnan(estimate.centre):
        raise BadInput("nothing but undefined values was measured.")
    tolerance = claim.tolerance
    if isinstance(published, Number):
        low, high = min(scatter[0], estimate.low), max(scatter[1], estimate.high)
        near = abs(estimate.centre - published.value) <= tolerance
        return "holds" if near else "within scatter" if low <= published.value <= high else "differs"
    if isinstance(published, Bound):
        sign = 1 if published.side == ">" else -1
        ends = sorted(sign * (end - published.value) + tolerance for end in (estimate.low, estimate.high))
        return "holds" if ends[0] > 0 else "within scatter" if ends[1] > 0 else "differs"
    low, high = published.low - tolerance, published.high + tolerance
    inside = low <= estimate.centre <= high
    return "holds" if inside else "within scatter" if estimate.low <= high and estimate.high >= low else "differs"


def estimated(measured: Measure, values: Values) -> tuple[Values, Estimate]:
    """The estimate over the seeds, from a value (R,) of each; of a best of k the values become those of all choices of k."""
    parts = measured.over.split()
    if len(parts) == 3 and parts[:2] in (["best", "of"], ["least", "of"]) and parts[2].isdecimal():
        values = _bests(values, int(parts[2]), parts[0] == "best")
        return values, _range(float(np.median(values)), values)
    if measured.over == "share":
        return values, _share(values)
    if measured.over not in ("median", "mean"):
        raise BadInput(f"over is {measured.over!r}; it is median, mean, share, {RANK_CORRELATION}, best of 3 or least of 3.")
    return values, statistics.median(values) if measured.over == "median" else statistics.mean(values)


def _bests(values: Values, k: int, highest: bool) -> Values:
    """The best of each choice of k seeds; of very many choices, the first so many."""
    if not 0 < k <= len(values):
        raise BadInput(f"over asks for {k} of {len(values)} seeds.")
    pick: Any = max if highest else min
    return np.array([pick(choice) for choice, _ in zip(combinations(values.tolist(), k), range(MOST_CHOICES), strict=False)])


def _share(values: Values) -> Estimate:
    """The share of seeds for which the measure is true."""
    true, n = int((values > 0).sum()), len(values)
    low, high = clopper_pearson(np.array(true), n)
    return Estimate(centre=true / n, low=float(low), high=float(high), n=n, method="exact")


def _range(centre: float, values: Values) -> Estimate:
    return Estimate(centre=centre, low=float(values.min()), high=float(values.max()), n=len(values), method="range")


def _scatter(values: Values) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not len(known):
        return np.nan, np.nan
    levels = SCATTER if len(known) >= FEW else (0.0, 1.0)
    low, high = np.quantile(known, levels, method="inverted_cdf")  # no mean of two infinities
    return float(low), float(high)


def _judged_curve(claim: Claim, published: Curve, records: Records) -> Judgement:
    """The share of the published points that lie in the band of the seeds, between recorded steps along straight lines."""
    (score,) = claim.measured.scores
    runs = selected(records.runs, score.of)
    rows = [
        np.interp(published.x, records.curves.steps(run), curve(score, run, records.curves), left=np.nan, right=np.nan)
        for run in runs[tables.RUN]
    ]
    values = np.array(rows)
    measured = ~np.isnan(values).all(axis=0)
    low, high = np.full((2, len(published.x)), np.nan)  # a point beyond all records lies in no band
    low[measured], high[measured] = np.nanquantile(values[:, measured], SCATTER if len(rows) >= FEW else (0.0, 1.0), axis=0)
    share = float(((published.y >= low) & (published.y <= high)).mean())
    estimate = Estimate(centre=share, low=share, high=share, n=len(rows), method="none")
    return Judgement(
        claim=claim, estimate=estimate, scatter=(share, share), verdict="holds" if share >= claim.tolerance else "differs"
    )
