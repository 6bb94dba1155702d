"""What came of a comparison: standings, verdicts on every pair, and what to use."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from lossbench.analysis import formatting
from lossbench.analysis.equivalence import PairedVerdict, judge_differences, smallest_gap
from lossbench.analysis.grid_edge import Side, rates_beyond
from lossbench.analysis.labels import title
from lossbench.analysis.statistics import Estimate, mean
from lossbench.comparison.choice import Contestant, number_of
from lossbench.errors import counted, unknown
from lossbench.tables import Quantity

EDGE_SHARE = 0.5  # of the seeds, from which on a rate at the grid's edge is warned of
FEWEST_WITH_EDGES = 3  # values of an option: of two, each is at an edge


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two losses, and the verdict on the first by the second."""

    first: str
    second: str
    verdict: PairedVerdict


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Contestants by what test data say, best first; `margin` is the largest difference that does not matter."""

    contestants: tuple[Contestant, ...]
    metric: str
    quantity: Quantity
    margin: float
    early: bool
    threshold: str = ""  # above what the best loss decides for class 1, in words
    stopped: str = ""  # why not every seed is there, in words
    rates: tuple[float, ...] = ()  # that were given; a loss may have tried more between them

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """The mean over the seeds on test data, by label; of runs that all were lost, NaN."""
        return {one.label: mean([v for v in one.tests.values() if math.isfinite(v)]) for one in self.contestants}

    @cached_property
    def _centres(self) -> dict[str, float]:
        """The means alone, without what their intervals take to work out."""
        finite = {one.label: [v for v in one.tests.values() if math.isfinite(v)] for one in self.contestants}
        return {label: float(np.mean(values)) if values else math.nan for label, values in finite.items()}

    @cached_property
    def _step(self) -> float:
        """The smallest gap between two scores of the comparison: of an accuracy on R test rows 1/R, or a few times that."""
        return smallest_gap(np.array([value for one in self.contestants for value in one.tests.values()]))

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Every two losses, the better placed one first, with a verdict that holds together with all others in 95 %."""
        ranked = sorted(self.contestants, key=lambda one: self._placed(one.label))
        two = list(combinations(ranked, 2))
        return tuple(self._pair(a, b, len(two)) for a, b in two)

    @property
    def decided(self) -> bool:
        """Whether every pair has a verdict."""
        return all(pair.verdict.decided for pair in self.pairs)

    @property
    def best(self) -> Contestant:
        """The loss that is placed first."""
        return min(self.contestants, key=lambda one: self._placed(one.label))

    def against(self, label: str) -> list[Pair]:
        """The verdicts on every other loss by this one: "better" means better than it."""
        return [pair if pair.second == label else _turned(pair) for pair in self.pairs if label in (pair.first, pair.second)]

    def sentences(self) -> list[str]:
        """The verdict in a few sentences, the most important one first."""
        reference = next((one.label for one in self.contestants if one.label.startswith("cross_entropy")), None)
        spoken = [self._of_reference(reference)] if reference else []
        spoken += [self._spoken(pair) for pair in self.pairs if reference not in (pair.first, pair.second)]
        return spoken + self.warnings()

    def warnings(self) -> list[str]:
        """What makes the verdict less than it seems: rates at the edge of the grid, runs that were lost."""
        warnings = [self.stopped] if self.stopped else []
        for one in self.contestants:
            low, high = one.at_edge
            if max(low, high) >= EDGE_SHARE * len(one.chosen):
                side: Side = "largest" if high >= low else "smallest"
                rate = max(one.rates) if side == "largest" else min(one.rates)
                given = self.rates or one.rates
                wider = ",".join(f"{rate:g}" for rate in sorted({*given, *rates_beyond(given, side)}))
                warnings.append(
                    f"{one.label} does best at {rate:g}, the {side} of the {len(one.rates)} learning rates tried, in "
                    f"{max(low, high)} of {one.splits}: its best may lie beyond. --rates {wider} tells."
                )
            warnings += _edges(one)
            lost = sum(choice.diverged for choice in one.chosen)
            if lost:
                warnings.append(f"{one.label} diverged at every rate in {lost} of {one.splits}, which count as lost.")
        return warnings

    def recommendation(self) -> str:
        """What to use."""
        usual = self.best.usual
        tuned = "".join(f", {title(name)} {value}" for name, value in usual.setting)
        level = [p.second for p in self.pairs if p.first == self.best.label and p.verdict.outcome == "practically the same"]
        rest = f"; {formatting.listed(level)} would do as well" if level else ""
        return f"Use {self.best.label} at a learning rate of {usual.rate:g}{tuned}{self.threshold}{rest}."

    def scoreboard(self) -> pd.DataFrame:
        """A row a loss, best first: mean and interval on test data, rates, and how many seeds chose at the edge of the grid.

        The rate is the one that is recommended, and so is what is tuned beside it, in a column each, "" for a loss without it.
        """
        tuned = list(dict.fromkeys(name for one in self.contestants for name, _ in one.usual.setting))
        rows = []
        for one in sorted(self.contestants, key=lambda one: self._placed(one.label)):
            estimate, rates = self.estimates[one.label], [choice.rate for choice in one.chosen]
            rows.append(
                {
                    "loss": one.label, self.metric: estimate.centre, "low": estimate.low, "high": estimate.high,
                    "seeds": len(one.tests), "rate": one.usual.rate, "lowest rate": min(rates),
                    "highest rate": max(rates), "at an edge": max(one.at_edge),
                    "final": mean([value for value in one.lasts.values() if math.isfinite(value)]).centre,
                    **{name: dict(one.usual.setting).get(name, "") for name in tuned},
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    def differences(self) -> pd.DataFrame:
        """A row a pair: by how much the first is better, the interval, the verdict, and about how many more seeds would tell."""
        return pd.DataFrame(
            {
                "first": pair.first, "second": pair.second, "difference": pair.verdict.mean, "low": pair.verdict.low,
                "high": pair.verdict.high, "verdict": pair.verdict.outcome, "more seeds": pair.verdict.more,
            }
            for pair in self.pairs
        )  # fmt: skip

    def renamed(self, names: Mapping[str, str]) -> "Outcome":
        """The same with losses called by other names. Raises BadInput for the name of none."""
        labels = [one.label for one in self.contestants]
        for label in names:
            if label not in labels:
                raise unknown("loss of the comparison", label, labels)
        made = tuple(replace(one, label=names.get(one.label, one.label)) for one in self.contestants)
        return replace(self, contestants=made)

    def value(self, number: float) -> str:
        """A value of the metric as it is read."""
        return formatting.measured(number, self.quantity)

    def _placed(self, label: str) -> tuple[bool, float, str]:
        centre = self._centres[label]
        return math.isnan(centre), -centre if self.quantity.better == "higher" else centre, label

    def _pair(self, a: Contestant, b: Contestant, count: int) -> Pair:
        seeds = sorted(a.tests.keys() & b.tests.keys())
        sign = 1.0 if self.quantity.better == "higher" else -1.0
        first, second = (np.array([one.tests[seed] for seed in seeds]) for one in (a, b))
        with np.errstate(invalid="ignore"):
            gaps = np.where(first == second, 0.0, sign * (first - second))
        return Pair(first=a.label, second=b.label, verdict=judge_differences(gaps, self.margin, count, self._step))

    def _of_reference(self, reference: str) -> str:
        """Whether anything is better than cross entropy."""
        pairs = self.against(reference)
        named = {kind: [p.first for p in pairs if p.verdict.outcome == kind] for kind in ("better", "worse")}
        if named["better"]:
            return f"{_first(formatting.listed(named['better']))}: better than {reference}."
        open_ones = [pair for pair in pairs if not pair.verdict.decided]
        if open_ones:
            return f"Not enough data to say whether {_names(open_ones)} is better than {reference}: {_more(open_ones)}."
        return f"Nothing here is better than {reference}."

    def _spoken(self, pair: Pair) -> str:
        verdict = pair.verdict
        if verdict.decided:
            joined = "as" if verdict.outcome == "practically the same" else "than"
            return f"{_first(pair.first)} is {verdict.outcome} {joined} {pair.second}."
        return f"Not enough data on {pair.first} and {pair.second}: {_more([pair])}."


def _edges(one: Contestant) -> Iterator[str]:
    """Where what is tuned beside the rate, and has three values or more, did best at an end of them, in sentences."""
    for name, _ in one.usual.setting:
        values, sides = one.tried[name], [dict(choice.edges).get(name) for choice in one.chosen]
        if len(values) < FEWEST_WITH_EDGES:
            continue
        for side, edge in (("smallest", min(values, key=number_of)), ("largest", max(values, key=number_of))):
            count = sides.count(side)
            if count >= EDGE_SHARE * len(one.chosen) and number_of(edge) != 0:
                yield (
                    f"{one.label} does best at {title(name)} {edge}, the {side} of the {len(values)} values tried, in {count} of "
                    f"{one.splits}: its best may lie beyond."
                )


def _turned(pair: Pair) -> Pair:
    """The same pair, seen from the other side."""
    names = {"better": "worse", "worse": "better"}
    v = pair.verdict
    outcome = names.get(v.outcome, v.outcome)
    turned = PairedVerdict(outcome=outcome, mean=-v.mean, low=-v.high, high=-v.low, n=v.n, more=v.more)  # type: ignore[arg-type]
    return Pair(first=pair.second, second=pair.first, verdict=turned)


def _first(text: str) -> str:
    """A loss's name at the beginning of a sentence; somebody's path is left as it is."""
    return text if ":" in text.partition(" ")[0] else formatting.capitalised(text)


def _names(pairs: Sequence[Pair]) -> str:
    return formatting.listed([pair.first for pair in pairs], "or")


def _more(pairs: Sequence[Pair]) -> str:
    most = max(pair.verdict.more or 0.0 for pair in pairs)
    return "no number of seeds would tell" if math.isinf(most) else f"about {counted(int(most), 'more seed')} would tell"
