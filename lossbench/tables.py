"""The window between training and analysis: the names of columns, and the readers of what is stored.

A study's folder holds `runs/part-*.parquet`, one row a run. The row carries the run's curves as lists, so that a
run and its records are written, or lost, together. Read, they become two tables: `runs`, a row a run, with the
spec spread over columns (`loss`, `loss.link`, `optimizer.lr`, `seed`, …), and `records`, a row a recorded step.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lossbench.errors import BadInput

FORMAT = 1
MANIFEST = "study.json"
PARTS, INVOCATIONS, PARAMETERS = "runs", "invocations", "parameters"  # folders of a study

RUN, SPEC, RECORDING, INVOCATION = "run", "spec", "recording", "invocation"
TASK, OUTCOME, STOPPED, SECONDS, DEVICE, STEPS = "task", "outcome", "stopped", "seconds", "device", "step"
RUN_COLUMNS = {
    RUN: pa.string(),
    SPEC: pa.string(),
    RECORDING: pa.string(),
    INVOCATION: pa.string(),
    TASK: pa.string(),
    OUTCOME: pa.string(),
    STOPPED: pa.int32(),
    SECONDS: pa.float64(),
    DEVICE: pa.string(),
    STEPS: pa.list_(pa.int32()),
}
CURVE = "curve."  # prefix of the columns that hold a quantity's curve
LAYER = "/"  # between a quantity and the layer it belongs to: gradient_norm_weights/2

TRAIN, TEST = "train_", "test_"
LOSS, ACCURACY, LOG_LOSS, BRIER, SQUARED_ERROR = "loss", "accuracy", "log_loss", "brier", "squared_error"
GRADIENT_WEIGHTS, GRADIENT_BIASES = "gradient_norm_weights", "gradient_norm_biases"
OUTPUT_GRADIENT, OUTPUT_ERROR, OUTPUT_SLOPE = "output_gradient", "output_error", "output_slope"
SATURATED, ACTIVATION_MEAN, ACTIVATION_SPREAD = "saturated", "activation_mean", "activation_spread"
UPDATE_RATIO = "update_ratio"


@dataclass(frozen=True)
class Study:
    """What a results folder holds: its manifest, its runs and their records."""

    folder: Path
    manifest: dict[str, Any]
    runs: pd.DataFrame
    records: pd.DataFrame


def layer_column(quantity: str, layer: int) -> str:
    """The column of a quantity at a layer, counted from 1 at the input."""
    return f"{quantity}{LAYER}{layer}"


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
        raise BadInput(f"{path} cannot be read as a study's manifest ({error}). Delete it and run the study again.") from error
    if version != FORMAT:
        raise BadInput(f"{folder} is a study of format {version}; this lossbench reads format {FORMAT}.")
    return manifest


def read_part(path: Path) -> pa.Table:
    """One part, as stored. Raises BadInput where the file is truncated or not a part."""
    try:
        table = pq.read_table(path, partitioning=None)
    except (OSError, pa.ArrowInvalid) as error:
        raise BadInput(
            f"{path} cannot be read ({str(error).splitlines()[0]}). Run the study again: it sets the file aside and trains its runs anew."
        ) from error
    missing = [name for name in RUN_COLUMNS if name not in table.column_names]
    if missing:
        raise BadInput(f"{path} is not a part of a lossbench study: it lacks the column(s) {', '.join(missing)}.")
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
    return Study(folder, manifest, _runs(table), _records(table))


def _runs(table: pa.Table) -> pd.DataFrame:
    runs = table.select([name for name in RUN_COLUMNS if name != STEPS]).to_pandas()
    specs = pd.DataFrame([_flat(json.loads(text)) for text in runs[SPEC]], index=runs.index)
    return pd.concat([runs.drop(columns=SPEC), specs], axis=1)


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
    owner = pc.list_parent_indices(table[STEPS].combine_chunks())
    columns = {RUN: table[RUN].combine_chunks().take(owner), STEPS: pc.list_flatten(table[STEPS].combine_chunks())}
    lengths = pc.list_value_length(table[STEPS].combine_chunks())
    for name in table.column_names:
        if name.startswith(CURVE):
            columns[name.removeprefix(CURVE)] = _curve(table[name].combine_chunks(), lengths)
    return pa.table(columns).to_pandas()


def _curve(curves: pa.ListArray, lengths: pa.Array) -> pa.Array:
    """The flattened curves, with a run that lacks the quantity filled up with as many NaN as it has steps."""
    if curves.null_count == 0:
        return pc.list_flatten(curves)
    filled = [[float("nan")] * n if curve is None else curve for curve, n in zip(curves.to_pylist(), lengths.to_pylist(), strict=True)]
    return pc.list_flatten(pa.array(filled, pa.list_(pa.float64())))
