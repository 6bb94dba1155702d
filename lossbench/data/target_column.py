"""The target of a table: classes and their order, several labels at once, or a quantity."""

from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from lossbench.data.cells import as_numbers, fault
from lossbench.data.examples import Numbers
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Array, Task

FEW = 20  # as many different whole numbers still look like classes
RARER = "rarer"  # says that of two classes the one with fewer rows is the positive one, the later where both have as many
AUTO = "auto"  # the same, unless the classes say by themselves which of them is 1
SAME_LABEL = 2  # different cells of a label: there, and not there
FEWEST_IN_ORDER = 3  # classes that an order can tell apart
SAY_SO = ({"0", "1"}, {"-1", "1"}, {"False", "True"})


class Target(NamedTuple):
    """A target's values (N,), and the names of its classes, which these count from 0; None for a regression.

    Of several labels at once the values are (N, K), 1 where a row has a label, and the names are those of the labels. Of several
    quantities they are (N, T).
    """

    values: Numbers
    classes: tuple[str, ...] | None
    task: Task | None = None


class Wanted(NamedTuple):
    """What somebody says of a target: the task, which of two classes is positive, and the order of the classes."""

    task: Literal["auto"] | Task = "auto"
    positive: str = AUTO
    order: tuple[str, ...] = ()


def targets_of(columns: pd.DataFrame, wanted: Wanted, source: str) -> Target:
    """Several targets: quantities (N, T), or labels (N, K), each there or not.

    Without a task they are quantities where all are numbers, and some look like no classes. Raises BadInput for neither.
    """
    if wanted.task not in ("auto", "multilabel", "regression") or wanted.order or wanted.positive != AUTO:
        raise BadInput(
            f"{source}: {columns.shape[1]} columns are named as the target, which are several labels at once (multilabel) or "
            "several numbers (regression); dataset.positive, order and other tasks are of a single one."
        )
    series = [columns[name] for name in columns.columns]
    if wanted.task == "regression" or (wanted.task == "auto" and not any(map(_named, series)) and not all(map(_few, series))):
        quantities = [target_of(column, Wanted(task="regression"), source).values for column in series]
        return Target(np.stack(quantities, 1), None)
    return Target(np.stack([_label(column, source) for column in series], 1), tuple(map(str, columns.columns)), "multilabel")


def _label(column: pd.Series, source: str) -> Numbers:
    """1 where a row has a label (N,): 1 of 0 and 1, true of true and false, and of names the rarer. Raises BadInput."""
    cells = column.nunique()
    if cells > SAME_LABEL:
        raise BadInput(
            f"{source}: of several targets each is a label, there or not, and {column.name!r} has {cells:,} different cells. "
            "Possible: columns of 0 and 1, of true and false, or of two words; numbers, with dataset.task=regression; or one "
            "target at a time."
        )
    return target_of(column, Wanted(task="classification"), source).values


def target_of(column: pd.Series, wanted: Wanted, source: str) -> Target:
    """The target in a column. Classes are in sorted order, or in that which is said; of two the positive one counts as 1.

    Raises BadInput where the task has no use for the cells.
    """
    task, positive = wanted.task, wanted.positive
    named = _named(column)
    order = wanted.order or (tuple(map(str, column.cat.categories)) if _is_ordered(column) else ())
    if task == "multilabel":
        raise BadInput(f"{source}: dataset.task is multilabel, for which dataset.target names several columns, a label each.")
    if task == "ordinal" or (task == "auto" and order):
        return _in_order(column, order, positive, source)
    if task == "auto":
        task = "classification" if named or _few(column) else "regression"
    if column.nunique() < 2:
        raise BadInput(
            f"{source}: the target {column.name!r} is {str(column.iloc[0])!r} in every row; there is nothing to learn."
        )
    if task == "regression":
        if positive not in (AUTO, RARER):
            raise BadInput(f"dataset.positive is {positive!r}, and the target {column.name!r} has no classes.")
        return Target(_quantity(column, source), None)
    column = column.astype(str) if named else column
    _refuse_lone_classes(column, source)
    codes, classes = pd.factorize(column, sort=True)
    return _with_positive(Target(codes.astype(np.int64), tuple(map(str, classes))), positive, source)


def _named(column: pd.Series) -> bool:
    """Whether the cells are no numbers, so that they can only name classes."""
    return not is_numeric_dtype(column) or is_bool_dtype(column)


def _few(column: pd.Series) -> bool:
    """Whether the cells are as few different whole numbers as classes have."""
    return column.nunique() <= FEW and bool((column == column.round()).all())


def _is_ordered(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype) and bool(column.dtype.ordered)


def _in_order(column: pd.Series, order: tuple[str, ...], positive: str, source: str) -> Target:
    """Classes in an order: the one that is said, or that of numbers. Raises BadInput where there is none, or too few classes."""
    texts = _as_levels(column)
    if not order and _named(column):
        raise BadInput(
            f"{source}: the classes of {column.name!r} are names, whose order nobody knows. It is said from low to high: "
            f"'dataset.order=[{','.join(sorted(texts.unique())[:5])}]'."
        )
    order = order or tuple(map(str, pd.Series(texts.unique(), index=column.drop_duplicates()).sort_index()))
    codes = pd.Index(order).get_indexer(pd.Index(texts))
    if (codes < 0).any():
        raise unknown(f"class in dataset.order of {source}", str(texts[codes < 0].iloc[0]), order)
    classes = tuple(name for n, name in enumerate(order) if (codes == n).any())
    if len(classes) < FEWEST_IN_ORDER or positive != AUTO:
        raise BadInput(
            f"{source}: {column.name!r} has {len(classes)} classes, and dataset.positive is {positive!r}; an order takes three "
            "classes or more, of which none is the positive one."
        )
    _refuse_lone_classes(texts, source)
    values = pd.Index(classes).get_indexer(pd.Index(texts)).astype(np.int64)
    return Target(values, classes, "ordinal")


def _as_levels(column: pd.Series) -> "pd.Series[str]":
    """Cells as text, whole numbers without a point."""
    whole = not _named(column) and bool((column == column.round()).all())
    return (column.astype("Int64") if whole else column).astype(str)


def _refuse_lone_classes(column: pd.Series, source: str) -> None:
    """Raise BadInput where a class has one row only."""
    if column.value_counts().min() < 2:
        alone = column[~column.duplicated(keep=False)]
        numbers = bool(pd.to_numeric(column, errors="coerce").notna().all())
        quantity = f"If {column.name!r} is a quantity, ask for dataset.task=regression."
        way_out = quantity if numbers else "Leave the row out of the table, or give it another class."
        raise BadInput(
            f"{source}: the class {str(alone.iloc[0])!r} of the target {column.name!r} has one row only; it takes 2, to train "
            f"and to test with. {way_out}"
        )


def _with_positive(target: Target, positive: str, source: str) -> Target:
    """The same with the positive class last, that is 1, where there are two."""
    values, classes = target.values, target.classes or ()
    by_itself = positive in (AUTO, RARER) and positive not in classes
    if by_itself and (len(classes) != 2 or (positive == AUTO and set(classes) in SAY_SO)):
        return target
    if len(classes) != 2:
        raise BadInput(f"dataset.positive is {positive!r}, and {source} has {len(classes)} classes; one of two can be positive.")
    if by_itself:
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
