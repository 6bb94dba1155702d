"""Splits that somebody gives: which rows of a table train, validate and test, by a column of it or by a file of row numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lossbench.data.cells import rows_of
from lossbench.data.validation import check_size, rows_of_size
from lossbench.errors import BadInput
from lossbench.files.json import read_json
from lossbench.files.npz import read_npz

Rows = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
PARTS = ("train", "test", "validation")
NONE = -1  # the part of a row that is left out
_WORDS = {
    **dict.fromkeys(("train", "training"), PARTS.index("train")),
    **dict.fromkeys(("test", "testing"), PARTS.index("test")),
    **dict.fromkeys(("validation", "valid", "val", "dev"), PARTS.index("validation")),
}
LARGEST = 2**30  # bytes of row numbers


def parts_of_column(column: pd.Series, source: str) -> Rows:
    """The part of each row (N,), an index of PARTS, from the words in a column.

    Raises BadInput for an empty cell or another word, and where no row trains or none tests.
    """
    texts = column.astype(str).str.strip().str.casefold()
    bad = ~texts.isin(_WORDS.keys()).to_numpy()
    if bad.any():
        raise BadInput(
            f"{source} has {str(column[bad].iloc[0])!r} in {column.name!r} ({rows_of(bad)}); dataset.split_column names a column "
            f"that says train, test or validation in every row."
        )
    return _complete(np.array([_WORDS[text] for text in texts], np.int64), f"{source}: the column {column.name!r}")


def parts_of_file(path: Path, rows: int) -> Rows:
    """The part of each of so many rows (N,), an index of PARTS, from lists of row numbers; NONE where no list has the row.

    The file is JSON, {"train": [0, 2, 3], "test": [1]}, or an .npz with arrays of these names; rows count from 0, as they stand
    in the table, and a list of the validation rows may be there. Raises BadInput for a number that is no row, or that is there
    twice, and where no row trains or none tests.
    """
    parts = np.full(rows, NONE, np.int64)
    for name, numbers in _lists(path).items():
        if name not in PARTS:
            raise BadInput(f"{path} has a list {name!r}; a split has the lists train, test and, if there is one, validation.")
        own = _row_numbers(numbers, f"{path}: {name}", rows)
        twice = own[parts[own] != NONE]
        if len(twice) or len(np.unique(own)) < len(own):
            values, counts = np.unique(own, return_counts=True)
            again = twice[0] if len(twice) else values[counts > 1][0]
            raise BadInput(f"{path}: {name} has row {again}, which is there already; every row is in one part.")
        parts[own] = PARTS.index(name)
    return _complete(parts, str(path))


def given_rows(parts: Rows) -> tuple[Rows, Rows, Rows]:
    """Row numbers of the training, test and validation data, in the order of the table, from the part of each row (N,)."""
    train, test, validation = (np.flatnonzero(parts == number) for number in range(len(PARTS)))
    return train, test, validation


def last_rows(count: int, test: float, validation: float) -> tuple[Rows, Rows, Rows]:
    """Row numbers of training, test and validation data of which the last rows test, and those just before them validate.

    A size below 1 is a share, of all rows and of those that do not test, and one from 1 on is so many rows. Raises BadInput where
    nothing is left to train with.
    """
    check_size(validation)
    tested = rows_of_size(test, count)
    held_out = rows_of_size(validation, count - tested)
    train = count - tested - held_out
    if train < 1:
        raise BadInput(f"The last {tested:,} rows test and {held_out:,} before them validate, and there are {count:,} in all.")
    rows = np.arange(count)
    return rows[:train], rows[count - tested :], rows[train : count - tested]


def _lists(path: Path) -> dict[str, Any]:
    held = read_npz(path, largest=LARGEST) if path.suffix == ".npz" else read_json(path)
    if not isinstance(held, dict):
        raise BadInput(f'{path} holds no lists by name; a split is {{"train": [0, 2], "test": [1]}}, or an .npz of such arrays.')
    return held


def _row_numbers(numbers: Any, where: str, rows: int) -> Rows:
    """A list of row numbers as an array. Raises BadInput where it is none."""
    try:
        own = np.asarray(numbers)
    except ValueError:
        own = np.empty(0, np.object_)
    if own.ndim != 1 or own.dtype.kind not in "iu":
        raise BadInput(f"{where} is no list of row numbers, whole numbers from 0 to {rows - 1:,}.")
    outside = own[(own < 0) | (own >= rows)]
    if len(outside):
        raise BadInput(f"{where} has row {outside[0]}; the table has {rows:,} rows, counted from 0.")
    return own.astype(np.int64)


def _complete(parts: Rows, where: str) -> Rows:
    for name in ("train", "test"):
        if not (parts == PARTS.index(name)).any():
            raise BadInput(f"{where} gives {name} no row; a split trains on some rows and tests on others.")
    return parts
