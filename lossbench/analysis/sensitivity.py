"""How a loss's final result depends on its learning rate."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lossbench.analysis.comparison import Comparison, Contender, Sample, Setting
from lossbench.analysis.curves import Curves, band_ends
from lossbench.analysis.selection import Measure, choosers, finals
from lossbench.analysis.statistics import Values


@dataclass(frozen=True, kw_only=True)
class Sensitivity:
    """A loss over its K rates: median and band of the runs that finished, NaN where none did.

    `diverged` and `runs` count, at each rate; `chosen` is the rate that stands for the loss, and `seeds` are those that chose it,
    () where all did.
    """

    setting: Setting
    contender: Contender
    measure: Measure
    rates: Values
    middle: Values
    low: Values
    high: Values
    diverged: Values
    runs: Values
    chosen: float
    seeds: tuple[int, ...]


def sensitivities(
    everything: Comparison, chosen: Comparison, curves: Curves, measures: Mapping[Setting, Measure | None]
) -> list[Sensitivity]:
    """One for each loss and setting in which some loss was trained with several rates and a measure was recorded."""
    rate = {(sample.setting, sample.contender): sample.rate for sample in chosen.samples}
    by_loss = []
    for setting in everything.settings:
        measure, samples = measures[setting], everything.within(setting)
        rivals = [contender for contender in everything.contenders if any(s.contender == contender for s in samples)]
        if measure is None or len(samples) == len(rivals):
            continue
        for rival in rivals:
            own = [sample for sample in samples if sample.contender == rival]
            by_loss.append(_sensitivity(own, curves, measure, rate[setting, rival], choosers(samples)))
    return by_loss


def _sensitivity(samples: list[Sample], curves: Curves, measure: Measure, chosen: float, seeds: tuple[int, ...]) -> Sensitivity:
    ends = [finals(sample, curves, measure) for sample in samples]
    lasted = [end[np.isfinite(end)] for end in ends]
    levels = [*band_ends(max(len(end) for end in ends)), 0.5]
    low, high, middle = np.array([np.quantile(end, levels) if len(end) else [np.nan] * 3 for end in lasted]).T
    return Sensitivity(
        setting=samples[0].setting,
        contender=samples[0].contender,
        measure=measure,
        rates=np.array([sample.rate for sample in samples]),
        middle=middle,
        low=low,
        high=high,
        diverged=np.array([float(sum(sample.diverged)) for sample in samples]),
        runs=np.array([float(len(sample.runs)) for sample in samples]),
        chosen=chosen,
        seeds=seeds,
    )
