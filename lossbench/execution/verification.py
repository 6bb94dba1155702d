"""Stored runs trained again, and what came out held against what is stored."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lossbench.errors import BadInput, unknown
from lossbench.execution.executor import run_plan
from lossbench.execution.ground import ground
from lossbench.execution.temporary_folders import temporary_folder
from lossbench.files.json import parse_json
from lossbench.models.factory import module_of
from lossbench.planning.plan import Plan, resources_of, stored_run
from lossbench.planning.spec import Recording, RecordingSchedule
from lossbench.registry import SHELVES, construct, every_class, field_types, is_named_plugin
from lossbench.storage.provenance import provenance
from lossbench.tables import (
    CURVE,
    DEVICE,
    INVOCATION,
    INVOCATIONS,
    OUTCOME,
    RECORDING,
    RUN,
    SPEC,
    STEPS,
    STOPPED,
    TASK,
    Invocation,
    part_files,
    read_invocation,
    read_manifest,
    read_part,
)

SAMPLE = 4  # runs that are trained again where nobody says how many
TOLERANCE = 0.01  # of the largest value of a curve, between machines or versions that round otherwise
WORKERS = 1  # what provenance asks for; how many worked side by side changes no number

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Discrepancy:
    """A curve of a run that came out otherwise: the first step, both values, and the largest difference, by the curve's size."""

    run: str
    column: str
    step: int
    stored: float
    again: float
    largest: float


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What training some of a study's runs again found; `elsewhere` names what differs between then and now."""

    stored: int
    again: int
    elsewhere: tuple[str, ...]
    discrepancies: tuple[Discrepancy, ...]

    @property
    def holds(self) -> bool:
        """Whether all came out alike: the same bits on the same ground, within the tolerance elsewhere."""
        allowed = TOLERANCE if self.elsewhere else 0.0
        return all(curve.largest <= allowed for curve in self.discrepancies)


def verify(folder: Path, most: int | None) -> Verification:
    """Train `most` of a study's stored runs again, or all for None, and compare. The study itself is only read.

    The first runs by id are taken, which is as good as drawn and always the same. Raises BadInput where a stored run
    cannot be trained again: an edited part, another format, a data set that has changed, a device that is not here.
    """
    read_manifest(folder)
    rows = _rows(folder)
    chosen = dict(sorted(rows.items())[:most])
    for row in chosen.values():
        refuse_missing_plugins(folder, row)
    again: dict[str, Row] = {}
    with temporary_folder() as folder_again:
        for number, (recording, group) in enumerate(_by_recording(chosen).items()):
            plan = Plan(
                study=f"again-{number}",
                runs=tuple(stored_run(parse_json(row[SPEC], f"the spec of run {row[RUN]}")) for row in group),
                recording=_recording(recording),
                resources=resources_of({"device": group[0][DEVICE]}),
            )
            again |= _rows(run_plan(plan, Path(folder_again), [], None).folder)
    return Verification(
        stored=len(rows),
        again=len(chosen),
        elsewhere=tuple(_elsewhere(folder, chosen.values())),
        discrepancies=tuple(curve for run, row in chosen.items() for curve in _compared(row, again[run])),
    )


def _rows(folder: Path) -> dict[str, Row]:
    """The stored row of every run, curves included; of a run that was stored twice, the last. Raises BadInput for none."""
    tables = [read_part(path) for path in part_files(folder)]
    if not tables:
        raise BadInput(f"{folder} holds no runs to verify.")
    return {row[RUN]: row for row in pa.concat_tables(tables, promote_options="default").to_pylist()}


def refuse_missing_plugins(folder: Path, row: Row) -> None:
    """Raise BadInput where a stored run needs a loss, model, … that nothing here defines: it came from a plugin."""
    spec = parse_json(row[SPEC], f"the spec of run {row[RUN]}")
    path = str((spec.get("model") or {}).get("path", ""))
    if path and module_of(path) not in sys.modules:  # which would be run: a study may be a stranger's
        raise BadInput(f"Run {row[RUN]} needs the module {module_of(path)!r}. If you trust it, give --plugin {module_of(path)}.")
    for imported in _imported_paths(spec):
        if not is_named_plugin(module_of(imported)):  # named, for subprocess and its like are always in sys.modules
            advice = f"If you trust it, give --plugin {module_of(imported)}."
            raise BadInput(f"Run {row[RUN]} trains with {imported}, which would be run. {advice}")
    for noun, word in _registered_words(spec):
        if noun not in SHELVES or word in every_class(noun):
            continue
        named = _invocation(folder, row[INVOCATION]).config.get("plugins")
        modules = [str(module) for module in named] if isinstance(named, list) else []
        flags = [f"--plugin {module}" for module in modules if module != "__main__"]
        advice = f"Give {' '.join(flags)}." if flags else "Give --plugin and the module that defines it."
        if "__main__" in modules:
            advice = "A script or notebook defined it: put its class into a module, and give --plugin and that module."
        raise BadInput(f"Run {row[RUN]} needs the {noun} {word!r}, which no plugin here defines. {advice}")


def _imported_paths(description: Mapping[str, Any]) -> Iterator[str]:
    """The paths of all losses in a description that are somebody's callables, whatever wraps them."""
    for name, value in description.items():
        if isinstance(value, Mapping):
            if name == "loss" and "path" in value:
                yield str(value["path"])
            yield from _imported_paths(value)


def _registered_words(description: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The nouns and words of a description, those of what a thing wraps by the option's name: ("loss", "focal")."""
    for name, value in description.items():
        if isinstance(value, Mapping):
            yield name, str(value.get("word"))
            yield from _registered_words(value)


def _by_recording(rows: Mapping[str, Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows.values():
        groups.setdefault(row[RECORDING], []).append(row)
    return groups


def _recording(text: str) -> Recording:
    """The recording that a stored row was made under. Raises BadInput where the text is none."""
    described = parse_json(text, "a run's recording")
    if not isinstance(described, dict) or not isinstance(described.get("schedule"), dict):
        raise BadInput(
            f"A run says that it was recorded as {text[:60]!r}; a recording has a schedule, probes, examples and keep."
        )
    known = {Recording: described, RecordingSchedule: described["schedule"]}
    for cls, given in known.items():
        for name in given.keys() - field_types(cls):
            raise unknown("part of a recording", name, field_types(cls))
    return construct(Recording, {**described, "schedule": construct(RecordingSchedule, described["schedule"])})


def _compared(stored: Row, again: Row) -> Iterator[Discrepancy]:
    """The curves that are not the same bits; of runs that did not end alike, nothing but that."""
    if (stored[OUTCOME], stored[STEPS]) != (again[OUTCOME], again[STEPS]):
        lasted = [len(row[STEPS]) and row[STEPS][-1] for row in (stored, again)]
        yield Discrepancy(run=stored[RUN], column=STEPS, step=min(lasted), stored=lasted[0], again=lasted[1], largest=np.inf)
        return
    if stored[TASK] != again[TASK]:
        raise BadInput(
            f"Run {stored[RUN]} is stored as a {stored[TASK]}, and its data set is a {again[TASK]}: the part was changed."
        )
    if stored[STOPPED] != again[STOPPED]:
        apart = abs(stored[STOPPED] - again[STOPPED]) / max(again[STOPPED], 1)
        ends = (stored[STOPPED], again[STOPPED])
        yield Discrepancy(run=stored[RUN], column=STOPPED, step=min(ends), stored=ends[0], again=ends[1], largest=apart)
    for column in sorted(name for name in {**stored, **again} if name.startswith(CURVE)):
        one, other = (np.array(row.get(column) or [], dtype=float) for row in (stored, again))
        name = column.removeprefix(CURVE)
        if len(one) != len(other):
            yield Discrepancy(run=stored[RUN], column=name, step=0, stored=len(one), again=len(other), largest=np.inf)
        elif not np.array_equal(one, other, equal_nan=True):
            yield _difference(stored, name, one, other)


def _difference(stored: Row, name: str, one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> Discrepancy:
    with np.errstate(invalid="ignore"):
        apart = np.abs(one - other)
        apart[(one == other) | (np.isnan(one) & np.isnan(other))] = 0.0
        size = np.nanmax(np.abs(one)) or 1.0
    first = int(np.flatnonzero(apart != 0)[0])  # a NaN, where one of the two has no value, is not 0
    largest = float(np.inf if np.isnan(apart).any() else apart.max() / size)
    step = stored[STEPS][first]
    return Discrepancy(run=stored[RUN], column=name, step=step, stored=one[first], again=other[first], largest=largest)


def _elsewhere(folder: Path, rows: Iterable[Row]) -> Iterator[str]:
    """What differs between the ground on which the runs were trained and this one, such as "torch 2.12.0, now 2.13.0"."""
    kept = {row[INVOCATION]: row[DEVICE] for row in rows}
    differences = []
    for invocation, device in kept.items():
        then = ground(_invocation(folder, invocation).provenance)
        now = ground(provenance(device, WORKERS))
        differences += [f"{name} {then[name]}, now {now[name]}" for name in now if then.get(name, now[name]) != now[name]]
    return iter(dict.fromkeys(differences))


def _invocation(folder: Path, name: str) -> Invocation:
    """A kept invocation, empty where there is none. Raises BadInput where it was altered, for it says what bits depend on."""
    kept = read_invocation(folder, name) or Invocation()
    if kept.altered:
        raise BadInput(
            f"{folder / INVOCATIONS / name}.json was changed since it was written: its content does not match its name."
        )
    return kept
