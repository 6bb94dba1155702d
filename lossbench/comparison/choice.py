"""What chooses never judges: each loss's rate and setting, split by split, by validation data, and what test data then say of it.

A split's validation rows are of its own training part, so nothing of its test rows has chosen anything, on any split.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from lossbench import tables
from lossbench.analysis.curves import Curves
from lossbench.analysis.grid_edge import Side, edge_of
from lossbench.analysis.labels import RATE, SEED
from lossbench.analysis.scores import worst
from lossbench.analysis.statistics import Values
from lossbench.comparison.tuning import Setting
from lossbench.tables.quantity import Better

FOLDS = "dataset.fold"
SETTING = "setting"  # the column of what is tuned beside the rate


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A loss's choice on one split: the run, its rate, setting and step, and its values on validation and on test data.

    A seed has one split, or one for each `fold`. `setting` has what is tuned beside the rate. `last` is the test value at the
    last step, which is `test` itself unless the step was chosen, too. `edge` says at which end of the grid of rates validation
    data like it best, None where some other rate does as well, and `edges` the same of what else is tuned and is a number.
    """

    seed: int
    fold: int = 0
    run: str
    rate: float
    step: float
    validation: float
    test: float
    last: float
    diverged: bool
    setting: Setting = ()
    edge: Side | None = None
    edges: Setting = ()


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A loss with its choices, by seed and fold. `tried` has the values of what is tuned beside the rates, by option."""

    label: str
    chosen: tuple[Chosen, ...]
    rates: tuple[float, ...]
    tried: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def tests(self) -> dict[int, float]:
        """What judges, by seed: the value on test data, of several folds their mean."""
        return self._by_seed([one.test for one in self.chosen])

    @cached_property
    def lasts(self) -> dict[int, float]:
        """The value on test data at the last step, by seed."""
        return self._by_seed([one.last for one in self.chosen])

    def _by_seed(self, values: Sequence[float]) -> dict[int, float]:
        seeds: dict[int, list[float]] = {}
        for one, value in zip(self.chosen, values, strict=True):
            seeds.setdefault(one.seed, []).append(value)
        return {seed: sum(own) / len(own) for seed, own in seeds.items()}

    @property
    def splits(self) -> str:
        """How many splits there are, in words: seeds, or folds of them."""
        count = len(self.chosen)
        return f"{count} seeds" if count == len(self.tests) else f"{count} folds"

    @property
    def usual(self) -> Chosen:
        """The first choice of the rate and setting that are chosen most often; of those as often that with the smallest rate."""
        counts = Counter((one.rate, one.setting) for one in self.chosen)
        return min(self.chosen, key=lambda one: (-counts[one.rate, one.setting], one.rate))

    def usually(self, choice: Chosen) -> bool:
        """Whether a choice is of the usual rate and setting."""
        return (choice.rate, choice.setting) == (self.usual.rate, self.usual.setting)

    @property
    def at_edge(self) -> tuple[int, int]:
        """In how many seeds the smallest rate was better than every other, and in how many the largest."""
        edges = [one.edge for one in self.chosen]
        return edges.count("smallest"), edges.count("largest")


def contestants(
    runs_of: Mapping[str, pd.DataFrame], curves: Curves, metric: str, better: Better, *, early: bool
) -> tuple[Contestant, ...]:
    """The choices of every loss. `runs_of` has the runs of each by its label, with columns run, seed, optimizer.lr and outcome.

    There may be dataset.fold as well, and `setting`: what is tuned beside the rate. A run is worth its validation value at the
    last step or, with `early`, the best at any recorded step; a run that diverged is worth less than any other. Of rates that tie
    the smaller is taken, of settings the first that was given, and of steps the earlier.
    """
    return tuple(
        Contestant(
            label=label,
            chosen=tuple(
                _best([_candidate(row, curves, metric, better, early=early) for row in part.to_dict("records")], better)
                for _, part in _by_split(runs)
            ),
            rates=tuple(sorted(float(rate) for rate in runs[RATE].unique())),
            tried=_tried(runs),
        )
        for label, runs in runs_of.items()
    )


def _tried(runs: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """The values of each option that is tuned beside the rate."""
    pairs = dict.fromkeys(pair for setting in runs.get(SETTING, ()) for pair in setting)
    return {name: tuple(value for other, value in pairs if other == name) for name, _ in pairs}


def _by_split(runs: pd.DataFrame) -> Iterable[tuple[Any, pd.DataFrame]]:
    """The runs of each split, by ascending rate; of one rate in their own order, which is that of the settings given."""
    folds = runs[FOLDS].fillna(0).astype(int) if FOLDS in runs else 0
    numbered = runs.assign(**{FOLDS: folds}).sort_values([SEED, FOLDS, RATE], kind="stable")
    return numbered.groupby([SEED, FOLDS])


def complete_seeds(runs_of: Mapping[str, pd.DataFrame], each: Mapping[str, int]) -> list[int]:
    """The seeds of which every loss has as many runs as were planned for each; all of them, unless training was interrupted."""
    counts = {label: runs[SEED].astype(int).value_counts() for label, runs in runs_of.items()}
    complete = [set(count.index[count == each[label]].tolist()) for label, count in counts.items()]
    return sorted(set.intersection(*complete)) if complete else []


def _candidate(row: Mapping[Any, Any], curves: Curves, metric: str, better: Better, *, early: bool) -> Chosen:
    run, diverged = str(row[tables.RUN]), row[tables.OUTCOME] == "diverged"
    steps = curves.steps(run)
    validation, test = (curves.values(run, side + metric) for side in (tables.VALIDATION, tables.TEST))
    lost = worst(better)
    index = _best_index(validation, better) if early else len(steps) - 1
    known = len(steps) > 0 and index is not None and not (diverged and not early)
    return Chosen(
        seed=int(str(row[SEED])),
        fold=int(str(row[FOLDS])),
        run=run,
        rate=float(str(row[RATE])),
        step=float(steps[index]) if known else math.nan,
        validation=_or(validation, index, lost) if known else lost,
        test=_or(test, index, lost) if known else lost,
        last=lost if diverged else _or(test, len(steps) - 1, lost),
        diverged=diverged,
        setting=row.get(SETTING, ()),
    )


def _best_index(values: Values, better: Better) -> int | None:
    """Where the best of values (T,) stands first; None where there is none."""
    if not len(values) or np.isnan(values).all():
        return None
    return int(np.nanargmax(values) if better == "higher" else np.nanargmin(values))


def _or(values: Values, index: int | None, lost: float) -> float:
    value = float(values[index]) if index is not None and len(values) else math.nan
    return lost if math.isnan(value) else value


def _best(candidates: Sequence[Chosen], better: Better) -> Chosen:
    """The candidate with the best validation value; the first of those that tie, and they come by ascending rate."""
    sign = -1.0 if better == "higher" else 1.0
    costs = [sign * one.validation for one in candidates]
    best = candidates[costs.index(min(costs))]
    edges = [(name, _edge([number_of(dict(one.setting)[name]) for one in candidates], costs)) for name, _ in best.setting]
    return replace(
        best,
        edge=_edge([one.rate for one in candidates], costs),
        edges=tuple((name, side) for name, side in edges if side is not None),
    )


def _edge(values: Sequence[float], costs: Sequence[float]) -> Side | None:
    """At which end of the numbers (K,) the smallest cost (K,) lies, each number being as good as its best candidate."""
    least: dict[float, float] = {}
    for value, cost in zip(values, costs, strict=True):
        least[value] = min(cost, least.get(value, math.inf))
    return None if any(map(math.isnan, values)) else edge_of(list(least), list(least.values()))


def number_of(text: str) -> float:
    """The number that a text is; NaN for a word."""
    try:
        return float(text)
    except ValueError:
        return math.nan
