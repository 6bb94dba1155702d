"""Validation data: a part of the training data that is held out to choose by, so that test data choose nothing."""

import math

import numpy as np

from lossbench.data.scikit_learn import scikit_learn
from lossbench.data.stratification import Rows, strata
from lossbench.errors import BadInput
from lossbench.interfaces import Split
from lossbench.rng import generator

LEAST_TRAINED = 1  # rows that are left to train with


def check_size(validation: float) -> None:
    """Raise BadInput where a size of validation data is neither a share from 0 to below 1 nor a whole number of rows."""
    if not (0 <= validation < 1 or (validation < math.inf and validation == int(validation))):
        raise BadInput(
            f"validation is {validation:g}; it is the share of the training data that is held out, from 0 to below 1, or how "
            f"many rows, 1 or more."
        )


def rows_of_size(size: float, rows: int) -> int:
    """How many of so many rows a size is: below 1 a share, rounded up, and from 1 on a number of rows."""
    return math.ceil(size * rows) if size < 1 else int(size)


def refuse_second_validation(validation: float) -> None:
    """Raise BadInput where validation data are asked for beside those that the data set brings."""
    if validation:
        raise BadInput("validation is asked for, and the data set brings validation data of its own. Possible: validation=0.")


def hold_out_validation(rows: Rows, labels: Rows | None, validation: float, seed: int) -> tuple[Rows, Rows]:
    """Of the row numbers of training data (N,), those that still train and those that are held out for validation.

    `labels` (N,) are their classes, or other strata, of which each has the same share of both parts; None where there are none. A
    class with one row only keeps it to train with. A size below 1 is a share of the rows, rounded up, and one from 1 on is so
    many. The draw is scikit-learn's train_test_split. Raises BadInput where there are too few rows.
    """
    check_size(validation)
    if not validation:
        return rows, rows[:0]
    count = rows_of_size(validation, len(rows))
    alone = np.zeros(len(rows), np.bool_) if labels is None else _alone(labels)
    groups = 1 if labels is None else len(np.unique(labels[~alone]))
    drawn = rows[~alone]
    if not groups <= count <= len(drawn) - max(groups, LEAST_TRAINED):
        raise BadInput(
            f"validation is {validation:g}, which holds out {count} of {len(rows)} training rows. Possible: at least "
            f"{groups}, and as many must be left to train with{'' if labels is None else ', for each class wants a row in both'}."
        )
    state = int(generator(seed, "validation").integers(2**32))
    stratify = None if labels is None else labels[~alone]
    model_selection = scikit_learn("model_selection")
    train, held_out = model_selection.train_test_split(drawn, test_size=count, stratify=stratify, random_state=state)
    return np.concatenate([train, rows[alone]]), held_out


def with_validation(split: Split, validation: float, seed: int) -> Split:
    """A split, features (N, D) and targets (N, C), of whose training part some rows are held out; scaled as it was.

    Hard labels are held out class by class, or by the rarest label of each row. Raises BadInput where there are too few rows, or
    where validation data are there already.
    """
    if split.validation_x is not None:
        refuse_second_validation(validation)
    train, held_out = hold_out_validation(np.arange(len(split.train_x)), strata(split.train_y, split.task), validation, seed)
    return split._replace(
        train_x=split.train_x[train],
        train_y=split.train_y[train],
        validation_x=split.train_x[held_out],
        validation_y=split.train_y[held_out],
        train_weights=None if split.train_weights is None else split.train_weights[train],
    )


def _alone(labels: Rows) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which rows (N,) are the only one of their class."""
    _, inverse, counts = np.unique(labels, return_inverse=True, return_counts=True)
    return np.asarray(counts[inverse] == 1)
