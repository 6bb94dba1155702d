"""The user's own data."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from pandas.errors import ParserWarning

from lossbench.data.hold_out import Examples, HeldOut, Numbers, check_split
from lossbench.errors import BadInput, unknown
from lossbench.files.csv import refuse_wide
from lossbench.files.parquet import ParquetReader
from lossbench.files.regular import read_bytes
from lossbench.interfaces import Array, Task

WIDEST = 50_000  # columns; a table of every gene has some 20,000
_FEW = 20  # as many different whole numbers still look like classes
_HUGE = 1e100  # squares of larger numbers come near the end of float64


@dataclass(frozen=True, kw_only=True)
class Table(HeldOut):
    """A CSV or Parquet file: one column is the target, the others are features and hold numbers.

    Size: N rows, D columns besides the target and those ignored, C classes or one real target (standardised).
    Task: classification or regression. With auto, a target of text, of true and false, or of at most 20 different whole
        numbers means classes.
    Options: path, relative to the current directory; target, the column's name; task; ignore, names of columns to leave out.
    Identities: classes count in sorted order, so of two the second is the 1.
    """

    path: str
    target: str
    task: Literal["auto", "classification", "regression"] = "auto"
    ignore: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_split(self)
        if self.target in self.ignore:
            raise BadInput(f"dataset.ignore names the target {self.target!r}; what is left out cannot be learnt.")

    def examples(self) -> Examples:
        frame = _read(Path(self.path))
        for name in (self.target, *self.ignore):
            if name not in frame.columns:
                raise unknown(f"column of {self.path}", name, frame.columns)
        frame = frame.drop(columns=list(self.ignore))
        _refuse_odd_columns(frame, self.path)
        _refuse_missing(frame, self.path)
        y, classes = _target(frame[self.target], self.task, self.path)
        return Examples(_numbers(frame.drop(columns=self.target), self.path), y, classes)


def _read(path: Path) -> pd.DataFrame:
    """The file as it is, its columns named by text. Raises BadInput where it cannot be read."""
    if path.suffix not in {".csv", ".parquet"}:
        raise BadInput(f"dataset.path is {str(path)!r}; its name must end in .csv or .parquet.")
    if not path.is_file():
        tables = [str(file.name) for file in path.parent.glob("*") if file.suffix in {".csv", ".parquet"}]
        raise unknown(f"table in {path.parent.absolute()}", path.name, tables)
    try:
        frame = _read_csv(path) if path.suffix == ".csv" else _read_parquet(path)
    except ParserWarning as error:
        raise BadInput(f"{path} cannot be read as a table: its rows have more cells than its header has names.") from error
    except (OSError, ValueError, LookupError, TypeError, AttributeError, pa.ArrowException) as error:
        raise BadInput(f"{path} cannot be read as a table: {str(error).strip().splitlines()[0]}") from error
    frame.columns = frame.columns.map(str)
    return frame


def _read_parquet(path: Path) -> pd.DataFrame:
    """The table, where what the file says of its size is within bounds."""
    reader = ParquetReader(read_bytes(path), "it", WIDEST)
    nested = [field.name for field in reader.schema if pa.types.is_nested(field.type)]
    if nested:
        raise BadInput(f"its column {nested[0]!r} holds lists or mappings, and a cell is a number or a word.")
    frame: pd.DataFrame = reader.read().to_pandas()
    return frame


def _read_csv(path: Path) -> pd.DataFrame:
    refuse_wide(path, WIDEST)
    with warnings.catch_warnings():  # a row with more cells than the header is an error here, and a guess to pandas
        warnings.simplefilter("error", ParserWarning)
        header = pd.read_csv(path, header=None, nrows=1, dtype=str, index_col=False)
        frame = pd.read_csv(path, index_col=False)
    return frame.set_axis(header.iloc[0].fillna("").to_list(), axis=1)  # as written: pandas renames what comes twice


def _refuse_odd_columns(frame: pd.DataFrame, path: str) -> None:
    """A name given twice hides a column; a nameless column is mostly row numbers that pandas wrote, no feature at all."""
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise BadInput(f"{path} has two columns called {twice[0]!r}.")
    if "" in frame.columns:
        raise BadInput(f"{path} has a column without a name. If it holds row numbers, leave it out with 'dataset.ignore=[\"\"]'.")
    if len(frame) == 0 or frame.shape[1] < 2:
        raise BadInput(f"{path} has {len(frame)} rows of {frame.shape[1] - 1} features; it takes some of both.")


def _refuse_missing(frame: pd.DataFrame, path: str) -> None:
    faults = [f"{name!r} ({_rows(frame[name].isna().to_numpy())})" for name in frame.columns if frame[name].isna().any()]
    if faults:
        raise BadInput(
            f"{path} has empty cells in {_listed(faults)}. Nothing is filled in here: complete or remove these rows, or leave "
            f"the column out with dataset.ignore."
        )


def _numbers(features: pd.DataFrame, path: str) -> Array:
    """Features (N, D) as float64. Raises BadInput where a cell holds something else."""
    columns = {name: _as_numbers(features[name]) for name in features.columns}
    faults = [fault for name, values in columns.items() if (fault := _fault(features[name], values))]
    if faults:
        raise BadInput(
            f"{path} has cells that are no numbers below 1e100: {_listed(faults)}. Write them as numbers, or leave the column "
            f"out with dataset.ignore."
        )
    return np.column_stack(list(columns.values()))


def _fault(column: pd.Series, values: Array) -> str:
    """Where the column has cells that cannot be computed with: "'age' has 'old' in data row 3"; empty where it has none."""
    bad = ~(np.abs(values) < _HUGE)
    return f"{column.name!r} has {str(column[bad].iloc[0])!r} in {_rows(bad)}" if bad.any() else ""


def _as_numbers(column: pd.Series) -> Array:
    """The column's values, NaN where a cell is no number."""
    if not is_numeric_dtype(column):
        column = pd.to_numeric(column.astype(str), errors="coerce")
    return column.to_numpy(np.float64)


def _target(column: pd.Series, task: Literal["auto"] | Task, path: str) -> tuple[Numbers, tuple[str, ...] | None]:
    """The target's values, and the names of its classes or None. Raises BadInput where the task has no use for them."""
    named = not is_numeric_dtype(column) or is_bool_dtype(column)
    if task == "auto":
        few = named or (column.nunique() <= _FEW and bool((column == column.round()).all()))
        task = "classification" if few else "regression"
    if column.nunique() < 2:
        raise BadInput(f"{path}: the target {column.name!r} is {str(column.iloc[0])!r} in every row; there is nothing to learn.")
    if task == "regression":
        return _quantity(column, path), None
    column = column.astype(str) if named else column
    if column.value_counts().min() < 2:
        alone = column[~column.duplicated(keep=False)]
        raise BadInput(
            f"{path}: the class {str(alone.iloc[0])!r} of the target {column.name!r} has one row only; it takes 2, to train and "
            f"to test with. If {column.name!r} is a quantity, ask for dataset.task=regression."
        )
    codes, classes = pd.factorize(column, sort=True)
    return codes.astype(np.int64), tuple(map(str, classes))


def _quantity(column: pd.Series, path: str) -> Array:
    values = _as_numbers(column)
    if fault := _fault(column, values):
        raise BadInput(
            f"{path}: a regression wants numbers below 1e100 in its target, and {fault}. dataset.task can be classification."
        )
    return values


def _rows(bad: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> str:
    """Which rows, counted from 1 below the header: "data rows 3, 8 and 40 more"."""
    rows = (np.flatnonzero(bad) + 1).tolist()
    return f"data row{'s' if len(rows) > 1 else ''} {_listed([str(row) for row in rows])}"


def _listed(items: list[str]) -> str:
    shown, more = ", ".join(items[:5]), len(items) - 5
    return f"{shown} and {more} more" if more > 0 else shown
