"""Columns of numbers and categories as features: scikit-learn's own preprocessing, fitted on the training part alone."""

import warnings
from typing import Any

import numpy as np

from lossbench.data.columns import Columns
from lossbench.data.scikit_learn import scikit_learn
from lossbench.interfaces import Array

Rows = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def encoded(columns: Columns, rows: tuple[Rows, ...]) -> list[tuple[Array, Array]]:
    """Numbers (N, D) and one-hot categories (N, K) of some parts of a table, by what is measured on the first part.

    Empty cells among numbers are filled by the median, and a 0/1 column says where. A level that the first part does not
    have is all zeros.
    """
    transformer = _transformer(columns)
    table = columns.numbers.join(columns.categories)
    parts = []
    for number, part in enumerate(rows):
        chosen = table.iloc[part]
        made = transformer.fit_transform(chosen) if number == 0 else _transformed(transformer, chosen)
        width = transformer.output_indices_["numbers"].stop
        parts.append((np.asarray(made[:, :width], np.float64), np.asarray(made[:, width:], np.float64)))
    return parts


def _transformer(columns: Columns) -> Any:
    impute, preprocessing = scikit_learn("impute"), scikit_learn("preprocessing")
    numbers = impute.SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    categories = preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float64)
    steps = [("numbers", numbers, list(columns.numbers.columns)), ("categories", categories, list(columns.categories.columns))]
    return scikit_learn("compose").ColumnTransformer(steps, sparse_threshold=0.0)


def _transformed(transformer: Any, chosen: Any) -> Any:
    with warnings.catch_warnings(action="ignore"):  # of levels that training did not see, which are zeros
        return transformer.transform(chosen)
