"""A run is a point: everything that decides its outcome, and an id made from it."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np

from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Array, Dataset, Dense, Init, Loss, Model, Optimizer, Schedule
from lossbench.planning.class_weights import ClassWeights, WeightedMean
from lossbench.planning.executor_words import LOCAL
from lossbench.registry import plain
from lossbench.tables.hashes import around_seed, content_hash

Outcome = Literal["finished", "diverged"]
LastBatch = Literal["dropped", "kept"]
Parameters = tuple[Dense[Array], ...] | dict[str, Array]  # of a chain layer by layer, of a torch module by their names in it
CLUSTER_WORKERS, LOCAL_WORKERS = 32, 2  # that should have work where nobody says how many there are
MOMENT = re.compile(r"(step|epoch):(0|[1-9]\d{0,9})")  # at which parameters are kept
MOST_RECORDED = 10**6  # steps of a run: more would fill the memory before anything is trained


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One training. `data` is the fingerprint of the examples; batch None means all of them at every step.

    schedule None leaves the learning rate as it is. `clip_norm` is what the norm of all gradients together is kept to, if any.
    `class_weights` is how much each class counts, all alike if None. What a mini-batch of B weighed examples is worth is
    Σ w ℓ / B, a mean over the examples, or Σ w ℓ / Σ w, over the weights.
    Where the last mini-batch of an epoch is not a whole one, it is dropped, or kept: a mean over the examples that it has.
    """

    loss: Loss
    model: Model
    init: Init
    dataset: Dataset
    optimizer: Optimizer
    data: str
    seed: int
    steps: int
    batch: int | None = None
    order: Literal["shuffled", "sequential"] = "shuffled"
    dtype: Literal["float32", "float64"] = "float32"
    schedule: Schedule | None = None
    clip_norm: float | None = None
    class_weights: ClassWeights | None = None
    weighted_mean: WeightedMean = "examples"
    last_batch: LastBatch = "dropped"

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise BadInput(f"seed is {self.seed}; seeds are whole numbers, 0 or more.")
        if self.steps < 0:
            raise BadInput(f"steps is {self.steps}; a run takes 0 steps or more.")
        if self.schedule is not None and self.schedule.constant:
            object.__setattr__(self, "schedule", None)  # which says the same, so that there is one run and one id
        if self.clip_norm is not None and not 0 < self.clip_norm < math.inf:
            raise BadInput(f"clip_norm is {self.clip_norm:g}; a norm to keep gradients to is above 0, and null clips none.")
        if self.batch is not None and self.batch < 1:
            raise BadInput(f"batch is {self.batch}; a mini-batch has 1 example or more, and null is all of them.")

    @cached_property
    def first(self) -> "RunSpec | None":
        """The training that this one goes on from; None where it starts by itself."""
        begun = self.init.first
        if begun is None:
            return None
        rule = replace(self.optimizer, lr=begun.lr)  # type: ignore[type-var]
        start = replace(self, loss=begun.loss, init=begun.init, optimizer=rule, steps=begun.steps)
        return replace(start, schedule=None, clip_norm=None)

    def epoch(self, rows: int) -> int:
        """Steps of an epoch over so many training examples: as many whole mini-batches as fit, and what is kept of a rest."""
        return epoch_steps(rows, self.batch) + (self.rest(rows) > 0)

    def rest(self, rows: int) -> int:
        """Examples of a last mini-batch that is not a whole one, of so many training examples; 0 where none is trained on."""
        return rows % self.batch if self.batch is not None and self.last_batch == "kept" else 0

    @property
    def length(self) -> int:
        """Steps, those of a first training included."""
        return self.steps + (self.first.length if self.first else 0)

    def describe(self) -> dict[str, Any]:
        """Words, options and numbers as plain values; what is stored, and what the id is made from.

        What came later and changes nothing by default is left out where it is not used, so that ids stay what they were.
        """
        parts = {name: getattr(self, name).describe() for name in ("loss", "model", "init", "dataset", "optimizer")}
        described = parts | {
            "data": self.data,
            "seed": self.seed,
            "steps": self.steps,
            "batch": self.batch,
            "order": self.order,
            "dtype": self.dtype,
        }
        if self.schedule:
            described["schedule"] = self.schedule.describe()
        if self.clip_norm is not None:
            described["clip_norm"] = self.clip_norm
        if self.class_weights is not None:
            described["class_weights"] = plain(self.class_weights)
        if self.weighted_mean != "examples":
            described["weighted_mean"] = self.weighted_mean
        if self.last_batch != "dropped":
            described["last_batch"] = self.last_batch
        return described

    @cached_property
    def id(self) -> str:
        """The id of the description."""
        before, after = self._around_seed
        return content_hash(f"{before}{self.seed}{after}".encode())

    @cached_property
    def _around_seed(self) -> tuple[str, str]:
        """The text that the id is made from, without the seed: made once for runs that differ by nothing else."""
        return around_seed(self.describe())

    def of_seed(self, seed: int) -> Self:
        """The same run from another seed, which is 0 or more; what was checked and written of all else is taken over."""
        if seed == self.seed:
            return self
        other = object.__new__(type(self))
        own = vars(other)
        own.update(vars(self), seed=seed, _around_seed=self._around_seed)
        own.pop("id", None)
        own.pop("first", None)
        return other


def epoch_steps(rows: int, batch: int | None) -> int:
    """Steps of a pass over so many training examples in mini-batches, None being all of them: as many whole ones as fit."""
    return 1 if batch is None else max(1, rows // batch)


@dataclass(frozen=True, kw_only=True)
class RecordingSchedule:
    """The steps at which a run is recorded: always the start and the end, and `points` moments between.

    every: each step. epoch: the end of each epoch. linear: evenly spaced. log: evenly spaced in log(1 + step).
    """

    kind: Literal["every", "epoch", "linear", "log"] = "log"
    points: int = 60

    def __post_init__(self) -> None:
        if self.points < 2:
            raise BadInput(f"recording.points is {self.points}; a record needs at least 2, the start and the end.")
        if self.points > MOST_RECORDED:
            raise BadInput(f"recording.points is {self.points:,}; a run is recorded at {MOST_RECORDED:,} steps at most.")

    def steps(self, total: int, epoch: int = 1) -> tuple[int, ...]:
        """Recorded steps from 0 to total, ascending; step n is the state after n updates, `epoch` of which are an epoch.

        Raises BadInput for too many.
        """
        stride, unit = (epoch, "epochs") if self.kind == "epoch" else (1, "steps")
        if self.kind in {"every", "epoch"}:
            if total // stride > MOST_RECORDED:
                raise BadInput(
                    f"recording.kind is {self.kind}, and a run takes {total // stride:,} {unit}; {MOST_RECORDED:,} of them can "
                    "be recorded at most. log and linear record as many as recording.points says."
                )
            return (*range(0, total, stride), total)
        if self.points > total:
            return tuple(range(total + 1))
        spaced = np.linspace(0, total, self.points)
        if self.kind == "log":
            spaced = np.expm1(np.linspace(0, np.log1p(total), self.points))
        return tuple(np.unique(np.rint(spaced).astype(int)).tolist())


@dataclass(frozen=True, kw_only=True)
class Recording:
    """What is kept of a run; it changes no training. `examples` bounds how many training examples are evaluated.

    `keep` has "parameters" where the final ones are kept, and a moment such as "step:100" or "epoch:5" where those of that step,
    or of that epoch's end, are. Raises BadInput for another word.
    """

    schedule: RecordingSchedule = field(default_factory=RecordingSchedule)
    probes: tuple[str, ...] = ()
    examples: int | None = None
    keep: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for word in self.keep:
            if word != "parameters" and not MOMENT.fullmatch(word):
                raise unknown("value of keep", word, ("parameters", "step:N", "epoch:N"))

    def moments(self, run: RunSpec, rows: int) -> dict[str, int]:
        """The moments at which a run that trains on so many examples keeps its parameters, each word with its step.

        Raises BadInput for one that the run does not come to.
        """
        named = {word: match for word in self.keep if (match := MOMENT.fullmatch(word))}
        steps = {word: int(match[2]) * (run.epoch(rows) if match[1] == "epoch" else 1) for word, match in named.items()}
        for word, step in steps.items():
            if step > run.steps:
                raise BadInput(f"keep has {word}, which is step {step:,}, and a run takes {run.steps:,} steps.")
        return steps

    def steps(self, run: RunSpec, rows: int) -> tuple[int, ...]:
        """The steps at which a run that trains on so many examples is recorded, ascending. Raises BadInput for too many."""
        return self.schedule.steps(run.steps, run.epoch(rows))

    def describe(self) -> str:
        """The recording as one line of JSON, by which stored runs are compared with asked ones."""
        schedule = {"kind": self.schedule.kind, "points": self.schedule.points}
        return json.dumps(
            {"schedule": schedule, "probes": sorted(self.probes), "examples": self.examples, "keep": sorted(self.keep)},
            sort_keys=True,
        )


@dataclass(frozen=True, kw_only=True)
class Resources:
    """Where and how wide to train; changes no number on one device. None leaves the choice to the planner."""

    device: Literal["cpu", "cuda"] = "cpu"
    executor: str = "auto"
    workers: int | None = None
    tile: int | None = None
    address: str | None = None  # of a Dask scheduler: tcp://HOST:PORT
    storage: Literal["shared", "driver"] = "shared"  # who writes records: workers, into a folder that all see, or the driver
    partition: str | None = None  # of Slurm
    minutes: int | None = None  # that a job of Slurm's may take, and its gigabytes
    gigabytes: float | None = None
    array: int | None = None  # jobs that are handed to Slurm at once
    versions: Literal["same", "recorded"] = "same"  # workers on other ground are refused, or it is recorded with their runs

    @property
    def planned_workers(self) -> int:
        """How many workers should find work: more than are known of a cluster that nobody has asked yet."""
        return (self.workers or CLUSTER_WORKERS) if self.executor not in LOCAL else LOCAL_WORKERS


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Runs that train as one tensor program: same data, layers, batch, order, steps, dtype and kind of optimizer."""

    runs: tuple[RunSpec, ...]
    recording: Recording


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A trace is a curve: what one run left. `values` holds T numbers a quantity, one for each recorded step.

    A diverged run was last finite before step `stopped`; its curve ends there. `moments` are parameters kept on the way.
    """

    run: RunSpec
    outcome: Outcome
    stopped: int
    steps: tuple[int, ...]
    values: dict[str, Array]
    parameters: Parameters | None = None
    seconds: float = 0.0
    moments: Mapping[str, Parameters] = field(default_factory=dict)
