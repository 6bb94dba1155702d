"""The user's own data, in a file."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lossbench.data.tabular import Tabular
from lossbench.files.delimited import Dialect
from lossbench.files.table import read_table
from lossbench.registry import later


@dataclass(frozen=True, kw_only=True)
class Table(Tabular):
    """A file with a table: CSV in any dialect, TSV, JSON lines, Parquet, Feather, Excel, .npz; packed files, too.

    Size: N rows, D features from the columns besides the target and those ignored, C classes, labels or real targets
        (each standardised).
    Task: classification or multilabel or ordinal or regression. With auto, a target of text, of true and false, or of at most 20
        different whole numbers means classes, several columns mean labels, or numbers where all are and some look like no
        classes, and a given order means classes in an order.
    Options: path, relative to the current directory; separator, decimal and encoding, which are seen from the file where they
        are not given; split_column, one that says train, validation or test, or split_file, JSON or .npz with lists of row
        numbers, from 0, of these names; test_rows, so many, and held_out=last, the last ones; scaling, a word or a number that
        features are divided by; what else is said of columns stands with every table.
    Identities: classes count in sorted order; of two names the rarer is the 1, unless positive names the other.
    """

    path: str
    separator: str | None = later(None)
    decimal: str | None = later(None)
    encoding: str | None = later(None)

    @property
    def source(self) -> str:
        return self.path

    def table(self) -> tuple[pd.DataFrame, tuple[str, ...]]:
        dialect = Dialect(separator=self.separator, decimal=self.decimal, encoding=self.encoding)
        return read_table(Path(self.path), dialect, (*self.targets, *self.categories))
