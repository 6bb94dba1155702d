"""What chooses never judges: each loss's rate, seed by seed, by validation data, and what test data then say of it.

A seed's validation rows are of its own training part, so nothing of its test rows has chosen anything, in any seed.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
from lossbench.tables.quantity import Better


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A loss's choice in one seed: the run, its rate and step, and its values on validation and on test data.

    `last` is the test value at the last step, which is `test` itself unless the step was chosen, too. `edge` says at which end of
    the grid validation data like it best, None where some other rate does as well.
    """

    seed: int
    run: str
    rate: float
    step: float
    validation: float
    test: float
    last: float
    diverged: bool
    edge: Side | None = None


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A loss with its choices, by seed."""

    label: str
    chosen: tuple[Chosen, ...]
    rates: tuple[float, ...]

    @cached_property
    def tests(self) -> dict[int, float]:
        """What judges, by seed."""
        return {one.seed: one.test for one in self.chosen}

    @property
    def usual_rate(self) -> float:
        """The learning rate that most seeds chose; of those that are chosen as often the smallest."""
        counts = Counter(choice.rate for choice in self.chosen)
        return min((rate for rate in counts if counts[rate] == max(counts.values())), default=math.nan)

    @property
    def at_edge(self) -> tuple[int, int]:
        """In how many seeds the smallest rate was better than every other, and in how many the largest."""
        edges = [one.edge for one in self.chosen]
        return edges.count("smallest"), edges.count("largest")


def contestants(
    runs_of: Mapping[str, pd.DataFrame], curves: Curves, metric: str, better: Better, *, early: bool
) -> tuple[Contestant, ...]:
    """The choices of every loss. `runs_of` has the runs of each by its label, with columns run, seed, optimizer.lr and outcome.

    A run is worth its validation value at the last step or, with `early`, the best at any recorded step; a run that diverged is
    worth less than any other. Of rates that tie the smaller is taken, and of steps the earlier.
    """
    return tuple(
        Contestant(
            label=label,
            chosen=tuple(
                _best([_candidate(row, curves, metric, better, early=early) for row in part.to_dict("records")], better)
                for _, part in runs.sort_values([SEED, RATE]).groupby(SEED)
            ),
            rates=tuple(sorted(float(rate) for rate in runs[RATE].unique())),
        )
        for label, runs in runs_of.items()
    )


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
        run=run,
        rate=float(str(row[RATE])),
        step=float(steps[index]) if known else math.nan,
        validation=_or(validation, index, lost) if known else lost,
        test=_or(test, index, lost) if known else lost,
        last=lost if diverged else _or(test, len(steps) - 1, lost),
        diverged=diverged,
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
    return replace(candidates[costs.index(min(costs))], edge=edge_of([one.rate for one in candidates], costs))
