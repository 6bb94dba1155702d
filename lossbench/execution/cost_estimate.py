"""How long cohorts take, from a few steps of each kind that are trained and thrown away."""

import time
from collections.abc import Mapping
from dataclasses import replace

from lossbench.data.loading import describe, load
from lossbench.engines import engine_of
from lossbench.execution.device_memory import as_memory_error
from lossbench.planning.spec import Cohort, RecordingSchedule

MEASURED = 6  # kinds of cohort that are tried out; of the others only the arithmetic is counted
TRIED_OPERATIONS = 3e8  # multiplications and additions in a try, about a hundredth of a second
ENDS = RecordingSchedule(kind="linear", points=2)
CHEAP = ("gradient_norms",)  # a probe that looks at no examples: where all are evaluated, their noise would hide the steps
STEPS = (2, 50)  # the fewest and the most steps of a try


def estimate(cohorts: Mapping[Cohort, int], device: str) -> float:
    """Seconds that the cohorts take, each as often as it says, one after the other on one core (or one graphics card).

    Raises BadInput where the first steps show that a cohort cannot be trained.
    """
    heaviest = sorted(cohorts, key=lambda cohort: -_operations(cohort) * cohorts[cohort])
    tried = {cohort: _seconds(cohort, device) for cohort in heaviest[:MEASURED]}
    pace = sum(tried.values()) / sum(map(_operations, tried))
    return sum(times * tried.get(cohort, pace * _operations(cohort)) for cohort, times in cohorts.items())


def _operations(cohort: Cohort) -> int:
    return len(cohort.runs) * cohort.runs[0].steps * engine_of(cohort.runs[0].model).size(cohort.runs[0]).operations


def _seconds(cohort: Cohort, device: str) -> float:
    """What all steps and all records of a cohort take, from tries of two lengths that look at no examples, and one that does."""
    run = cohort.runs[0]
    bare = replace(cohort, recording=replace(cohort.recording, schedule=ENDS, probes=CHEAP, keep=()))
    full = replace(cohort, recording=replace(cohort.recording, schedule=ENDS, keep=()))
    steps = int(min(max(TRIED_OPERATIONS * run.steps / _operations(cohort), STEPS[0]), STEPS[1]))
    _try(full, 1, device)  # the first is slower than all others
    short, long, recorded = _try(bare, steps, device), _try(bare, 3 * steps, device), _try(full, steps, device)
    step = max(long - short, 0.0) / (2 * steps)
    record = max(recorded - short, 0.0) / 2  # both ends are recorded
    return max(short - steps * step, 0.0) + run.length * step + _records(cohort) * record


def _records(cohort: Cohort) -> int:
    """How often a cohort is recorded."""
    run = cohort.runs[0]
    return len(cohort.recording.steps(run, describe(run.dataset).shape.rows))


def _try(cohort: Cohort, steps: int, device: str) -> float:
    """Seconds for some steps of a cohort, which start by themselves."""
    runs = tuple(replace(run, steps=steps, init=run.first.init if run.first else run.init) for run in cohort.runs)
    split = load(runs[0].dataset).split
    started = time.perf_counter()
    with as_memory_error():
        engine_of(runs[0].model).train(replace(cohort, runs=runs), split, device)
    return time.perf_counter() - started
