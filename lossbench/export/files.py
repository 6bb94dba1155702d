"""Tidy tables as files: CSV for everything that reads text, parquet for what wants types and size."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from lossbench.atomic import write_whole
from lossbench.export.choice import Choice
from lossbench.export.tidy import tidy_tables
from lossbench.report.csv_tables import csv

Written = Callable[[pd.DataFrame], bytes]


def write_csv(choice: Choice, out: Path) -> str:
    """Write each table as OUT/NAME.csv, numbers to ten digits; what was written, in a sentence."""
    return _write(choice, out, {"csv": csv})


def write_parquet(choice: Choice, out: Path) -> str:
    """Write each table as OUT/NAME.parquet, every bit kept; what was written, in a sentence."""
    return _write(choice, out, {"parquet": _parquet})


def _write(choice: Choice, out: Path, written: Mapping[str, Written]) -> str:
    tables = tidy_tables(choice)
    for ending, content in written.items():
        for name, table in tables.items():
            write_whole(out / f"{name}.{ending}", content(table))
    rows = ", ".join(f"{name} ({len(table):,} rows)" for name, table in tables.items())
    return f"{out}: {rows}."


def _parquet(table: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    table.to_parquet(sink, engine="pyarrow", compression="zstd", index=False)
    return sink.getvalue()
