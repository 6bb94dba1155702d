"""What the feature columns of a table are: numbers, categories or dates; and which of them nobody can learn from as they are."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from lossbench.data.cells import as_numbers, fault, listed, option
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Array

MOST_LEVELS = 50  # of a category that nobody named one
MOST_FEATURES = 20_000  # that categories may become
EMPTY = "(empty)"  # the level of an empty cell among categories
SAME = 2  # rows that share a text, on average, where a column holds categories
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}([T ].*)?")
_YEAR_FIRST = re.compile(r"\d{4}\D")


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody said of a table's columns: which hold categories, and which dates."""

    categories: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The features of a table: numbers (N, D), NaN in empty cells; categories (N, K) as text; and notes."""

    numbers: pd.DataFrame
    categories: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def plain(self) -> bool:
        """Whether all features are numbers, and none is missing."""
        return self.categories.shape[1] == 0 and not self.numbers.isna().any(axis=None)


def columns_of(features: pd.DataFrame, declared: Said, source: str) -> Columns:
    """The features of a table by kind; dates as days since 1970.

    Raises BadInput where a cell is not of its column's kind, or a column holds what is neither number nor category.
    """
    for name in (*declared.categories, *declared.dates):
        if name not in features.columns:
            raise unknown(f"feature of {source}", name, features.columns)
    kinds = {str(name): _kind(features[name], declared, source) for name in features.columns}
    numbers = _numbers(features[[name for name, kind in kinds.items() if kind == "number"]], source)
    numbers |= {name: _as_days(features[name], source) for name, kind in kinds.items() if kind == "date"}
    frame = pd.DataFrame({name: numbers[name] for name in kinds if name in numbers}, index=features.index)
    levels = {name: _as_levels(features[name]) for name, kind in kinds.items() if kind == "category"}
    constant = [name for name, texts in levels.items() if texts.nunique(dropna=False) < 2]
    categories = pd.DataFrame({name: texts for name, texts in levels.items() if name not in constant}, index=features.index)
    width = sum(categories[name].nunique() for name in categories.columns)
    if width > MOST_FEATURES:
        raise BadInput(
            f"{source} would have {width:,} features, one for each text of a category; {MOST_FEATURES:,} are possible."
        )
    notes = [f"{name!r} holds one text only, and is left out" for name in constant] + _notes(frame)
    return Columns(numbers=frame, categories=categories, notes=tuple(notes))


def _numbers(features: pd.DataFrame, source: str) -> dict[str, Array]:
    """Columns of numbers, (N,) each. Raises BadInput where a cell holds something else."""
    numbers = {str(name): as_numbers(features[name]) for name in features.columns}
    faults = [bad for name, values in numbers.items() if (bad := fault(features[name], values))]
    if faults:
        raise BadInput(
            f"{source} has cells that are no numbers below 1e100: {listed(faults)}. Write them as numbers, say that the column "
            f"holds categories with dataset.categories, or leave it out with dataset.ignore."
        )
    return numbers


def _kind(column: pd.Series, declared: Said, source: str) -> str:
    """number, category or date. Raises BadInput for a column of dates, ids or free text that nobody said what to do with."""
    name = str(column.name)
    if name in declared.categories:
        return "category"
    if name in declared.dates:
        return "date"
    if is_datetime64_any_dtype(column) or _look_like_dates(column):
        raise BadInput(
            f"{source} has dates in {name!r}. {option('dates', name)} makes them numbers of days, {option('categories', name)} a "
            f"feature of each, and {option('ignore', name)} leaves them out."
        )
    if is_numeric_dtype(column):
        return "number"
    cells = column.dropna()
    if len(cells) == 0 or pd.to_numeric(cells.astype(str), errors="coerce").notna().any():
        return "number"
    texts = cells.astype(str).nunique()
    if texts > MOST_LEVELS or (texts > SAME and SAME * texts > len(cells)):
        raise BadInput(
            f"{source} has {texts:,} different texts in {len(cells):,} rows of {name!r}, as ids and free text have; nothing that "
            f"is learnt of them holds for others. {option('ignore', name)} leaves the column out, {option('categories', name)} "
            f"makes a feature of each text."
        )
    return "category"


def _look_like_dates(column: pd.Series) -> bool:
    if is_numeric_dtype(column):
        return False
    cells = column.dropna().astype(str)
    return bool(len(cells)) and bool(cells.map(lambda cell: _DATE.fullmatch(cell.strip()) is not None).all())


def _as_days(column: pd.Series, source: str) -> Array:
    """Dates as days since 1970, (N,), NaN where a cell is empty. Raises BadInput where one is no date."""
    if is_numeric_dtype(column):
        raise BadInput(f"dataset.dates names {column.name!r}, a column of numbers, which are features as they are.")
    name = column.name
    if not is_datetime64_any_dtype(column):
        texts = column.astype(object).where(column.notna(), None).map(lambda cell: cell if cell is None else str(cell).strip())
        given = [text for text in texts if text is not None]
        day_first = bool(given) and not any(map(_YEAR_FIRST.match, given))
        column = pd.to_datetime(texts, errors="coerce", dayfirst=day_first, format="mixed", utc=True)
        bad = column.isna().to_numpy() & texts.notna().to_numpy()
        if bad.any():
            raise BadInput(f"{source} has {texts[bad].iloc[0]!r} among the dates of {name!r}; write them as 2026-01-31.")
    stamps = pd.to_datetime(column, utc=True).dt.tz_localize(None)
    return np.asarray((stamps - pd.Timestamp(0)) / pd.Timedelta(days=1), np.float64)


def _as_levels(column: pd.Series) -> "pd.Series[str]":
    """A category's cells as text, empty ones as a level of their own; whole numbers without a point."""
    if is_numeric_dtype(column) and bool((column.dropna() % 1 == 0).all()):
        column = column.astype("Int64")
    return column.astype(object).where(column.notna(), EMPTY).map(str)


def _notes(numbers: pd.DataFrame) -> list[str]:
    """What is worth a second look: columns that count the rows, that are constant, or that repeat another."""
    notes: list[str] = []
    known: dict[bytes, str] = {}
    for name in numbers.columns:
        values = numbers[name].to_numpy()
        key = values.tobytes()
        if len(values) > SAME and bool((np.diff(values) == 1).all()):
            notes.append(f"{name!r} counts the rows; {option('ignore', name)} leaves it out")
        elif bool((values == values[0]).all()):
            notes.append(f"{name!r} is the same in every row")
        elif key in known:
            notes.append(f"{name!r} repeats {known[key]!r}")
        known.setdefault(key, str(name))
    return notes
