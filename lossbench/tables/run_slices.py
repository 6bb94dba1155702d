"""Where each run's records lie among those of all runs."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd

Counts = np.ndarray[tuple[int], np.dtype[np.int64]]


class RunSlices(Mapping[str, slice]):
    """The slice of each run's records, by its id: run n has `lengths[n]` of them, (runs,), and they lie one run after another."""

    def __init__(self, runs: "pd.Index[str]", lengths: Counts) -> None:
        self.runs, self.lengths = runs, lengths.astype(np.int64)
        self.starts: Counts = np.cumsum(self.lengths) - self.lengths

    def __getitem__(self, run: str) -> slice:
        row = self._row_of[run]
        return slice(int(self.starts[row]), int(self.starts[row] + self.lengths[row]))

    @cached_property
    def _row_of(self) -> dict[str, int]:
        """Made where runs are looked up one by one, which an index of pandas takes a hundred times as long for."""
        return dict(zip(self.runs, range(len(self.runs)), strict=True))

    def __iter__(self) -> Iterator[str]:
        return iter(self.runs)

    def __len__(self) -> int:
        return len(self.runs)


def bounds(slices: Mapping[str, slice], runs: Sequence[str]) -> tuple[Counts, Counts]:
    """Where the records of each of the runs begin, and how many there are, (runs,) each; 0 of a run that has none."""
    if isinstance(slices, RunSlices):
        rows = slices.runs.get_indexer(pd.Index(list(runs)))
        return np.where(rows < 0, 0, slices.starts[rows]), np.where(rows < 0, 0, slices.lengths[rows])
    known = [slices.get(run, slice(0, 0)) for run in runs]
    return np.array([one.start for one in known], np.int64), np.array([one.stop - one.start for one in known], np.int64)
