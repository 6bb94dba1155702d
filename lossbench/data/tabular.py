"""Tables as data sets: one column is the target, the others become features."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from lossbench.data.cells import as_numbers, fault, refuse_missing, refuse_odd_columns
from lossbench.data.column_encoding import encoded
from lossbench.data.columns import Columns, Said, columns_of
from lossbench.data.examples import Examples, Labels
from lossbench.data.given_parts import parts_of_column, parts_of_file
from lossbench.data.hold_out import HeldOut, check_split, scale_all
from lossbench.data.target_column import AUTO, Wanted, target_of, targets_of
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Array, Split
from lossbench.registry import later

Missing = Literal["refuse", "fill", "drop"]


@dataclass(frozen=True, kw_only=True)
class Tabular(HeldOut):
    """A table: one column is the target, or several are, a label each or a number each; the others are features.

    Columns of numbers, and of true and false, are features as they are; a column of text with few different texts is a category,
    and becomes a 0/1 feature for each. Everything that is measured is measured on the training part alone.

    Options: target, the column's name, or a list of names; task; order, the classes from low to high, where they have an order;
    ignore, names of columns to leave out; categories, names of columns that hold categories though they do not look it; dates, of
    columns that become numbers of days; missing, what becomes of empty cells (refuse; fill, by the median, with a 0/1 feature
    that says where, or as a category of their own; drop, the row); positive, which of two classes counts as 1: its name, or
    rarer, which of equally many is the later in order, or auto, the rarer unless they are 0 and 1, −1 and 1 or true and false;
    weights, a column that says how much each example counts in training; split_column, one that says train, test or validation,
    or split_file, JSON or .npz with lists of row numbers of these names: a split that is given.
    """

    target: str | tuple[str, ...]
    task: Literal["auto", "classification", "multilabel", "ordinal", "regression"] = "auto"
    ignore: tuple[str, ...] = ()
    categories: tuple[str, ...] = later(())
    dates: tuple[str, ...] = later(())
    missing: Missing = later("refuse")
    positive: str = later(AUTO)
    order: tuple[str, ...] = later(())
    weights: str | None = later(None)
    split_column: str | None = later(None)
    split_file: str | None = later(None)

    def __post_init__(self) -> None:
        check_table(self)

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that are to be predicted."""
        return (self.target,) if isinstance(self.target, str) else self.target

    @property
    @abstractmethod
    def source(self) -> str:
        """What messages call the table."""

    @abstractmethod
    def table(self) -> tuple[pd.DataFrame, tuple[str, ...]]:
        """The table as it is, its columns named by text, and notes on how it was read. Raises BadInput."""

    def examples(self) -> Examples:
        """All rows of the table: features, as numbers (N, D) or as columns that are yet to be encoded, and targets (N,)."""
        return self._read()[0]

    def split(self, validation: float, seed: int) -> Split:
        """Training, test and validation data, features (N, D) and targets (N, C), with notes on what was seen in the table."""
        examples, notes = self._read()
        return self.parted(examples, validation, seed)._replace(notes=notes)

    def prepared(self, examples: Examples, rows: tuple[Labels, ...]) -> list[Array]:
        """Features (N, D) of some parts: numbers, scaled, and a 0/1 column for each category, by what the first part has."""
        if examples.columns is None:
            return scale_all([examples.x[part] for part in rows], self.scaling)
        parts = encoded(examples.columns, rows)
        numbers = [part[0] for part in parts]
        scaled = scale_all(numbers, self.scaling) if numbers[0].shape[1] else numbers
        return [np.hstack([some, part[1]]) for some, part in zip(scaled, parts, strict=True)]

    def _read(self) -> tuple[Examples, tuple[str, ...]]:
        frame, notes = self.table()
        for name in (*self.targets, *self.ignore, *filter(None, (self.weights, self.split_column))):
            if name not in frame.columns:
                raise unknown(f"column of {self.source}", name, frame.columns)
        parts = self._given_parts(frame)
        frame = frame.drop(columns=[*self.ignore, *filter(None, [self.split_column])])
        refuse_odd_columns(frame, self.source)
        kept = self._completed(frame.reset_index(drop=True))
        parts = None if parts is None else parts[kept.index.to_numpy()]
        frame = kept.reset_index(drop=True)
        weights = self._weights(frame)
        wanted = Wanted(self.task, self.positive, self.order)
        several = frame[list(self.targets)]
        target = (
            target_of(several.iloc[:, 0], wanted, self.source)
            if isinstance(self.target, str)
            else targets_of(several, wanted, self.source)
        )
        features = frame.drop(columns=[*self.targets, *([self.weights] if self.weights else [])])
        columns = columns_of(features, Said(categories=self.categories, dates=self.dates), self.source)
        # Row by row in memory: how a mean is rounded depends on the order in which it is summed.
        x = np.column_stack([columns.numbers[name] for name in columns.numbers]) if columns.plain else np.empty((len(frame), 0))
        examples = Examples(
            x, target.values, target.classes, None, weights, None if columns.plain else columns, parts, target.task
        )
        _refuse_no_features(columns, self.source)
        return examples, (*notes, *columns.notes)

    def _given_parts(self, frame: pd.DataFrame) -> Labels | None:
        """The part of each row of the table (N,), where a split is given."""
        if self.split_column is not None:
            return parts_of_column(frame[self.split_column], self.source)
        return None if self.split_file is None else parts_of_file(Path(self.split_file), len(frame))

    def _completed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The table without rows that have empty cells, or with empty cells in features only, as was asked.

        Rows keep their numbers.
        """
        if self.missing == "drop":
            kept = frame.dropna()
            if not len(kept):
                raise BadInput(f"{self.source} has an empty cell in every row; dataset.missing=drop leaves none.")
            return kept
        given = [*self.targets, *([self.weights] if self.weights else [])] if self.missing == "fill" else list(frame.columns)
        refuse_missing(frame[given], self.source)
        return frame

    def _weights(self, frame: pd.DataFrame) -> Array | None:
        if not self.weights:
            return None
        values = as_numbers(frame[self.weights])
        if bad := fault(frame[self.weights], values):
            raise BadInput(f"{self.source}: weights are numbers of 0 or more, and {bad}.")
        if values.min() < 0 or values.max() <= 0:
            raise BadInput(f"{self.source}: weights are 0 or more, some of them above 0; those in {self.weights!r} are not.")
        return values


def check_table(dataset: Tabular) -> None:
    """Raise BadInput where an option of a table is out of range, or a column is named for two things."""
    check_split(dataset)
    if not isinstance(dataset.target, str) and len({*dataset.target}) < max(2, len(dataset.target)):
        raise BadInput(f"dataset.target is {list(dataset.target)}; a list names two columns or more, each once.")
    for name in {*dataset.targets} & {*dataset.ignore}:
        raise BadInput(f"dataset.ignore names the target {name!r}; what is left out cannot be learnt.")
    if dataset.weights is not None and dataset.weights in (*dataset.targets, *dataset.ignore):
        raise BadInput(f"dataset.weights names {dataset.weights!r}, which is the target or left out; weights are a column apart.")
    _check_given_split(dataset)
    for name in {*dataset.categories, *dataset.dates} & {*dataset.targets, *dataset.ignore}:
        raise BadInput(f"dataset.categories and dataset.dates name features, and {name!r} is the target or left out.")
    for name in {*dataset.categories} & {*dataset.dates}:
        raise BadInput(f"{name!r} is named in dataset.categories and in dataset.dates; it can be one of both.")


def _check_given_split(dataset: Tabular) -> None:
    """Raise BadInput where a split is given in two ways, or by a column that is something else, too."""
    given = [name for name in ("split_column", "split_file") if getattr(dataset, name) is not None]
    drawn = [name for name in ("folds", "test_rows") if getattr(dataset, name) is not None]
    drawn += ["held_out"] if dataset.held_out != "drawn" else []
    if len(given) + len(drawn) > 1 and given:
        raise BadInput(f"dataset.{given[0]} gives a split, and dataset.{[*given[1:], *drawn][0]} another; one of them is enough.")
    others = {*dataset.targets, dataset.weights, *dataset.ignore, *dataset.categories, *dataset.dates}
    if dataset.split_column is not None and dataset.split_column in others:
        raise BadInput(f"dataset.split_column names {dataset.split_column!r}, which is named for something else, too.")


def _refuse_no_features(columns: Columns, source: str) -> None:
    if not columns.numbers.shape[1] + columns.categories.shape[1]:
        raise BadInput(f"{source} has no feature that differs between rows; there is nothing to learn from.")
