"""Strata: groups of examples of which each has its share of every part of a split."""

import numpy as np

from lossbench.interfaces import CLASSIFIED, Array, Task

Rows = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def strata(y: Array, task: Task) -> Rows | None:
    """The stratum of each row of targets (N, C), as (N,); None where there are none, as for a regression and for soft labels.

    An example of one class belongs to its class. One with several labels belongs to the rarest that it has, and one without any
    to those without: so that rare labels, which chance would forget first, have their share of every part.
    """
    if task not in (*CLASSIFIED, "multilabel") or not ((y == 0) | (y == 1)).all():
        return None
    if task == "multilabel":
        return _by_rarest_label(y)
    return (y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1)).astype(np.int64)


def _by_rarest_label(y: Array) -> Rows:
    """For labels (N, K) the number of the rarest label of each row, K for none; a stratum of one row joins the largest."""
    members = y.sum(axis=0)
    rank = np.argsort(np.argsort(members, kind="stable"), kind="stable")  # 0 is the rarest
    ranks = np.where(y == 1, rank, y.shape[1]).min(axis=1)
    groups, counts = np.unique(ranks, return_counts=True)
    alone = np.isin(ranks, groups[counts == 1])
    joined: Rows = np.where(alone, groups[counts.argmax()], ranks).astype(np.int64)
    return joined
