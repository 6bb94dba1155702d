"""What a sweep means: its points become runs, and what they have in common becomes the plan's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from operator import itemgetter
from typing import Any

import torch

from lossbench.data.loading import describe
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Dataset, Loss
from lossbench.interfaces.recorders import recorder_class
from lossbench.planning.cohorts import cohorts
from lossbench.planning.executor_words import LOCAL, refuse_unknown_executor
from lossbench.planning.instances import instance, known_options
from lossbench.planning.points import distinct_values
from lossbench.planning.run_builder import LONGEST, Parts, RunBuilder, TrainingOptions, checked_seed, refuse_outside
from lossbench.planning.spec import Recording, RecordingSchedule, Resources, RunSpec
from lossbench.planning.target_contract import with_fitting_targets
from lossbench.registry import construct, load_plugins
from lossbench.tables.hashes import run_id

__all__ = ["Plan", "TrainingOptions", "cohorts", "make_plan"]

SEED = "seed"
NOUNS = ("loss", "model", "init", "dataset", "optimizer", "schedule")
SHARED = ("study", "recording", "probes", "examples", "keep", "plugins", "engine")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A set of points: the runs of a study, each once, what is recorded of them, and what may be used to train them."""

    study: str
    runs: tuple[RunSpec, ...]
    recording: Recording
    resources: Resources


def make_plan(points: Sequence[Mapping[str, Any]]) -> Plan:
    """The plan that composed configs make together, one point a run; a run that is named twice is planned once.

    Where a config says a loss, a model, …, there may be a mapping with its word and options, its class, or an instance.
    Raises BadInput where a point makes no sense, or where the points are not of one study.
    """
    if not points:
        raise BadInput("The sweep names no runs.")
    _refuse_keys(points)
    common = {key: _agreed(key, points) for key in SHARED}
    load_plugins(common["plugins"])
    runs = {run.id: run for run in _runs(points)}
    recording = _recording(common)
    for run in runs.values() if recording.keep else ():
        recording.moments(run, describe(run.dataset).shape.rows)
    return Plan(
        study=str(common["study"]),
        runs=tuple(runs.values()),
        recording=recording,
        resources=resources_of(common["engine"]),
    )


def _runs(points: Sequence[Mapping[str, Any]]) -> Iterator[RunSpec]:
    """The runs of the points. What points differ by seed alone is checked and built once, for the first of them."""
    builder = RunBuilder()
    but_seed = itemgetter(*sorted(points[0].keys() - {SEED}))
    settings: dict[tuple[int, ...], int] = {}  # points share the values that they have in common
    own = [settings.setdefault(tuple(map(id, but_seed(point))), len(settings)) for point in points]
    firsts = dict(reversed([*zip(own, points, strict=True)]))
    parts = dict(zip(firsts, _fitting_targets([_parts(builder, point) for point in firsts.values()]), strict=True))
    built: dict[int, RunSpec] = {}
    for setting, point in zip(own, points, strict=True):
        init, seed = parts[setting].init, point[SEED]
        if setting not in built or init.of_seed(seed) != init:
            built[setting] = builder.run(parts[setting], _options(point))
        yield built[setting].of_seed(checked_seed(seed))


def _parts(builder: RunBuilder, point: Mapping[str, Any]) -> Parts:
    """What a point's run is made of; each value is built once."""

    def built(noun: str) -> Any:
        return builder.once((noun, id(point[noun])), lambda: instance(noun, point[noun]))

    return Parts(**{noun: built(noun) for noun in NOUNS})


def _options(point: Mapping[str, Any]) -> TrainingOptions:
    return construct(TrainingOptions, {field.name: point[field.name] for field in fields(TrainingOptions)})


def _fitting_targets(parts: Sequence[Parts]) -> list[Parts]:
    """The same with the targets of each data set scaled as every loss that is compared on it can take them."""
    losses: dict[Dataset, set[Loss]] = {}
    for part in parts:
        losses.setdefault(part.dataset, set()).add(part.loss)
    fitting = {dataset: with_fitting_targets(dataset, compared) for dataset, compared in losses.items()}
    return [part if fitting[part.dataset] is part.dataset else replace(part, dataset=fitting[part.dataset]) for part in parts]


def stored_run(description: Mapping[str, Any]) -> RunSpec:
    """The run that a stored description names, built anew.

    Raises BadInput where this lossbench, or the data and files that it finds, would make another run of it.
    """
    run = described_run(description)
    if run.describe() != description:
        apart = [name for name, value in run.describe().items() if value != description.get(name)]
        raise BadInput(
            f"Run {run_id(description)} cannot be trained again as it was: its {' and '.join(apart)} would be another now."
        )
    return run


def described_run(description: Mapping[str, Any]) -> RunSpec:
    """The run that a description names, on the data as they are now, whatever their fingerprint was.

    Raises BadInput where something in it is not known here, or makes no sense.
    """
    for name in description.keys() - {field.name for field in fields(RunSpec)}:
        raise BadInput(f"Run {run_id(description)} cannot be trained again: its spec has {name!r}, which is not known here.")
    nouns = [noun for noun in NOUNS if noun in description or noun != "schedule"]
    parts: dict[str, Any] = {noun: instance(noun, known_options(noun, description[noun])) for noun in nouns}
    named = {name: value for name, value in description.items() if name not in NOUNS}
    return construct(RunSpec, named | parts | {"data": describe(parts["dataset"]).fingerprint})


def _refuse_keys(points: Sequence[Mapping[str, Any]]) -> None:
    """Every point has every setting, and no other."""
    known = {*NOUNS, *SHARED, *(field.name for field in fields(TrainingOptions))}
    for keys in set(map(frozenset, points)):
        for key in sorted(keys - known):
            raise unknown("setting", key, known)
        for key in sorted(known - keys):
            raise BadInput(f"The setting {key!r} is gone; every run has one.")


def _agreed(key: str, points: Sequence[Mapping[str, Any]]) -> Any:
    """The value of a setting that the runs of a study have in common."""
    first, *others = distinct_values(key, points)
    if others:
        raise BadInput(
            f"{key} is one for a whole sweep, and this one names several: {', '.join(map(repr, [first, *others][:5]))}."
        )
    return first


def _recording(common: Mapping[str, Any]) -> Recording:
    refuse_outside("examples", common["examples"], 1, LONGEST)
    if common["probes"] == []:
        raise BadInput("probes is []; with nothing recorded there is nothing to compare. null records everything.")
    options = {
        "schedule": _section(RecordingSchedule, "recording", common["recording"]),
        "probes": _listed(common["probes"]),
        "examples": common["examples"],
        "keep": _listed(common["keep"]),
    }
    recording = construct(Recording, options)
    for word in recording.probes:
        recorder_class(word)
    return recording


def _listed(value: Any) -> Any:
    """A word alone is a list of one, and null one of none."""
    return [] if value is None else [value] if isinstance(value, str) else value


def resources_of(engine: Any) -> Resources:
    """The resources that a config's engine names. Raises BadInput where this machine does not have them."""
    resources: Resources = _section(Resources, "engine", engine)
    refuse_outside("engine.workers", resources.workers, 1, 1024)
    refuse_outside("engine.tile", resources.tile, 1, 10**6)
    refuse_outside("engine.minutes", resources.minutes, 1, 10**6)
    refuse_outside("engine.gigabytes", resources.gigabytes, 0.1, 10**4)
    refuse_outside("engine.array", resources.array, 1, 10**4)
    _refuse_cluster(resources)
    if resources.device == "cuda" and not torch.cuda.is_available():
        raise BadInput(
            f"engine.device is cuda, and torch {torch.__version__} sees no CUDA device here. Possible: engine.device=cpu."
        )
    return resources


def _refuse_cluster(resources: Resources) -> None:
    """Raise BadInput where the settings of a cluster do not fit together."""
    refuse_unknown_executor(resources.executor)
    if resources.executor == "dask" and not resources.address:
        raise BadInput("engine.executor=dask wants the address of a scheduler: engine.address=tcp://HOST:PORT.")
    if resources.address and resources.executor != "dask":
        raise BadInput(f"engine.address is {resources.address}, a Dask scheduler's; it goes with engine.executor=dask.")
    for name in ("partition", "minutes", "gigabytes", "array"):
        if getattr(resources, name) is not None and resources.executor != "slurm":
            raise BadInput(f"engine.{name} is {getattr(resources, name)}, for Slurm; it goes with engine.executor=slurm.")
    if resources.storage == "driver" and resources.executor != "dask":
        raise BadInput("engine.storage is driver, which goes with engine.executor=dask; all others store into a shared folder.")
    if resources.executor not in LOCAL and resources.device == "cuda":
        raise BadInput(f"engine.executor={resources.executor} trains on CPUs. Possible with engine.device=cuda: serial and loky.")


def _section(cls: type, name: str, options: Any) -> Any:
    if not isinstance(options, Mapping):
        raise BadInput(f"{name} is {options!r}; it has settings of its own: {', '.join(field.name for field in fields(cls))}.")
    return construct(cls, options, f"{name}.")
