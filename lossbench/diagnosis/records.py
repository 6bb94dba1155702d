"""Runs as diagnosis sees them: what decides each, as it is stored, and its curves."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lossbench import tables
from lossbench.analysis.curves import Curves, study_curves
from lossbench.analysis.statistics import Values
from lossbench.files.json import parse_json
from lossbench.tables import Study, part_files, read_part, read_study

Description = Mapping[str, Any]  # a run's spec as plain values: {"loss": {"word": "focal", "gamma": 2.0}, …, "seed": 0, …}
# What a diagnosis looks at; the controls and twins record it whatever the study recorded.
PROBES = (
    *("accuracy", "recall", "loss", "log_loss", "squared_error", "output_slopes"),
    *("gradient_norms", "output_factors", "saturation", "update_ratio"),
)


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A stored run: its description, how it ended, and its curves."""

    run: str
    description: Description
    task: str
    diverged: bool
    curves: Curves

    @property
    def steps(self) -> Values:
        """The recorded steps, (T,)."""
        return self.curves.steps(self.run)

    @property
    def length(self) -> int:
        """How many steps the run was to take."""
        return int(self.description["steps"])

    def curve(self, column: str) -> Values:
        """A recorded quantity, (T,); all NaN where it was not recorded."""
        if column not in self.curves.columns:
            return np.full(len(self.steps), np.nan)
        return self.curves.values(self.run, column)

    def first(self, column: str) -> float:
        """A quantity at the start; NaN where it was not recorded."""
        values = self.curve(column)
        return float(values[0]) if len(values) else math.nan

    def last(self, column: str) -> float:
        """The last known value of a quantity; NaN where there is none."""
        known = self.curve(column)
        known = known[~np.isnan(known)]
        return float(known[-1]) if len(known) else math.nan

    def parts(self, quantity: str) -> list[Values]:
        """The curves (T,) of a quantity that has a column for each layer, class or output, in their order."""
        curves = [self.curve(column) for column in self.curves.layers(quantity)]
        return [values for values in curves if len(values) and not np.isnan(values).all()]


def read_records(folder: Path) -> dict[str, RunRecord]:
    """Every run of a study by its id. Raises BadInput where the folder cannot be read as one."""
    return records_of(read_study(folder))


def records_of(study: Study) -> dict[str, RunRecord]:
    """Every run of a study that was read, by its id, with its description."""
    curves = study_curves(study)
    described: dict[str, Description] = {}
    for path in part_files(study.folder):
        part = read_part(path, [tables.RUN, tables.SPEC])
        for run, text in zip(part[tables.RUN].to_pylist(), part[tables.SPEC].to_pylist(), strict=True):
            described[run] = parse_json(text, f"the spec of run {run}")
    return {
        str(row[tables.RUN]): RunRecord(
            run=str(row[tables.RUN]),
            description=described[str(row[tables.RUN])],
            task=str(row[tables.TASK]),
            diverged=row[tables.OUTCOME] == "diverged",
            curves=curves,
        )
        for row in study.runs.to_dict("records")
    }
