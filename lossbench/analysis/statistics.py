"""How sure we are: estimates with 95 % intervals over seeds, and paired comparisons."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[np.float64]
Method = Literal["none", "range", "equal", "order statistics", "bootstrap", "student"]
CONFIDENCE = 0.95
RESAMPLES = 9999
FEWEST = 6  # with fewer values the widest interval there is, smallest to largest, covers the median less than 95 % of the time
FEWEST_FOR_BCA_MEAN = 20  # with fewer normal values BCa covers the mean 87 to 90 % of the time, Student's t 95 %
EXACT_WITH_TIES = 10  # scipy's exact signed-rank test with ties takes 0.1 s for 10 pairs, and twice that for each pair more


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number from n values, and how far it can be trusted.

    `method` says what low and high are. bootstrap: BCa. student: Student's t, for the mean of few. order statistics: exact
    for a median. equal: every value is the same. range: the smallest and the largest of fewer than 6 values, of which no
    interval covers the median in 95 %. none: one value, or no number.
    """

    centre: float
    low: float
    high: float
    n: int
    method: Method


def median(values: Sequence[float] | Values) -> Estimate:
    """The median and its interval. Infinite values are allowed: they say "worse than all", or "never"."""
    x = _known(values)
    if len(x) < FEWEST or (x == x[0]).all():
        return _few(x, _middle(x))
    if np.isfinite(x).all():
        low, high = _bootstrap(x, np.median)
        return Estimate(centre=_middle(x), low=low, high=high, n=len(x), method="bootstrap")
    test: Any = stats.quantile_test(x, q=0, p=0.5)
    low, high = test.confidence_interval(CONFIDENCE)
    return Estimate(centre=_middle(x), low=float(low), high=float(high), n=len(x), method="order statistics")


def mean(values: Sequence[float] | Values) -> Estimate:
    """The mean and its interval; NaN of values of which one is infinite."""
    x = _known(values)
    if not np.isfinite(x).all():
        return Estimate(centre=np.nan, low=np.nan, high=np.nan, n=len(x), method="none")
    centre = float(x.mean()) if len(x) else np.nan
    if len(x) < 2 or (x == x[0]).all():
        return _few(x, centre)
    if len(x) < FEWEST_FOR_BCA_MEAN:
        low, high = stats.ttest_1samp(x, 0.0).confidence_interval(CONFIDENCE)
        return Estimate(centre=centre, low=float(low), high=float(high), n=len(x), method="student")
    low, high = _bootstrap(x, np.mean)
    return Estimate(centre=centre, low=low, high=high, n=len(x), method="bootstrap")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Paired differences a − b over the seeds that both have; p is Wilcoxon's signed-rank test, two-sided, NaN without pairs."""

    median: Estimate
    higher: int
    lower: int
    p: float


def paired(a: Sequence[float] | Values, b: Sequence[float] | Values) -> Difference:
    """a − b, pair by pair; where both are the same infinity they are equal, and a pair with a NaN is none.

    Raises ValueError where the lengths differ.
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if x.shape != y.shape:
        raise ValueError(f"pairs need as many values on both sides; got {x.shape} and {y.shape}")
    with np.errstate(invalid="ignore"):
        d = _known(np.where(x == y, 0.0, x - y))
    return Difference(median=median(d), higher=int((d > 0).sum()), lower=int((d < 0).sum()), p=_signed_rank(d))


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down correction, in the order given; a NaN is no test: it stays and does not count.

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979.
    """
    values = np.asarray(p, dtype=float)
    order = [int(i) for i in np.argsort(values, kind="stable") if not np.isnan(values[i])]
    factors = np.arange(len(order), 0, -1)
    corrected = values.copy()
    corrected[order] = np.minimum(1, np.maximum.accumulate(values[order] * factors))
    return [float(value) for value in corrected]


def _known(values: Sequence[float] | Values) -> Values:
    x = np.asarray(values, dtype=np.float64)
    known: Values = x[~np.isnan(x)]
    return known


def _middle(x: Values) -> float:
    """The median where infinities occur: a middle between two opposite ones, or none, is NaN."""
    with np.errstate(invalid="ignore"):
        return float(np.median(x)) if len(x) else np.nan


def _few(x: Values, centre: float) -> Estimate:
    """Values too few, or too much alike, for an interval."""
    method: Method = "none" if len(x) <= 1 else "equal" if (x == x[0]).all() else "range"
    low, high = (float(x.min()), float(x.max())) if len(x) else (np.nan, np.nan)
    return Estimate(centre=centre, low=low, high=high, n=len(x), method=method)


def _bootstrap(x: Values, statistic: Callable[..., Any]) -> tuple[float, float]:
    """The BCa interval, or the percentile interval where BCa is undefined. The generator is fixed: same values, same interval."""
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
            warnings.simplefilter("ignore", stats.DegenerateDataWarning)
            result = stats.bootstrap(
                (x,),
                statistic,
                n_resamples=RESAMPLES,
                confidence_level=CONFIDENCE,
                method=method,
                rng=np.random.default_rng(0),
            )
        interval = result.confidence_interval
        if np.isfinite([interval.low, interval.high]).all():
            break
    return float(interval.low), float(interval.high)


def _signed_rank(d: Values) -> float:
    unequal = d[d != 0]
    if len(unequal) == 0:
        return 1.0 if len(d) else np.nan
    tied = len(np.unique(np.abs(unequal))) < len(unequal)
    method: Literal["auto", "approx"] = "approx" if tied and len(unequal) > EXACT_WITH_TIES else "auto"
    return float(stats.wilcoxon(unequal, method=method).pvalue)
