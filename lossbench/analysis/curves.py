"""The records as arrays: a run's curve of a quantity, and what the curves of a sample look like together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lossbench import tables
from lossbench.analysis.labels import natural
from lossbench.analysis.statistics import Values
from lossbench.tables import Quantities, Quantity, builtin, quantity

Positions = NDArray[np.int64]
FEW = 5  # of fewer runs a band spans all


def band_ends(runs: int) -> tuple[float, float]:
    """The quantiles between which a band over so many runs lies: 10th to 90th percentile, of few runs all."""
    return (0.1, 0.9) if runs >= FEW else (0.0, 1.0)


@dataclass(frozen=True)
class Band:
    """Median and band over the seeds at each step; n runs are still there at a step."""

    steps: Values
    middle: Values
    low: Values
    high: Values
    n: Values


@dataclass(frozen=True)
class Curves:
    """All recorded quantities, with the place of each run's records; a run that diverged at once may have none.

    `classes` are the names of the classes that all runs learn, () where they have none, or not the same. `baselines` are, by run
    and column, the accuracies of always answering the most frequent class, where they are known.
    """

    columns: Mapping[str, Values]
    slices: Mapping[str, slice]
    quantities: Quantities = field(default_factory=builtin)
    classes: tuple[str, ...] = ()
    baselines: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def quantity(self, column: str) -> Quantity:
        """What a column holds."""
        return quantity(column, self.quantities, self.classes)

    def baseline(self, runs: Iterable[str], column: str) -> float | None:
        """The median over the runs of what the column is worth without learning; None where that is not known."""
        known = [self.baselines[run][column] for run in runs if column in self.baselines.get(run, {})]
        return float(np.median(known)) if known else None

    def steps(self, run: str) -> Values:
        """A run's recorded steps, (T,)."""
        return self.columns[tables.STEPS][self.slices.get(run, slice(0))]

    def values(self, run: str, column: str) -> Values:
        """A run's curve, (T,); NaN where the quantity was not recorded or is not defined."""
        return self.columns[column][self.slices.get(run, slice(0))]

    def alike(self, runs: Sequence[str], column: str) -> Iterator[tuple[Positions, Values, Values]]:
        """The runs that recorded as many steps, T, at a time: their positions among all (k,), steps (k, T), values (k, T)."""
        starts, lengths = tables.bounds(self.slices, runs)
        for length in np.unique(lengths):
            positions = np.flatnonzero(lengths == length)
            records = starts[positions, None] + np.arange(length)
            yield positions, self.columns[tables.STEPS][records], self.columns[column][records]

    def first_of(self, *columns: str) -> str | None:
        """The first of the columns that was recorded for some run."""
        return next((name for name in columns if name in self.columns and not np.isnan(self.columns[name]).all()), None)

    def layers(self, quantity: str) -> list[str]:
        """The columns of a quantity by layer, from the input on."""
        return sorted((name for name in self.columns if name.startswith(quantity + tables.LAYER)), key=natural)

    def layer_names(self, quantity: str, runs: Iterable[str]) -> dict[str, str]:
        """Column → "layer 1", …; the last is "outputs" where all the runs are equally deep."""
        columns = self.layers(quantity)
        names = {name: tables.layer_name(name) for name in columns}
        if columns and tables.NAME in columns[-1]:  # a torch module's, whose last one is called outputs anyway
            return names
        last = [self.values(run, columns[-1]) for run in runs] if columns else []
        deep = all(len(values) == 0 or not np.isnan(values).all() for values in last)
        return names | {columns[-1]: "outputs"} if columns and deep else names

    def matrix(self, runs: Sequence[str], column: str) -> tuple[Values, Values]:
        """Steps (T,) that some of the runs recorded, and values (runs, T); NaN where a run has none. Infinities are NaN too."""
        groups = list(self.alike(runs, column))
        steps = np.unique(np.concatenate([own.ravel() for _, own, _ in groups])) if groups else np.empty(0)
        values = np.full((len(runs), len(steps)), np.nan)
        for positions, own, group in groups:
            values[positions[:, None], np.searchsorted(steps, own)] = group
        values[np.isinf(values)] = np.nan
        return steps, values

    def band(self, runs: Sequence[str], column: str) -> Band:
        """Median and band over the runs, at the steps that at least half of them have."""
        steps, values = self.matrix(runs, column)
        n = (~np.isnan(values)).sum(axis=0)
        kept = (n > 0) & (2 * n >= len(runs))
        low, high, middle = _quantiles(values[:, kept], [*band_ends(len(runs)), 0.5])
        return Band(steps[kept], middle, low, high, n[kept])


def study_curves(study: tables.Study) -> Curves:
    """The records of a study as arrays, with what its columns mean and what the classes of its data are called."""
    data = study.runs["data"].astype(str)
    known = {
        run: study.baselines[mark] for run, mark in zip(study.runs[tables.RUN], data, strict=True) if mark in study.baselines
    }
    return Curves(study.columns, study.slices, study.quantities, tables.common_names(study.classes, data.unique()), known)


def read_curves(records: pd.DataFrame, quantities: Quantities | None = None) -> Curves:
    """Records as arrays. A run's records lie together and in the order of their steps, as `tables.read_study` gives them.

    `quantities` are the study's declarations; None means the built-in ones.
    """
    codes, runs = pd.factorize(records[tables.RUN])
    parts = np.split(np.arange(len(codes)), np.flatnonzero(np.diff(codes)) + 1)
    slices = {str(runs[codes[part[0]]]): slice(int(part[0]), int(part[-1]) + 1) for part in parts if len(part)}
    names = [name for name in records.columns if name != tables.RUN]
    return Curves(
        {name: records[name].to_numpy(dtype=float) for name in names}, slices, builtin() if quantities is None else quantities
    )


def _quantiles(values: Values, levels: list[float]) -> Values:
    """Quantiles (levels, T) of each column; columns without gaps go together, for NaN-aware quantiles are slow."""
    out = np.empty((len(levels), values.shape[1]))
    whole = ~np.isnan(values).any(axis=0)
    if whole.any():
        out[:, whole] = np.quantile(values[:, whole], levels, axis=0)
    for i in np.flatnonzero(~whole):
        column = values[:, i]
        out[:, i] = np.quantile(column[~np.isnan(column)], levels)
    return out
