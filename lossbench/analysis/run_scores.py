"""The scores of many runs at once, as `scores` has them of a curve: a sample may have a hundred thousand."""

from collections.abc import Callable, Sequence

import numpy as np

from lossbench.analysis import scores
from lossbench.analysis.curves import Curves
from lossbench.analysis.statistics import Values
from lossbench.tables.quantity import Better


def firsts(runs: Sequence[str], curves: Curves, column: str) -> Values:
    """Each run's first recorded value, (runs,); NaN without any."""
    return _of_each(runs, curves, column, lambda _, values: values[:, 0])


def lasts(runs: Sequence[str], curves: Curves, column: str) -> Values:
    """Each run's last recorded value, (runs,); NaN without any."""
    return _of_each(runs, curves, column, lambda _, values: values[:, -1])


def bests(runs: Sequence[str], curves: Curves, column: str, better: Better) -> Values:
    """Each run's best value, as `scores.best` has it, (runs,)."""
    best = np.fmax.reduce if better == "higher" else np.fmin.reduce
    return _of_each(runs, curves, column, lambda _, values: best(values, axis=1))


def steps_to(runs: Sequence[str], curves: Curves, column: str, level: float, better: Better) -> Values:
    """The first step at which each run is at the level or beyond, as `scores.steps_to` has it, (runs,)."""

    def of_some(steps: Values, values: Values) -> Values:
        reached = values >= level if better == "higher" else values <= level
        first = np.take_along_axis(steps, reached.argmax(axis=1)[:, None], axis=1)[:, 0]
        return np.where(reached.any(axis=1), first, scores.NEVER)

    return _of_each(runs, curves, column, of_some, scores.NEVER)


def averages(runs: Sequence[str], curves: Curves, column: str) -> Values:
    """Each run's average over its steps, as `scores.average` has it, (runs,)."""
    return _of_each(runs, curves, column, scores.averages)


def moments(runs: Sequence[str], curves: Curves, column: str) -> Values:
    """At how many steps each run recorded a column, (runs,)."""
    return _of_each(runs, curves, column, lambda _, values: np.full(len(values), float(values.shape[1])), 0.0)


def recorded(runs: Sequence[str], curves: Curves, column: str) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Whether each run has a finite value of a column, (runs,)."""
    return _of_each(runs, curves, column, lambda _, values: np.isfinite(values).any(axis=1).astype(float), 0.0) > 0


def _of_each(
    runs: Sequence[str], curves: Curves, column: str, score: Callable[[Values, Values], Values], without: float = np.nan
) -> Values:
    """A score of each run, from steps (k, T) and values (k, T) of those that recorded as many; `without` any it is that."""
    made = np.full(len(runs), without)
    for positions, steps, values in curves.alike(runs, column):
        if values.shape[1]:
            made[positions] = score(steps, values)
    return made
