"""Data that were given from Python: kept by their content, so that a run can name them."""

import hashlib
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from lossbench.errors import BadInput
from lossbench.interfaces import Dataset
from lossbench.registry import find

SEVERAL = 2  # axes of targets that are several labels
_frames: dict[str, pd.DataFrame] = {}  # by the hash of their content


def from_frame(frame: Any, target: str | Sequence[str], **options: Any) -> Dataset:
    """A data frame (pandas, or another one that Arrow can read, such as polars) as a data set; one column is the target.

    Several columns are labels, each there or not, or numbers; an ordered categorical column has classes in its order.

    Options are those of every table: task, order, ignore, categories, dates, missing, positive, weights, test_fraction, seed, …
    Raises BadInput for what is no table.
    """
    table = _as_pandas(frame)
    content = remember(table)
    return cast(
        Dataset,
        find("dataset", "in_memory").build(
            {"content": content, "target": target if isinstance(target, str) else tuple(target), **options}
        ),
    )


def from_arrays(x: Any, y: Any, **options: Any) -> Dataset:
    """Features x (N, D), an array or a data frame, and targets y (N,), or several labels or numbers (N, K), as a data set.

    Options are those of from_frame.

    Raises BadInput where they do not fit together.
    """
    values = np.asarray(y)
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    table = pd.DataFrame({f"x{n}": part for n, part in enumerate(_columns(x))}) if _is_array(x) else _as_pandas(x)
    if values.ndim not in (1, 2) or len(values) != len(table):
        raise BadInput(f"x has {len(table)} rows and y has the shape {values.shape}; a target is one value a row, or several.")
    if values.ndim == SEVERAL:
        labels = dict(zip(_free(table, values.shape[1]), values.T, strict=True))
        return from_frame(table.assign(**labels), tuple(labels), **options)
    name = next(name for name in ("y", *(f"y{n}" for n in range(table.shape[1] + 1))) if name not in table.columns)
    return from_frame(table.assign(**{name: values}), name, **options)


def remember(frame: pd.DataFrame) -> str:
    """Keep a table in this process; returns the 16 hexadecimal digits of its content's SHA-256 that it is known by."""
    digest = hashlib.sha256(repr([(str(name), str(kind)) for name, kind in frame.dtypes.items()]).encode())
    try:
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    except TypeError as error:
        raise BadInput(f"The data frame has cells that are no numbers, texts, dates or truth values ({error}).") from error
    content = digest.hexdigest()[:16]
    _frames[content] = frame
    return content


def recall(content: str) -> pd.DataFrame:
    """The table of a content. Raises BadInput where this process was not given it."""
    if content not in _frames:
        raise BadInput(
            f"Data {content!r} were given from Python and are not stored with the runs; give the same to "
            f"lossbench.datasets.from_frame or from_arrays first, in this process."
        )
    return _frames[content]


def _as_pandas(frame: Any) -> pd.DataFrame:
    if hasattr(frame, "__arrow_c_stream__") and not isinstance(frame, pd.DataFrame):
        frame = pa.table(frame).to_pandas()
    if not isinstance(frame, pd.DataFrame):
        raise BadInput(f"{type(frame).__name__} is no data frame; possible are those of pandas, and others that Arrow can read.")
    return frame.rename(columns=str).reset_index(drop=True)


def _free(table: pd.DataFrame, labels: int) -> list[str]:
    """Names for so many targets that no column of the table has."""
    stem = next(
        stem for n in range(table.shape[1] + 1) if not any(name.startswith(stem := "y" + "_" * n) for name in table.columns)
    )
    return [f"{stem}{n}" for n in range(labels)]


def _is_array(x: Any) -> bool:
    return not hasattr(x, "columns")


def _columns(x: Any) -> list[Any]:
    array = np.asarray(x)
    if array.ndim < 2 or array.dtype.kind not in "fiub":
        raise BadInput(f"x is {array.dtype} of shape {array.shape}; features are numbers (N, D). Other tables are data frames.")
    return list(array.reshape(len(array), -1).T)
