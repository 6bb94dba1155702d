"""The curves of a study a column at a time: unpacked when somebody looks at them, out of the parts that they are stored in.

A million runs have gigabytes of curves, of which a page looks at some columns, one after another.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lossbench.errors import BadInput
from lossbench.tables.columns import RUN, STEPS
from lossbench.tables.part_listing import part_files
from lossbench.tables.run_slices import Counts, RunSlices

MOST_BYTES = 2**30  # of columns that are kept; the one that was looked at longest ago goes first
Values = np.ndarray[tuple[int], np.dtype[np.float64]]


class CurveColumns(Mapping[str, Values]):
    """The values of a quantity at every recorded step of all runs, one run after another, (records,), by the quantity's name.

    NaN where a run has no such quantity. `rows` says of each part's rows which run of `slices` they are, -1 for one that does not
    count; `stored` is the column of each name in the parts.
    """

    def __init__(
        self, folder: Path, slices: RunSlices, rows: Mapping[Path, Counts], stored: Mapping[str, str], steps: Values
    ) -> None:
        self._folder, self._slices, self._rows, self._stored, self._steps = folder, slices, dict(rows), dict(stored), steps
        self._kept: dict[str, Values] = {}

    def __iter__(self) -> Iterator[str]:
        return iter([STEPS, *self._stored])

    def __len__(self) -> int:
        return 1 + len(self._stored)

    def __contains__(self, name: object) -> bool:
        return name == STEPS or name in self._stored

    def __getitem__(self, name: str) -> Values:
        """Raises BadInput where the parts are gone, or hold other runs by now."""
        if name == STEPS:
            return self._steps
        values = self._kept.pop(name, None)
        if values is None:
            values = self._read(self._stored[name])
            while self._kept and (1 + len(self._kept)) * values.nbytes > MOST_BYTES:
                del self._kept[next(iter(self._kept))]
        self._kept[name] = values
        return values

    def _read(self, column: str) -> Values:
        values = np.full(len(self._steps), np.nan)
        while True:
            try:
                for path, rows in self._rows.items():
                    self._fill(values, path, rows, column)
            except FileNotFoundError:
                self._find_again()
            else:
                return values

    def _fill(self, values: Values, path: Path, rows: Counts, column: str) -> None:
        with pq.ParquetFile(path) as file:
            if column not in file.schema_arrow.names:
                return
            curves = file.read(columns=[column], use_threads=False)[column].combine_chunks().cast(pa.list_(pa.float64()))
        flat, owners = pc.list_flatten(curves).to_numpy(), pc.list_parent_indices(curves).to_numpy()
        lengths = pc.fill_null(pc.list_value_length(curves), 0).to_numpy()
        inside = np.arange(len(flat)) - (np.cumsum(lengths) - lengths)[owners]
        runs = rows[owners]
        values[(self._slices.starts[runs] + inside)[runs >= 0]] = flat[runs >= 0]

    def _find_again(self) -> None:
        """Parts were merged meanwhile: look up which of them hold the runs now."""
        paths = part_files(self._folder)
        try:
            self._rows = {path: self._rows[path] if path in self._rows else self._rows_in(path) for path in paths}
        except FileNotFoundError:
            return self._find_again()
        still_stored = np.zeros(len(self._slices), bool)
        for path in reversed(paths):  # of a run that is there twice, the last one counts
            rows = self._rows[path]
            self._rows[path] = np.where((rows >= 0) & ~still_stored[rows], rows, -1)
            still_stored[rows[rows >= 0]] = True
        if not still_stored.all():
            raise BadInput(f"{self._folder} was changed while it was read: runs are gone, or were trained anew. Ask again.")
        return None

    def _rows_in(self, path: Path) -> Counts:
        with pq.ParquetFile(path) as file:
            part = file.read(columns=[RUN, STEPS], use_threads=False)
        rows: Counts = self._slices.runs.get_indexer(part[RUN].to_pandas())
        recorded = pc.list_value_length(part[STEPS].combine_chunks()).to_numpy()
        return np.where((rows >= 0) & (recorded == self._slices.lengths[rows]), rows, -1)
