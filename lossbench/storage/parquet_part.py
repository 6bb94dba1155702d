"""The content of what is stored: traces as parquet, parameters as npz; plain bytes, and no pickle."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lossbench.interfaces import Array, Task
from lossbench.planning.spec import Parameters
from lossbench.tables import (
    BASELINES_KEY,
    CLASSES_KEY,
    CURVE,
    DEVICE,
    INVOCATION,
    METADATA_KEY,
    OUTCOME,
    RECORDING,
    RUN,
    RUN_COLUMNS,
    SECONDS,
    SPEC,
    STEPS,
    STOPPED,
    TASK,
    Quantity,
)
from lossbench.tables.quantity import parts_of, written

AnyArray = np.ndarray[tuple[int, ...], np.dtype[np.number[Any]]]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What the rows of a part have in common: the recording's JSON, the invocation's id, the task and the device.

    `quantities` declare what its columns may hold; a part keeps the declarations of those that it has. `classes` are the names of
    the classes, () where these are called by their numbers; `baselines` are the accuracies, by column, of who always answers
    the most frequent class.
    """

    recording: str
    invocation: str
    task: Task
    device: str
    quantities: tuple[Quantity, ...] = ()
    classes: tuple[str, ...] = ()
    baselines: Mapping[str, float] = field(default_factory=dict)


class StoredRun(Protocol):
    """What decides a run, as it is stored."""

    @property
    def id(self) -> str:
        """16 hexadecimal digits that name it."""

    def describe(self) -> dict[str, Any]:
        """Words, options and numbers as plain values."""


class StoredTrace(Protocol):
    """What one run left, as it is stored: the fields of a Trace."""

    @property
    def run(self) -> StoredRun: ...
    @property
    def outcome(self) -> str:
        """Whether it finished or diverged."""

    @property
    def stopped(self) -> int:
        """The step before which it was last finite."""

    @property
    def steps(self) -> tuple[int, ...]: ...
    @property
    def values(self) -> dict[str, Array]: ...
    @property
    def parameters(self) -> Parameters | None: ...
    @property
    def seconds(self) -> float: ...
    @property
    def moments(self) -> Mapping[str, Parameters]: ...


def part_content(traces: Sequence[StoredTrace], origin: Origin) -> bytes:
    """The traces as one parquet file, a row a run.

    Raises ValueError where a quantity has not one number for each recorded step of its run.
    """
    return table_content(_table(traces, origin))


def table_content(table: pa.Table) -> bytes:
    """A table of runs as the bytes of a part."""
    texts = [name for name, kind in RUN_COLUMNS.items() if kind == pa.string()]
    # Neighbouring steps differ little, which only a byte stream split lets zstd see: a third of the plain size, and faster.
    floats = [f"{name}.list.element" for name in table.column_names if name.startswith(CURVE)]
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", use_dictionary=texts, use_byte_stream_split=floats)
    return sink.getvalue()


def parameters_content(parameters: Parameters) -> bytes:
    """Parameters as npz: weight_1 (out, in), bias_1 (out, 1), weight_2, …; loads with allow_pickle=False.

    Those of a torch module, of any shapes, are called module.NAME, buffers included.
    """
    arrays: dict[str, Any] = {}
    if isinstance(parameters, dict):
        arrays |= {f"module.{name}": array for name, array in parameters.items()}
    for number, layer in enumerate(parameters if isinstance(parameters, tuple) else (), start=1):
        arrays |= {f"weight_{number}": np.asarray(layer.weight), f"bias_{number}": np.asarray(layer.bias)}
    sink = io.BytesIO()
    np.savez(sink, **arrays)
    return sink.getvalue()


def _table(traces: Sequence[StoredTrace], origin: Origin) -> pa.Table:
    count = len(traces)
    columns = {
        RUN: [trace.run.id for trace in traces],
        SPEC: [json.dumps(trace.run.describe(), sort_keys=True) for trace in traces],
        RECORDING: [origin.recording] * count,
        INVOCATION: [origin.invocation] * count,
        TASK: [origin.task] * count,
        OUTCOME: [trace.outcome for trace in traces],
        STOPPED: [trace.stopped for trace in traces],
        SECONDS: [trace.seconds for trace in traces],
        DEVICE: [origin.device] * count,
    }
    arrays = {name: pa.array(values, RUN_COLUMNS[name]) for name, values in columns.items()}
    lengths = [len(trace.steps) for trace in traces]
    arrays[STEPS] = _lists([np.array(trace.steps, dtype=np.int32) for trace in traces], lengths, np.int32)
    for quantity in sorted({name for trace in traces for name in trace.values}):
        arrays[CURVE + quantity] = _lists([trace.values.get(quantity) for trace in traces], lengths, np.float64)
    stems = {parts_of(name)[0] for trace in traces for name in trace.values}
    own = [item for item in origin.quantities if item.stem in stems]
    metadata = {METADATA_KEY: written(own).encode()} if own else {}
    for key, known in ((CLASSES_KEY, origin.classes), (BASELINES_KEY, dict(origin.baselines))):
        if known:
            metadata[key] = json.dumps({trace.run.describe()["data"]: known for trace in traces}).encode()
    return pa.table(arrays).replace_schema_metadata(metadata or None)


def _lists(curves: Sequence[AnyArray | None], lengths: Sequence[int], dtype: type[np.number[Any]]) -> pa.ListArray:
    """One list a run, of the lengths given; null for a run without the quantity."""
    for curve, length in zip(curves, lengths, strict=True):
        if curve is not None and curve.shape != (length,):
            raise ValueError(f"a curve of shape {curve.shape} does not fit a run with {length} recorded steps")
    lacking = np.array([curve is None for curve in curves])
    offsets = np.cumsum([0, *np.where(lacking, 0, lengths)], dtype=np.int32)
    flat = np.concatenate([curve for curve in curves if curve is not None], dtype=dtype)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat), mask=pa.array(lacking) if lacking.any() else None)
