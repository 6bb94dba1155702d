"""Cells of a table: as numbers where they are numbers, and otherwise told by column and row."""

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from lossbench.errors import BadInput
from lossbench.interfaces import Array

HUGE = 1e100  # squares of larger numbers come near the end of float64
Where = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]


def as_numbers(column: pd.Series) -> Array:
    """The column's values (N,), NaN where a cell is no number."""
    if not is_numeric_dtype(column):
        column = pd.to_numeric(column.astype(str), errors="coerce")
    return column.to_numpy(np.float64, na_value=np.nan)


def fault(column: pd.Series, values: Array) -> str:
    """Where a column has cells that cannot be computed with: "'age' has 'old' in data row 3"; empty where it has none.

    `values` (N,) are its cells as numbers; empty cells are no fault here.
    """
    bad = ~(np.abs(values) < HUGE) & ~column.isna().to_numpy()
    return f"{column.name!r} has {str(column[bad].iloc[0])!r} in {rows_of(bad)}" if bad.any() else ""


def rows_of(bad: Where) -> str:
    """Which rows of (N,) are marked, counted from 1 below the header: "data rows 3, 8 and 40 more"."""
    rows = (np.flatnonzero(bad) + 1).tolist()
    return f"data row{'s' if len(rows) > 1 else ''} {listed([str(row) for row in rows])}"


def listed(items: list[str]) -> str:
    """Some items in a sentence, and how many more there are."""
    shown, more = ", ".join(items[:5]), len(items) - 5
    return f"{shown} and {more} more" if more > 0 else shown


def option(name: str, column: str) -> str:
    """How an option with a list of columns is typed: 'dataset.ignore=["first name"]'."""
    return f"dataset.{name}=[{column}]" if column.isidentifier() else f"'dataset.{name}=[\"{column}\"]'"


def refuse_odd_columns(frame: pd.DataFrame, source: str) -> None:
    """Raise BadInput for a name given twice, which hides a column, a column without a name, and a table of nothing."""
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise BadInput(f"{source} has two columns called {twice[0]!r}. Name them apart, or leave both out with dataset.ignore.")
    if "" in frame.columns:
        raise BadInput(
            f"{source} has a column without a name. If it holds row numbers, leave it out with 'dataset.ignore=[\"\"]'."
        )
    if len(frame) == 0 or frame.shape[1] < 2:
        raise BadInput(f"{source} has {len(frame)} rows of {frame.shape[1] - 1} features; it takes some of both.")


def refuse_missing(frame: pd.DataFrame, source: str) -> None:
    """Raise BadInput where cells are empty."""
    faults = [f"{name!r} ({rows_of(frame[name].isna().to_numpy())})" for name in frame.columns if frame[name].isna().any()]
    if faults:
        raise BadInput(
            f"{source} has empty cells in {listed(faults)}. Nothing is filled in unasked: dataset.missing=fill fills features, "
            f"dataset.missing=drop leaves these rows out, and dataset.ignore a column."
        )
