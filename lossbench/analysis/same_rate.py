"""Losses at one and the same learning rate: where a loss that stalls is seen, before tuning has made up for it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lossbench.analysis.comparison import Comparison, Contender, Setting
from lossbench.analysis.curves import Curves
from lossbench.analysis.selection import Measure, finals


@dataclass(frozen=True, kw_only=True)
class SameRate:
    """All runs at one rate that every loss of the settings was given, with the median final result of each loss by setting."""

    rate: float
    comparison: Comparison
    measures: Mapping[Setting, Measure]
    finals: Mapping[Setting, Mapping[Contender, float]]


def same_rate(everything: Comparison, curves: Curves, measures: Mapping[Setting, Measure | None]) -> SameRate | None:
    """The common rate at which, in some setting, median final results lie furthest apart; of equal gaps the smallest rate.

    A rate at which a loss diverges in half of its runs shows no stall, and counts for nothing. None where no rate was swept, no
    neutral measure recorded, or no two losses share a rate.
    """
    neutral = {s: m for s, m in measures.items() if m is not None and m.neutral}
    ends = {(setting, rate): each for setting in neutral for rate, each in _finals(setting, everything, curves, neutral).items()}
    gaps = {
        rate: max(_gap(each, neutral[s]) for (s, r), each in ends.items() if r == rate) for _, rate in sorted(ends, key=_rate)
    }
    if not everything.swept or max(gaps.values(), default=0.0) <= 0:
        return None
    rate = max(gaps, key=gaps.__getitem__)
    shown = [setting for setting in everything.settings if (setting, rate) in ends]
    samples = tuple(sample for sample in everything.samples if sample.rate == rate and sample.setting in shown)
    return SameRate(
        rate=rate,
        comparison=replace(everything, samples=samples, settings=tuple(shown)),
        measures={setting: neutral[setting] for setting in shown},
        finals={setting: ends[setting, rate] for setting in shown},
    )


def _rate(key: tuple[Setting, float]) -> float:
    return key[1]


def _finals(
    setting: Setting, everything: Comparison, curves: Curves, measures: Mapping[Setting, Measure]
) -> dict[float, dict[Contender, float]]:
    """Rate → median final result of each loss, for the rates that all losses of the setting, at least two, were given."""
    samples = everything.within(setting)
    losses = {sample.contender for sample in samples}
    by_rate: dict[float, dict[Contender, float]] = {}
    for sample in samples:
        by_rate.setdefault(sample.rate, {})[sample.contender] = float(np.median(finals(sample, curves, measures[setting])))
    return {rate: ends for rate, ends in by_rate.items() if len(ends) == len(losses) > 1 and np.isfinite(rate)}


def _gap(ends: Mapping[Contender, float], measure: Measure) -> float:
    """How far apart the results are: shares as they are, others against the larger; 0 where one diverged."""
    low, high = min(ends.values()), max(ends.values())
    if not (np.isfinite(low) and np.isfinite(high)):
        return 0.0
    return high - low if measure.quantity.share else (high - low) / max(abs(high), abs(low), np.finfo(float).tiny)
