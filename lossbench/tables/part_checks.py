"""What holds of every part that lossbench wrote, checked when one is read: it may have come to harm, or from somebody else.

Columns are brought to the types in which they are written. Nothing is guessed: what is missing or makes no sense is a fault of
the part, told in words. Run ids are hashes of specs, so that a spec which was edited is found out, too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lossbench.errors import BadInput, counted
from lossbench.tables.baselines import BASELINES_KEY, parsed_baselines
from lossbench.tables.classes import CLASSES_KEY, parsed_classes
from lossbench.tables.columns import CURVE, LABEL_NOISE, OUTCOME, RUN, RUN_COLUMNS, SPEC, STEPS, STOPPED, TASK
from lossbench.tables.quantity import METADATA_KEY, parsed
from lossbench.tables.spec_families import SpecFamilies

NOUNS = ("loss", "model", "init", "dataset", "optimizer")
NUMBERS = ("seed", "steps")  # of a spec, whole and 0 or more
WORDS = ("data", "order", "dtype")
OPTIONAL_NOUNS = ("schedule",)
NUMBERS_OR_NULL = ("batch", "clip_norm", "optimizer.lr")
POSSIBLE = {OUTCOME: ("finished", "diverged"), TASK: ("classification", "multilabel", "ordinal", "regression")}
LARGEST = 2**63 - 1
LONGEST_WORD = 200  # characters; which words there are is for those to know who build things from them
_HASH = re.compile(r"[0-9a-f]{16}")
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


def typed(table: pa.Table) -> pa.Table:
    """A part's columns in the types in which they are written, nothing missing. Raises BadInput for what does not fit.

    Other columns than those of a run and its curves are left out.
    """
    names = table.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadInput(f"it has two columns called {twice[0]!r}")
    kinds = {name: RUN_COLUMNS.get(name, pa.list_(pa.float64())) for name in names if name in RUN_COLUMNS or _is_curve(name)}
    return pa.table({name: _column(table[name], name, kind) for name, kind in kinds.items()}, metadata=table.schema.metadata)


def refuse_nonsense(table: pa.Table) -> None:
    """Raise BadInput where a typed part, or as much of it as was read, holds what no training leaves."""
    if STEPS in table.column_names:
        _refuse_steps(table)
    for name, possible in POSSIBLE.items():
        if name in table.column_names:
            for value in set(pc.unique(table[name]).to_pylist()) - set(possible):
                raise BadInput(f"{name} is {value!r} in a row; possible are {', '.join(possible)}")
    if {RUN, SPEC} <= set(table.column_names):
        _refuse_specs(table[RUN].to_pylist(), table[SPEC].to_pylist())
    if METADATA_KEY in (table.schema.metadata or {}):
        parsed(table.schema.metadata[METADATA_KEY])
    if CLASSES_KEY in (table.schema.metadata or {}):
        parsed_classes(table.schema.metadata[CLASSES_KEY])
    if BASELINES_KEY in (table.schema.metadata or {}):
        parsed_baselines(table.schema.metadata[BASELINES_KEY])


def _is_curve(name: str) -> bool:
    return name.startswith(CURVE) and len(name) > len(CURVE)


def _column(column: pa.ChunkedArray, name: str, kind: pa.DataType) -> pa.ChunkedArray:
    """A column in the type in which it is written. Raises BadInput."""
    try:
        column = column.cast(kind)  # safe: a number that would be another one is an error
    except pa.ArrowException as error:
        raise BadInput(f"the column {name!r} has the type {column.type}, where {kind} is right ({_first_line(error)})") from error
    if column.null_count and not _is_curve(name):
        raise BadInput(f"the column {name!r} has {counted(column.null_count, 'empty cell')}")
    if pa.types.is_list(kind) and pc.list_flatten(column).null_count:
        raise BadInput(f"the column {name!r} has a list with an empty cell")
    return column


def _refuse_steps(table: pa.Table) -> None:
    """Raise BadInput where steps do not ascend from 0 or more, a curve has another length, or a run stopped before its end."""
    steps = table[STEPS].combine_chunks()
    lengths = pc.list_value_length(steps).to_numpy(zero_copy_only=False)
    flat = pc.list_flatten(steps).to_numpy(zero_copy_only=False).astype(np.int64)  # a difference of two may need a bit more
    ends = np.cumsum(lengths)
    firsts = (ends - lengths)[lengths > 0]
    inner: Flags = np.ones(len(flat), dtype=bool)
    inner[firsts] = False
    if (flat[firsts] < 0).any() or (np.diff(flat, prepend=0)[inner] <= 0).any():
        raise BadInput("the recorded steps of a run do not ascend from 0 or more")
    if STOPPED in table.column_names:
        stopped = table[STOPPED].to_numpy()
        if (stopped < 0).any() or (stopped[lengths > 0] < flat[ends[lengths > 0] - 1]).any():
            raise BadInput("a run stopped before the last step that it recorded")
    for name in filter(_is_curve, table.column_names):
        own = pc.list_value_length(table[name])
        if pc.any(pc.not_equal(own, pa.array(lengths))).as_py():  # a run without the quantity has null, which is neither
            raise BadInput(f"the column {name!r} has not one number for each recorded step")


def _refuse_specs(runs: Sequence[str], texts: Sequence[str]) -> None:
    """Raise BadInput where a run's spec lacks something, or is not the one that its id was made from."""
    specs = SpecFamilies()
    checked = 0
    for run, text in zip(runs, texts, strict=True):
        code, digits = specs.add(text, f"the spec of run {run}")
        for family in specs.families[checked:]:
            _refuse_spec(run, family.spec)
            checked += 1
        # An id of 16 hexadecimal digits is the hash of its spec; other ids claim nothing.
        if _HASH.fullmatch(run) and run != specs.id_of(code, digits):
            raise BadInput(f"run {run} is not the one that its spec describes: the spec was changed")


def _refuse_spec(run: str, spec: Any) -> None:
    """Raise BadInput where a run's spec lacks something, or something in it makes no sense."""
    where = f"the spec of run {run}"
    if not isinstance(spec, dict):
        raise BadInput(f"{where} is no mapping")
    lacking = sorted({*NOUNS, *NUMBERS, *WORDS, "batch"} - spec.keys())
    if lacking:
        raise BadInput(f"{where} has no {' and no '.join(lacking)}")
    for name in _faults(spec):
        raise BadInput(f"{where} has {name}: {str(_inner(spec, name))[:60]}, which makes no sense")


def _faults(spec: Mapping[str, Any]) -> Iterator[str]:
    """The parts of a spec that are not what they should be, by their paths."""
    yield from sorted(name for name in spec if name in {*RUN_COLUMNS, LABEL_NOISE} or not name.isidentifier())
    yield from (name for name in (*NOUNS, *OPTIONAL_NOUNS) if not _is_thing(spec.get(name)) and (name in NOUNS or name in spec))
    yield from (name for name in NUMBERS if not _is_count(spec[name]))
    yield from (name for name in WORDS if not isinstance(spec[name], str))
    yield from (name for name in NUMBERS_OR_NULL if not _is_number(_inner(spec, name)))
    if _inner(spec, "dataset.word") == "noisy":
        yield from ("dataset.of" for _ in range(not _is_thing(_inner(spec, "dataset.of"))))
        yield from ("dataset.rate" for _ in range(not isinstance(_inner(spec, "dataset.rate"), int | float)))


def _is_thing(value: Any) -> bool:
    """Whether a value is a loss, a model, …: a mapping with a word, and so is what it wraps."""
    if not isinstance(value, dict) or not isinstance(value.get("word"), str) or not 0 < len(value["word"]) <= LONGEST_WORD:
        return False
    return all(_is_thing(inner) for inner in value.values() if isinstance(inner, dict) and "word" in inner)


def _inner(spec: Mapping[str, Any], path: str) -> Any:
    value: Any = spec
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
