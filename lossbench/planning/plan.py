"""What a sweep means: its points become runs, and what they have in common becomes the plan's."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, cast

import torch

from lossbench.data.loading import Described, describe
from lossbench.datasets.noisy import Noisy
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Dataset, Init, Loss, Model, Optimizer, Schedule
from lossbench.interfaces.recorders import recorder_class
from lossbench.planning.cohorts import cohorts
from lossbench.planning.spec import Recording, RecordingSchedule, Resources, RunSpec, content_id
from lossbench.registry import Registered, construct, field_types, find, load_plugins

__all__ = ["Plan", "cohorts", "make_plan"]

NOUNS = ("loss", "model", "init", "dataset", "optimizer", "schedule")
SHARED = ("study", "recording", "probes", "examples", "keep", "plugins", "engine")
LARGEST_SEED = 2**32 - 1
LONGEST = 2**31 - 1  # steps, which are stored in 32 bits


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A set of points: the runs of a study, each once, what is recorded of them, and what may be used to train them."""

    study: str
    runs: tuple[RunSpec, ...]
    recording: Recording
    resources: Resources


@dataclass(frozen=True, kw_only=True)
class Course:
    """How one training goes, as a config says it: `steps` where given, else `epochs` of as many whole batches as fit."""

    seed: int
    batch: int | None
    order: Literal["shuffled", "sequential"]
    epochs: int
    steps: int | None
    dtype: Literal["float32", "float64"]
    label_noise: float
    clip_norm: float | None

    def __post_init__(self) -> None:
        _within("seed", self.seed, 0, LARGEST_SEED)
        _within("epochs", self.epochs, 1, LONGEST)
        _within("steps", self.steps, 1, LONGEST)
        _within("batch", self.batch, 1, LONGEST)
        _within("label_noise", self.label_noise, 0, 1)
        if self.clip_norm is not None and not 0 < self.clip_norm < math.inf:
            raise BadInput(f"clip_norm is {self.clip_norm:g}; a norm to keep gradients to is above 0, and null clips none.")


class Builder:
    """Builds runs from points, and each thing once: points share the options that they have in common."""

    def __init__(self) -> None:
        self.built: dict[Hashable, Any] = {}

    def run(self, point: Mapping[str, Any]) -> RunSpec:
        """The run that a point names. Raises BadInput where its parts, or their combination, make no sense."""
        course = construct(Course, {field.name: point[field.name] for field in fields(Course)})
        dataset = cast(Dataset, self.thing("dataset", point["dataset"]))
        if course.label_noise > 0:
            dataset = self.once(("noisy", dataset, course.label_noise), lambda: _noisy(dataset, course.label_noise))
        described: Described = self.once(("shape", dataset), lambda: describe(dataset))
        shape, fingerprint = described
        loss, init = cast(Loss, self.thing("loss", point["loss"])), cast(Init, self.thing("init", point["init"]))
        _refuse_widths(loss, init, shape.targets)
        return RunSpec(
            loss=self.once((loss, shape.task, shape.targets), lambda: loss.on(shape.task, shape.targets)),
            model=cast(Model, self.thing("model", point["model"])),
            init=self.once((init, shape.task, shape.targets), lambda: init.on(shape.task, shape.targets)),
            dataset=dataset,
            optimizer=cast(Optimizer, self.thing("optimizer", point["optimizer"])),
            data=fingerprint,
            seed=course.seed,
            steps=_steps(course, shape.rows, dataset.word),
            batch=course.batch,
            order=course.order,
            dtype=course.dtype,
            schedule=self.schedule(point["schedule"]),
            clip_norm=course.clip_norm,
        )

    def schedule(self, options: Any) -> Schedule | None:
        """The schedule that options with a word name; None where it leaves the learning rate as it is."""
        schedule = cast(Schedule, self.thing("schedule", options))
        return None if schedule.constant else schedule

    def thing(self, noun: str, options: Any) -> Registered:
        """The thing that options with a word name. The same dictionary gives the same thing."""
        return cast(Registered, self.once((noun, id(options)), lambda: _thing(noun, options)))

    def once(self, key: Hashable, build: Any) -> Any:
        """What `build` gives, built at the first call with the key."""
        if key not in self.built:
            self.built[key] = build()
        return self.built[key]


def make_plan(points: Sequence[Mapping[str, Any]]) -> Plan:
    """The plan that composed configs make together, one point a run; a run that is named twice is planned once.

    Raises BadInput where a point makes no sense, or where the points are not of one study.
    """
    if not points:
        raise BadInput("The sweep names no runs.")
    _refuse_keys(points)
    common = {key: _agreed(key, points) for key in SHARED}
    load_plugins(common["plugins"])
    builder = Builder()
    runs = {run.id: run for run in map(builder.run, points)}
    return Plan(
        study=str(common["study"]),
        runs=tuple(runs.values()),
        recording=_recording(common),
        resources=resources_of(common["engine"]),
    )


def stored_run(description: Mapping[str, Any]) -> RunSpec:
    """The run that a stored description names, built anew.

    Raises BadInput where this lossbench, or the data and files that it finds, would make another run of it.
    """
    parts = {noun: _thing(noun, _options(noun, description[noun])) for noun in NOUNS if noun in description or noun != "schedule"}
    dataset = cast(Dataset, parts["dataset"])
    named = {name: value for name, value in description.items() if name not in NOUNS}
    run = construct(RunSpec, named | parts | {"data": describe(dataset).fingerprint})
    if run.describe() != description:
        apart = [name for name, value in run.describe().items() if value != description.get(name)]
        raise BadInput(
            f"Run {content_id(description)} cannot be trained again as it was: its {' and '.join(apart)} would be another now."
        )
    return run


def _options(noun: str, described: Mapping[str, Any]) -> dict[str, Any]:
    """A described thing's options, without what its description adds to them, such as a file's hash."""
    known = {"word": str, **field_types(find(noun, described["word"]))}
    return {
        name: _options(known[name].noun, value) if isinstance(value, Mapping) else value
        for name, value in described.items()
        if name in known
    }


def _refuse_keys(points: Sequence[Mapping[str, Any]]) -> None:
    """Every point has every setting, and no other."""
    known = {*NOUNS, *SHARED, *(field.name for field in fields(Course))}
    for keys in {frozenset(point) for point in points}:
        for key in sorted(keys - known):
            raise unknown("setting", key, known)
        for key in sorted(known - keys):
            raise BadInput(f"The setting {key!r} is gone; every run has one.")


def _agreed(key: str, points: Sequence[Mapping[str, Any]]) -> Any:
    """The value of a setting that the runs of a study have in common."""
    values = {id(point[key]): point[key] for point in points}.values()
    distinct = {repr(value): value for value in values}
    if len(distinct) > 1:
        raise BadInput(f"{key} is one for a whole sweep, and this one names several: {', '.join(list(distinct)[:5])}.")
    return next(iter(distinct.values()))


def _thing(noun: str, options: Any) -> Registered:
    if not isinstance(options, Mapping) or not isinstance(options.get("word"), str):
        raise BadInput(f"{noun} is {options!r}; it wants an option by its name, such as {noun}=NAME.")
    cls = find(noun, options["word"])
    return cls.build({name: _inner(cls, name, value) for name, value in options.items() if name != "word"})


def _inner(cls: type[Registered], name: str, value: Any) -> Any:
    """An option's value; a thing that another one wraps is built first."""
    wrapped = isinstance(value, Mapping) and "word" in value
    return _thing(getattr(field_types(cls).get(name), "noun", cls.noun), value) if wrapped else value


def _refuse_widths(loss: Loss, init: Init, targets: int) -> None:
    """A network that one loss has trained can go on with another only where both want as many raw outputs."""
    if init.first and init.first.loss.raw_outputs(targets) != loss.raw_outputs(targets):
        raise BadInput(
            f"{loss.word} wants {loss.raw_outputs(targets)} raw output(s) here, and {init.first.loss.word}, which trains first, "
            f"{init.first.loss.raw_outputs(targets)}: one network cannot have both."
        )


def _noisy(dataset: Dataset, rate: float) -> Dataset:
    return Noisy(of=dataset, rate=rate, seed=dataset.seed)


def _steps(course: Course, rows: int, word: str) -> int:
    if course.batch is not None and course.batch > rows:
        raise BadInput(
            f"batch is {course.batch} and {word} has {rows} training examples. Possible: 1 to {rows}, or null for all of them."
        )
    steps = course.steps or course.epochs * (1 if course.batch is None else rows // course.batch)
    if steps > LONGEST:
        raise BadInput(f"{course.epochs} epochs are {steps:,} steps; at most {LONGEST:,} are possible.")
    return steps


def _recording(common: Mapping[str, Any]) -> Recording:
    _within("examples", common["examples"], 1, LONGEST)
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
    _within("engine.workers", resources.workers, 1, 1024)
    _within("engine.tile", resources.tile, 1, 10**6)
    if resources.device == "cuda" and not torch.cuda.is_available():
        raise BadInput(
            f"engine.device is cuda, and torch {torch.__version__} sees no CUDA device here. Possible: engine.device=cpu."
        )
    return resources


def _section(cls: type, name: str, options: Any) -> Any:
    if not isinstance(options, Mapping):
        raise BadInput(f"{name} is {options!r}; it has settings of its own: {', '.join(field.name for field in fields(cls))}.")
    return construct(cls, options, f"{name}.")


def _within(name: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise BadInput(f"{name} is {value}; it lies between {low:,} and {high:,}.")
