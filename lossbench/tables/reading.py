"""Readers of what is stored.

A study's folder holds `runs/part-*.parquet`, one row a run. The row carries the run's curves as lists, so that a
run and its records are written, or lost, together. Read, they become two tables: `runs`, a row a run, with the
spec spread over columns (`loss`, `loss.link`, `optimizer.lr`, `seed`, …), and `records`, a row a recorded step.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lossbench.errors import BadInput, printable
from lossbench.files.json import parse_json, read_json
from lossbench.files.parquet import ParquetReader
from lossbench.files.regular import read_bytes
from lossbench.tables.baselines import Baselines, known_baselines
from lossbench.tables.classes import ClassNames, class_names
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
from lossbench.tables.hashes import content_hash
from lossbench.tables.part_checks import refuse_nonsense, typed
from lossbench.tables.quantity import Quantities, builtin, known_quantities

LARGEST_MANIFEST = 2**20  # bytes; it holds a format and a name


class Damaged(BadInput):
    """A file among the parts that is none, or no longer: what is wrong with it."""

    def __str__(self) -> str:
        return f"{self.args[0]} Running the study again sets the file aside and trains its runs anew."


@dataclass(frozen=True)
class Study:
    """What a results folder holds: its manifest, its runs, their records, what the columns mean.

    And of the data, by their fingerprints: names of classes, and what accuracies are worth without learning.
    """

    folder: Path
    manifest: dict[str, Any]
    runs: pd.DataFrame
    records: pd.DataFrame
    quantities: Quantities = field(default_factory=builtin)
    classes: ClassNames = field(default_factory=dict)
    baselines: Baselines = field(default_factory=dict)


def part_files(folder: Path) -> list[Path]:
    """The stored parts of a study, oldest first."""
    return sorted((folder / PARTS).glob("part-*.parquet"))


def read_manifest(folder: Path) -> dict[str, Any]:
    """The study's manifest. Raises BadInput where the folder is not a study, or one of another format."""
    path = folder / MANIFEST
    if not path.exists():
        raise BadInput(f"{folder} is no lossbench study: it has no {MANIFEST}. `lossbench run study=NAME …` makes one.")
    try:
        manifest = read_json(path, LARGEST_MANIFEST)
        fault = _manifest_fault(manifest)
    except BadInput as error:
        fault = str(error).removesuffix(".")
    if fault:
        raise BadInput(
            f"{path} cannot be read as a study's manifest ({fault}). "
            f'Write {{"format": {FORMAT}, "name": "{folder.name}"}} into it: the runs beside it are not lost.'
        )
    if manifest["format"] != FORMAT:
        raise BadInput(f"{folder} is a study of format {manifest['format']}; this lossbench reads format {FORMAT}.")
    return {name: printable(value) if isinstance(value, str) else value for name, value in manifest.items()}


def _manifest_fault(manifest: Any) -> str:
    """What is wrong with a manifest, "" for nothing."""
    if not isinstance(manifest, dict):
        return "it is no mapping"
    if not isinstance(manifest.get("format"), int) or isinstance(manifest["format"], bool):
        return f"its format is {str(manifest.get('format'))[:60]!r}, which is no whole number"
    if not isinstance(manifest.get("name", ""), str):
        return f"its name is {str(manifest['name'])[:60]}, which is no text"
    return ""


def read_part(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """One part as it was written, or some of its columns; what is read is checked, its types and its values.

    Raises Damaged where it is truncated, altered or no part at all, BadInput where the file may not be read.
    """
    content = _part_bytes(path)
    named = re.fullmatch(r"part-\d{8}-([0-9a-f]{16})\.parquet", path.name)
    if named and named[1] != content_hash(content):
        raise Damaged(f"{path} is truncated or altered: its content does not match the hash in its name.")
    try:
        reader = ParquetReader(content, str(path))
        lacking = [name for name in columns or RUN_COLUMNS if name not in reader.schema.names]
        table = None if lacking else typed(reader.read(columns))
    except BadInput as error:
        raise Damaged(_sentence(path, error)) from error
    if table is None:
        raise Damaged(f"{path} is no part of a lossbench study: it lacks the column(s) {', '.join(lacking)}.")
    try:
        refuse_nonsense(table)
    except BadInput as error:
        raise Damaged(_sentence(path, error)) from error
    return table


def _part_bytes(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except BadInput as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise Damaged(f"{path} was there and is gone.") from error
        if error.__cause__ is None:
            raise Damaged(str(error)) from error
        raise BadInput(f"{error} Is it yours to read?") from error


def _sentence(path: Path, error: BadInput) -> str:
    """A fault of a part, as a sentence with the part's name."""
    fault = str(error).rstrip(".")
    return f"{fault}." if fault.startswith(str(path)) else f"{path} is no part that lossbench wrote: {fault}."


def read_study(folder: Path) -> Study:
    """The whole study. Of a run that was stored twice, the last counts. Raises BadInput where it cannot be read."""
    manifest = read_manifest(folder)
    parts = [read_part(path) for path in part_files(folder)]
    if not any(part.num_rows for part in parts):
        raise BadInput(f"{folder} holds no runs yet. `lossbench run study={folder.name} …` trains some.")
    table = pa.concat_tables(parts, promote_options="default")
    last = pd.Series(range(table.num_rows)).groupby(table[RUN].to_pandas()).max().sort_values()
    table = table.take(pa.array(last.to_numpy()))
    quantities = known_quantities(part.schema.metadata for part in parts)
    metadata = [part.schema.metadata for part in parts]
    return Study(folder, manifest, _runs(table), _records(table), quantities, class_names(metadata), known_baselines(metadata))


def _runs(table: pa.Table) -> pd.DataFrame:
    runs: pd.DataFrame = table.select([name for name in RUN_COLUMNS if name != STEPS]).to_pandas()
    specs = pd.DataFrame([_flat(_unwrapped(parse_json(text, "a spec"))) for text in runs[SPEC]], index=runs.index)
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
    """{"loss": {"word": "focal", "gamma": 2}} becomes {"loss": "focal", "loss.gamma": 2}; lists become text.

    Text is made fit to be shown: a study may come from a stranger.
    """
    flat: dict[str, Any] = {}
    for key, value in spec.items():
        name = printable(key)
        if isinstance(value, dict):
            inner = _flat(value)
            flat |= {name: inner.pop("word")} if "word" in inner else {}
            flat |= {f"{name}.{key}": item for key, item in inner.items()}
        else:
            flat[name] = printable(str(value)) if isinstance(value, list | str) else value
    return flat


def _records(table: pa.Table) -> pd.DataFrame:
    """A row a recorded step: run, step, and a column a quantity; NaN where a run has no such quantity."""
    steps = table[STEPS].combine_chunks()
    owner = pc.list_parent_indices(steps)
    columns = {RUN: table[RUN].combine_chunks().take(owner), STEPS: pc.list_flatten(steps)}
    for name in table.column_names:
        if name.startswith(CURVE):
            columns[printable(name.removeprefix(CURVE))] = _curve(table[name].combine_chunks(), owner.to_numpy())
    records: pd.DataFrame = pa.table(columns).to_pandas()
    return records


def _curve(curves: pa.ListArray, owner: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
    """The flattened curves; a run that lacks the quantity has NaN at each of its steps. `owner` is the run of each step."""
    if curves.null_count == 0:
        return pc.list_flatten(curves)
    filled = np.full(len(owner), np.nan)
    filled[curves.is_valid().to_numpy(zero_copy_only=False)[owner]] = pc.list_flatten(curves).to_numpy()
    return pa.array(filled)
