"""Whether a loss's best learning rate lies at the edge of the rates that were tried, and which rates lie beyond."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lossbench.analysis.comparison import Comparison, Contender, Sample, Setting
from lossbench.analysis.curves import Curves
from lossbench.analysis.selection import Measure, choosers, finals
from lossbench.analysis.statistics import Values

BEYOND = 2  # rates past the edge that are proposed
SERIES = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0))  # leading digits that grids of rates are made of
Side = Literal["smallest", "largest"]


@dataclass(frozen=True, kw_only=True)
class GridEdge:
    """A loss that did best at the edge of the `rates` tried in a setting, ascending, and better there than within.

    `seeds` are those that chose the rate; () where all did.
    """

    setting: Setting
    contender: Contender
    rates: tuple[float, ...]
    side: Side
    seeds: tuple[int, ...] = ()

    @property
    def rate(self) -> float:
        """The rate at the edge."""
        return self.rates[0] if self.side == "smallest" else self.rates[-1]


def grid_edges(everything: Comparison, curves: Curves, measures: Mapping[Setting, Measure | None]) -> tuple[GridEdge, ...]:
    """The losses whose best rate, by the median that chooses it, lies at the edge; none where a rate within does as well."""
    edges = []
    for setting in everything.settings:
        measure, samples = measures[setting], everything.within(setting)
        tuning = choosers(samples)
        for contender in everything.contenders if measure else ():
            own = [sample for sample in samples if sample.contender == contender and not math.isnan(sample.rate)]
            if measure and (side := edge_of([sample.rate for sample in own], _costs(own, curves, measure, tuning))):
                rates = tuple(sorted(sample.rate for sample in own))
                edges.append(GridEdge(setting=setting, contender=contender, rates=rates, side=side, seeds=tuning))
    return tuple(edges)


def edge_of(rates: Sequence[float], costs: Sequence[float] | Values) -> Side | None:
    """At which edge of the rates (K,) the smallest of their costs (K,) lies; None where it lies within, too, or at both edges.

    With one rate there is no edge, and where no cost is finite no best.
    """
    best = [rate for rate, cost in zip(rates, costs, strict=True) if cost == min(costs)]
    if len(rates) < 2 or len(best) != 1 or not math.isfinite(min(costs)):
        return None
    return "smallest" if best[0] == min(rates) else "largest" if best[0] == max(rates) else None


def rates_beyond(rates: Sequence[float], side: Side) -> tuple[float, ...]:
    """Two rates past the edge that go on as the rates do: 0.1, 0.3 and 1 by 3 and 10, 0.1 and 0.4 by 1.6 and 6.4."""
    ordered = sorted(set(rates), reverse=side == "smallest")
    edge, within = ordered[-1], ordered[-2]
    series = next((known for known in SERIES if all(_leading(rate) in known for rate in ordered)), None)
    if series is None:
        return tuple(float(f"{edge * (edge / within) ** n:.2g}") for n in range(1, BEYOND + 1))
    powers = range(math.floor(math.log10(edge)) - BEYOND, math.floor(math.log10(edge)) + BEYOND + 1)
    known = sorted((float(f"{digit:g}e{power}") for power in powers for digit in series), reverse=side == "smallest")
    return tuple(rate for rate in known if (rate > edge) == (side == "largest") and rate != edge)[:BEYOND]


def _leading(rate: float) -> float:
    return float(f"{rate:.12e}".partition("e")[0])


def _costs(samples: Sequence[Sample], curves: Curves, measure: Measure, seeds: Sequence[int]) -> Values:
    """Each sample's median final value on the seeds that choose, on all if there are none, (K,); less is better."""
    sign = -1.0 if measure.better == "higher" else 1.0
    return np.array([sign * np.median(finals(s.only(seeds) if seeds else s, curves, measure)) for s in samples])
