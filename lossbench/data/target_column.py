"""The target of a table: classes and their order, or a quantity."""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from lossbench.data.cells import as_numbers, fault
from lossbench.data.hold_out import Numbers
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Array, Task

FEW = 20  # as many different whole numbers still look like classes
RARER = "rarer"  # says that of two classes the one with fewer rows is the positive one, the later where both have as many


class Target(NamedTuple):
    """A target's values (N,), and the names of its classes, which these count from 0; None for a regression."""

    values: Numbers
    classes: tuple[str, ...] | None


def target_of(column: pd.Series, task: Literal["auto"] | Task, positive: str, source: str) -> Target:
    """The target in a column. Classes are in sorted order; of two the positive one, if said, counts as 1.

    Raises BadInput where the task has no use for the cells.
    """
    named = not is_numeric_dtype(column) or is_bool_dtype(column)
    if task == "auto":
        few = named or (column.nunique() <= FEW and bool((column == column.round()).all()))
        task = "classification" if few else "regression"
    if column.nunique() < 2:
        raise BadInput(
            f"{source}: the target {column.name!r} is {str(column.iloc[0])!r} in every row; there is nothing to learn."
        )
    if task == "regression":
        if positive not in ("", RARER):
            raise BadInput(f"dataset.positive is {positive!r}, and the target {column.name!r} has no classes.")
        return Target(_quantity(column, source), None)
    column = column.astype(str) if named else column
    if column.value_counts().min() < 2:
        alone = column[~column.duplicated(keep=False)]
        raise BadInput(
            f"{source}: the class {str(alone.iloc[0])!r} of the target {column.name!r} has one row only; it takes 2, to train "
            f"and to test with. If {column.name!r} is a quantity, ask for dataset.task=regression."
        )
    codes, classes = pd.factorize(column, sort=True)
    return _with_positive(Target(codes.astype(np.int64), tuple(map(str, classes))), positive, source)


def _with_positive(target: Target, positive: str, source: str) -> Target:
    """The same with the positive class last, that is 1, where there are two."""
    values, classes = target.values, target.classes or ()
    if not positive or (positive == RARER and RARER not in classes and len(classes) != 2):
        return target
    if len(classes) != 2:
        raise BadInput(f"dataset.positive is {positive!r}, and {source} has {len(classes)} classes; one of two can be positive.")
    if positive == RARER and RARER not in classes:
        first, second = np.bincount(values.astype(np.int64))
        positive = classes[0] if first < second else classes[1]
    if positive not in classes:
        raise unknown(f"class of {source}", positive, classes)
    return target if positive == classes[1] else Target(1 - values, classes[::-1])


def _quantity(column: pd.Series, source: str) -> Array:
    values = as_numbers(column)
    if bad := fault(column, values):
        raise BadInput(
            f"{source}: a regression wants numbers below 1e100 in its target, and {bad}. dataset.task can be classification."
        )
    return values
