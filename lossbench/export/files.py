"""Tidy tables as files: CSV for everything that reads text, parquet for what wants types and size."""

import io
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from lossbench.atomic import write_whole
from lossbench.export.choice import Choice
from lossbench.export.tidy import RUNS_TABLES, tidy_tables
from lossbench.report.csv_tables import csv


def write_csv(choice: Choice, out: Path) -> str:
    """Write each table as OUT/NAME.csv, numbers to ten digits; what was written, in a sentence."""
    return _write(choice, out, "csv", csv)


def write_parquet(choice: Choice, out: Path) -> str:
    """Write each table as OUT/NAME.parquet, every bit kept; what was written, in a sentence."""
    return _write(choice, out, "parquet", _parquet)


def _write(choice: Choice, out: Path, ending: str, content: Callable[[pd.DataFrame], bytes]) -> str:
    tables = tidy_tables(choice)
    for name, table in tables.items():
        write_whole(out / f"{name}.{ending}", content(table))
    for name in set(RUNS_TABLES) - tables.keys():  # of an earlier export, lest they be taken for this one's
        (out / f"{name}.{ending}").unlink(missing_ok=True)
    rows = ", ".join(f"{name} ({len(table):,} rows)" for name, table in tables.items())
    return f"{out}: {rows}."


def _parquet(table: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    table.to_parquet(sink, engine="pyarrow", compression="zstd", index=False)
    return sink.getvalue()
