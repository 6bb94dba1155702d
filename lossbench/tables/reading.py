"""Readers of what is stored.

A study's folder holds `runs/part-*.parquet`, one row a run. The row carries the run's curves as lists, so that a
run and its records are written, or lost, together. Read, they become two tables: `runs`, a row a run, with the
spec spread over columns (`loss`, `loss.link`, `optimizer.lr`, `seed`, …), and `records`, a row a recorded step.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lossbench.errors import BadInput, counted, printable
from lossbench.files.json import read_json
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
    RUN,
    RUN_COLUMNS,
    SPEC,
    STEPS,
)
from lossbench.tables.curve_columns import CurveColumns, Values
from lossbench.tables.hashes import SEED, content_hash
from lossbench.tables.part_checks import refuse_nonsense, typed
from lossbench.tables.part_listing import Gone, each_part
from lossbench.tables.quantity import Quantities, builtin, known_quantities
from lossbench.tables.run_slices import Counts, RunSlices
from lossbench.tables.spec_families import SpecFamilies

LARGEST_MANIFEST = 2**20  # bytes; it holds a format and a name


class Damaged(BadInput):
    """A file among the parts that is none, or no longer: what is wrong with it."""

    def __str__(self) -> str:
        return f"{self.args[0]} Running the study again sets the file aside and trains its runs anew."


@dataclass(frozen=True)
class Study:
    """What a results folder holds: its manifest, its runs, their curves a column at a time, what the columns mean.

    And of the data, by their fingerprints: names of classes, and what accuracies are worth without learning.
    """

    folder: Path
    manifest: dict[str, Any]
    runs: pd.DataFrame
    slices: RunSlices
    columns: Mapping[str, Values]
    quantities: Quantities = field(default_factory=builtin)
    classes: ClassNames = field(default_factory=dict)
    baselines: Baselines = field(default_factory=dict)

    @cached_property
    def records(self) -> pd.DataFrame:
        """A row a recorded step: run, step, and a column a quantity; NaN where a run has no such quantity."""
        owners = np.repeat(np.arange(len(self.slices)), self.slices.lengths)
        columns = {name: self.columns[name] for name in self.columns if name != STEPS}
        return pd.DataFrame({RUN: self.slices.runs[owners], STEPS: self.columns[STEPS].astype(np.int32), **columns})


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

    Raises Damaged where it is truncated, altered or no part at all, Gone where it is not there any more, BadInput where the file
    may not be read.
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
        absent = f"{counted(len(lacking), 'column')}: {', '.join(lacking)}"
        raise Damaged(f"{path} is no part of a lossbench study, for it lacks {absent}.")
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
            raise Gone(f"{path} was there and is gone.") from error
        if error.__cause__ is None:
            raise Damaged(str(error)) from error
        raise BadInput(f"{error} Is it yours to read?") from error


def _sentence(path: Path, error: BadInput) -> str:
    """A fault of a part, as a sentence with the part's name."""
    fault = str(error).rstrip(".")
    return f"{fault}." if fault.startswith(str(path)) else f"{path} is no part that lossbench wrote: {fault}."


class _Head(NamedTuple):
    """A checked part without its curves: runs, their specs apart, and the names of its curves."""

    runs: pa.Table
    specs: list[tuple[int, str]]
    curves: list[str]


def read_study(folder: Path) -> Study:
    """The study, every part of it checked; its curves are unpacked when they are looked at.

    Of a run that was stored twice, the last counts. Raises BadInput where it cannot be read.
    """
    manifest = read_manifest(folder)
    families = SpecFamilies()
    heads = each_part(folder, lambda path: _head(read_part(path), families))
    if not any(head.runs.num_rows for head in heads.values()):
        raise BadInput(f"{folder} holds no runs yet. `lossbench run study={folder.name} …` trains some.")
    table = pa.concat_tables([head.runs.replace_schema_metadata(None) for head in heads.values()])
    kept = np.flatnonzero(~table[RUN].to_pandas().duplicated(keep="last").to_numpy())
    table = table.take(pa.array(kept)).combine_chunks()
    specs = [spec for head in heads.values() for spec in head.specs]
    steps = table[STEPS].combine_chunks()
    slices = RunSlices(pd.Index(table[RUN].to_pandas()), pc.list_value_length(steps).to_numpy())
    stored = {printable(name.removeprefix(CURVE)): name for head in heads.values() for name in head.curves}
    columns = CurveColumns(folder, slices, _rows(heads, kept), stored, pc.list_flatten(steps).to_numpy().astype(float))
    metadata = [head.runs.schema.metadata for head in heads.values()]
    return Study(
        folder=folder,
        manifest=manifest,
        runs=_runs(table, families, [specs[row] for row in kept]),
        slices=slices,
        columns=columns,
        quantities=known_quantities(metadata),
        classes=class_names(metadata),
        baselines=known_baselines(metadata),
    )


def _head(part: pa.Table, families: SpecFamilies) -> _Head:
    specs = [families.add(text) for text in part[SPEC].to_pylist()]
    curves = [name for name in part.column_names if name.startswith(CURVE)]
    return _Head(part.select([name for name in RUN_COLUMNS if name != SPEC]), specs, curves)


def _rows(heads: Mapping[Path, _Head], kept: Counts) -> dict[Path, Counts]:
    """Of each part's rows which of the kept ones they are, -1 for a run that is stored again later."""
    rows = np.full(sum(head.runs.num_rows for head in heads.values()), -1, np.int64)
    rows[kept] = np.arange(len(kept))
    ends = np.cumsum([head.runs.num_rows for head in heads.values()])
    return dict(zip(heads, np.split(rows, ends[:-1]), strict=True))


def _runs(table: pa.Table, families: SpecFamilies, specs: Sequence[tuple[int, str]]) -> pd.DataFrame:
    runs: pd.DataFrame = table.select([name for name in table.column_names if name != STEPS]).to_pandas()
    used, codes = np.unique(np.array([code for code, _ in specs]), return_inverse=True)
    known = [families.families[code].spec for code in used]
    of_family = pd.DataFrame([_flat(_unwrapped(spec)) for spec in known])
    for name in (LABEL_NOISE, HELD_OUT):
        if name in of_family:
            of_family[name] = of_family[name].fillna(0.0)
    flat = of_family.take(codes).set_axis(runs.index)
    flat[SEED] = [int(digits) if digits else known[code][SEED] for code, (_, digits) in zip(codes, specs, strict=True)]
    return pd.concat([runs, flat], axis=1)


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
