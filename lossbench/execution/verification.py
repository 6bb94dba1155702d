"""Stored runs trained again, and what came out held against what is stored."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lossbench.errors import BadInput
from lossbench.execution.executor import run_plan
from lossbench.execution.temporary_folders import temporary_folder
from lossbench.planning.plan import Plan, resources_of, stored_run
from lossbench.planning.spec import Recording, RecordingSchedule
from lossbench.registry import SHELVES, construct, shelf
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
    part_files,
    read_manifest,
    read_part,
)

LIBRARIES = ("lossbench", "torch", "numpy", "numba", "llvmlite", "scipy")  # whose versions may change bits
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
        _refuse_missing_plugins(folder, row)
    again: dict[str, Row] = {}
    with temporary_folder() as folder_again:
        for number, (recording, group) in enumerate(_by_recording(chosen).items()):
            plan = Plan(
                study=f"again-{number}",
                runs=tuple(stored_run(json.loads(row[SPEC])) for row in group),
                recording=_recording(json.loads(recording)),
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


def _refuse_missing_plugins(folder: Path, row: Row) -> None:
    """Raise BadInput where a stored run needs a loss, model, … that nothing here defines: it came from a plugin."""
    for noun, word in _registered_words(json.loads(row[SPEC])):
        if noun not in SHELVES or word in shelf(noun):
            continue
        config = _read(folder / INVOCATIONS / f"{row[INVOCATION]}.json").get("config") or {}
        modules = [str(module) for module in config.get("plugins") or ()]
        named = [f"--plugin {module}" for module in modules if module != "__main__"]
        advice = f"Give {' '.join(named)}." if named else "Give --plugin and the module that defines it."
        if "__main__" in modules:
            advice = "A script or notebook defined it: put its class into a module, and give --plugin and that module."
        raise BadInput(f"Run {row[RUN]} needs the {noun} {word!r}, which no plugin here defines. {advice}")


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


def _recording(described: Mapping[str, Any]) -> Recording:
    return construct(Recording, {**described, "schedule": construct(RecordingSchedule, described["schedule"])})


def _compared(stored: Row, again: Row) -> Iterator[Discrepancy]:
    """The curves that are not the same bits; of runs that did not end alike, nothing but that."""
    if (stored[OUTCOME], stored[STEPS]) != (again[OUTCOME], again[STEPS]):
        lasted = [len(row[STEPS]) and row[STEPS][-1] for row in (stored, again)]
        yield Discrepancy(run=stored[RUN], column=STEPS, step=min(lasted), stored=lasted[0], again=lasted[1], largest=np.inf)
        return
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
        then = _ground(_read(folder / INVOCATIONS / f"{invocation}.json").get("provenance") or {})
        now = _ground(provenance(device, WORKERS))
        differences += [f"{name} {then[name]}, now {now[name]}" for name in now if then.get(name, now[name]) != now[name]]
    return iter(dict.fromkeys(differences))


def _ground(kept: Mapping[str, Any]) -> dict[str, str]:
    """What bits may depend on."""
    versions = kept.get("versions") or {}
    ground = {name: str(versions.get(name)) for name in LIBRARIES if name in versions}
    ground |= {"device": str(kept.get("device")), "system": str((kept.get("machine") or {}).get("system"))}
    if isinstance(kept.get("features"), str):
        ground["processor features"] = _digest(kept["features"])
    chosen = kept.get("instructions")
    return ground | ({"instructions": _listed(chosen)} if isinstance(chosen, Mapping) else {})


def _digest(features: str) -> str:
    """So many features, and which, in a few digits: 62 (3f2ab1c4)."""
    return f"{len(features.split())} ({hashlib.sha256(features.encode()).hexdigest()[:8]})"


def _listed(chosen: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(chosen.items()))


def _read(path: Path) -> dict[str, Mapping[str, Any]]:
    """The mappings that a kept invocation holds by name, `config` and `provenance`; {} where it cannot be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: part for name, part in content.items() if isinstance(part, Mapping)} if isinstance(content, dict) else {}
