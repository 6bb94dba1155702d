"""The user's own data, given from Python."""

from dataclasses import dataclass

import pandas as pd

from lossbench.data.in_memory import recall
from lossbench.data.tabular import Tabular


@dataclass(frozen=True, kw_only=True)
class InMemory(Tabular):
    """A data frame, or arrays, given with lossbench.datasets.from_frame or from_arrays; lasts as long as the process.

    Size: N rows, D features from the columns besides the target and those ignored, C classes, labels or one real target
        (standardised).
    Task: classification or multilabel or ordinal or regression, as for a file with a table.
    Options: content, by which the data are known; what else is said of columns stands with every table.
    Identities: the data set is the one that the same table in a file would be.
    """

    content: str

    @property
    def source(self) -> str:
        return "the data frame"

    def table(self) -> tuple[pd.DataFrame, tuple[str, ...]]:
        return recall(self.content), ()
