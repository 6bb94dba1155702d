"""Readers of what is stored.

A study's folder holds `runs/part-*.parquet`, one row a run. The row carries the run's curves as lists, so that a
run and its records are written, or lost, together. Read, they become two tables: `runs`, a row a run, with the
spec spread over columns (`loss`, `loss.link`, `optimizer.lr`, `seed`, …), and `records`, a row a recorded step.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lossbench.errors import BadInput
from lossbench.tables.columns import (
    CURVE,
    FORMAT,
    HELD_OUT,
    LABEL_NOISE,
    MANIFEST,
    PARTS,
    RUN,
    RUN_COLUMNS,
    SPEC,
    STEPS,
)
from lossbench.tables.quantity import Quantities, builtin, known_quantities


class Damaged(BadInput):
    """A file among the parts that is none, or no longer: what is wrong with it."""

    def __str__(self) -> str:
        return f"{self.args[0]} Running the study again sets the file aside and trains its runs anew."


@dataclass(frozen=True)
class Study:
    """What a results folder holds: its manifest, its runs, their records, and what the records' columns mean."""

    folder: Path
    manifest: dict[str, Any]
    runs: pd.DataFrame
    records: pd.DataFrame
    quantities: Quantities = field(default_factory=builtin)


def part_files(folder: Path) -> list[Path]:
    """The stored parts of a study, oldest first."""
    return sorted((folder / PARTS).glob("part-*.parquet"))


def read_manifest(folder: Path) -> dict[str, Any]:
    """The study's manifest. Raises BadInput where the folder is not a study, or one of another format."""
    path = folder / MANIFEST
    if not path.is_file():
        raise BadInput(f"{folder} is no lossbench study: it has no {MANIFEST}. `lossbench run study=NAME …` makes one.")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text())
        version = manifest["format"]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path} cannot be read as a study's manifest ({error}). "
            f'Write {{"format": {FORMAT}, "name": "{folder.name}"}} into it: the runs beside it are not lost.'
        ) from error
    if version != FORMAT:
        raise BadInput(f"{folder} is a study of format {version}; this lossbench reads format {FORMAT}.")
    return manifest


def content_hash(content: bytes) -> str:
    """16 hexadecimal digits of the SHA-256, by which stored things are named."""
    return hashlib.sha256(content).hexdigest()[:16]


def read_part(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """One part as stored, or some of its columns.

    Raises Damaged where it is truncated, altered or no part at all, BadInput where the file may not be read.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise Damaged(f"{path} was there and is gone.") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}). Is it yours to read?") from error
    named = re.fullmatch(r"part-\d{8}-([0-9a-f]{16})\.parquet", path.name)
    if named and named[1] != content_hash(content):
        raise Damaged(f"{path} is truncated or altered: its content does not match the hash in its name.")
    try:
        # In this thread: pyarrow's own may outlive the interpreter, and letting go of a Python buffer then aborts the process.
        table = pq.ParquetFile(pa.BufferReader(content)).read(columns=columns, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise Damaged(f"{path} cannot be read as parquet ({str(error).splitlines()[0]}).") from error
    lacking = [name for name in columns or RUN_COLUMNS if name not in table.column_names]
    if lacking:
        raise Damaged(f"{path} is no part of a lossbench study: it lacks the column(s) {', '.join(lacking)}.")
    return table


def read_study(folder: Path) -> Study:
    """The whole study. Of a run that was stored twice, the last counts. Raises BadInput where it cannot be read."""
    manifest = read_manifest(folder)
    parts = [read_part(path) for path in part_files(folder)]
    if not parts:
        raise BadInput(f"{folder} holds no runs yet. `lossbench run study={folder.name} …` trains some.")
    table = pa.concat_tables(parts, promote_options="default")
    last = pd.Series(range(table.num_rows)).groupby(table[RUN].to_pandas()).max().sort_values()
    table = table.take(pa.array(last.to_numpy()))
    quantities = known_quantities(part.schema.metadata for part in parts)
    return Study(folder, manifest, _runs(table), _records(table), quantities)


def _runs(table: pa.Table) -> pd.DataFrame:
    runs: pd.DataFrame = table.select([name for name in RUN_COLUMNS if name != STEPS]).to_pandas()
    specs = pd.DataFrame([_flat(_unwrapped(json.loads(text))) for text in runs[SPEC]], index=runs.index)
    for name in (LABEL_NOISE, HELD_OUT):
        if name in specs:
            specs[name] = specs[name].fillna(0.0)
    return pd.concat([runs.drop(columns=SPEC), specs], axis=1)


def _unwrapped(spec: dict[str, Any]) -> dict[str, Any]:
    """The spec with noise on the labels, and what is held out for validation, as shares beside the data set itself."""
    dataset = spec["dataset"]
    if dataset["word"] == "noisy":
        return _unwrapped(spec | {"dataset": dataset["of"], LABEL_NOISE: dataset["rate"]})
    return spec | {"dataset": dataset["of"], HELD_OUT: dataset["size"]} if dataset["word"] == "with_validation" else spec


def _flat(spec: dict[str, Any]) -> dict[str, Any]:
    """{"loss": {"word": "focal", "gamma": 2}} becomes {"loss": "focal", "loss.gamma": 2}; lists become text."""
    flat: dict[str, Any] = {}
    for name, value in spec.items():
        if isinstance(value, dict):
            inner = _flat(value)
            flat |= {name: inner.pop("word")} | {f"{name}.{key}": item for key, item in inner.items()}
        else:
            flat[name] = str(value) if isinstance(value, list) else value
    return flat


def _records(table: pa.Table) -> pd.DataFrame:
    """A row a recorded step: run, step, and a column a quantity; NaN where a run has no such quantity."""
    steps = table[STEPS].combine_chunks()
    owner = pc.list_parent_indices(steps)
    columns = {RUN: table[RUN].combine_chunks().take(owner), STEPS: pc.list_flatten(steps)}
    for name in table.column_names:
        if name.startswith(CURVE):
            columns[name.removeprefix(CURVE)] = _curve(table[name].combine_chunks(), owner.to_numpy())
    records: pd.DataFrame = pa.table(columns).to_pandas()
    return records


def _curve(curves: pa.ListArray, owner: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
    """The flattened curves; a run that lacks the quantity has NaN at each of its steps. `owner` is the run of each step."""
    if curves.null_count == 0:
        return pc.list_flatten(curves)
    filled = np.full(len(owner), np.nan)
    filled[curves.is_valid().to_numpy(zero_copy_only=False)[owner]] = pc.list_flatten(curves).to_numpy()
    return pa.array(filled)
