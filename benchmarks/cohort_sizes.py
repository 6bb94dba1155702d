"""How many runs to train at once on a graphics card: cohorts of one run to ten thousand, and what the planner takes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import gcd
from typing import Literal

import numpy as np
import torch

from benchmarks.agreement import CHECKED_STEPS, difference
from benchmarks.contest import Contest, Contestant, Taken
from benchmarks.lesson import DIGITS, MNIST, Lesson, Singles
from benchmarks.training import NORMS
from lossbench.data.loading import load
from lossbench.engine import train
from lossbench.execution.device_memory import free_bytes
from lossbench.planning.plan import cohorts
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, Resources, RunSpec
from lossbench.storage.provenance import provenance

TITLE = "Cohorts on a graphics card"
STEPS = 2000  # as many as the sweeps of digits and MNIST have
SIZES = (1, 10, 100, 1_000, 10_000)
CHECKED_RUNS = 10
MOMENTS = 60  # recorded of a training, as usual: between them steps are captured, and made without Python
LESSONS = {"digits": DIGITS, "MNIST": MNIST}
Device = Literal["cpu", "cuda"]
ABSENT = "This table needs a CUDA device, and torch sees none on this machine: it was not made."


def cohort_sizes(
    device: Device = "cuda", sizes: Sequence[int] = SIZES, steps: int = STEPS, lessons: Mapping[str, Lesson] = LESSONS
) -> Contest:
    """Digits and MNIST in one cohort of each size; no contestants where there is no such device."""
    here = device != "cuda" or torch.cuda.is_available()
    return Contest(
        title=TITLE,
        text=_text(Resources(device=device), max(sizes), steps, lessons) if here else ABSENT,
        unit="µs a run-step",
        scale=1e6,
        rate="run-steps",
        contestants=[_trained(name, device, some(lessons[name], size, steps)) for name in lessons for size in sizes if here],
        goals=[],
        check=partial(_agreed, device, lessons) if here else lambda: "",
        repetitions=3,
    )


def some(lesson: Lesson, count: int, steps: int) -> tuple[RunSpec, ...]:
    """One run of a lesson, or an even number: every loss with every seed with every rate, with as many seeds as that takes."""
    rates = gcd(count // 2, len(lesson.rates))
    chosen = replace(lesson, rates=lesson.rates[:: len(lesson.rates) // rates], seeds=max(1, count // 2 // rates))
    return chosen.runs(steps)[:count]


def _text(resources: Resources, most: int, steps: int, lessons: Mapping[str, Lesson]) -> str:
    free = free_bytes(resources)
    planned = {
        name: max(len(cohort.runs) for cohort in cohorts(some(lesson, most, steps), _seen(MOMENTS), None, free))
        for name, lesson in lessons.items()
    }
    return (
        f"{provenance(resources.device, 1)['device']}: one cohort of so many runs of the sweeps above, with more seeds where it "
        f"takes them, {steps} steps, from drawing the parameters to the curves of the gradients' norms at {MOMENTS} of them. Of "
        f"{most:,} runs the planner trains at once here: {', '.join(f'{name} {size:,}' for name, size in planned.items())}."
    )


def _trained(name: str, device: Device, runs: tuple[RunSpec, ...]) -> Contestant:
    return Contestant(
        name=f"{name}, {len(runs):,} run{'' if len(runs) == 1 else 's'}",
        units=len(runs) * runs[0].steps,
        work=partial(_clocked, Cohort(runs=runs, recording=_seen(MOMENTS)), device),
    )


def _clocked(cohort: Cohort, device: Device) -> Taken:
    """Train a cohort: its seconds, and the most of the device's memory that tensors took, in bytes."""
    split, _ = load(cohort.runs[0].dataset)
    cuda = device == "cuda"
    if cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    train(cohort, split, device)
    if cuda:
        torch.cuda.synchronize()  # the curves are here, so it has nothing left to do; but nobody need rely on that
    return Taken(seconds=time.perf_counter() - started, peak=torch.cuda.max_memory_allocated() if cuda else float("nan"))


def _agreed(device: Device, lessons: Mapping[str, Lesson]) -> str:
    """A sentence with the largest difference between the device's norms and the CPU's. Raises Disagreement."""
    found = {}
    for name, lesson in lessons.items():
        cohort = Cohort(runs=some(lesson, CHECKED_RUNS, CHECKED_STEPS), recording=_seen(2))
        found[name] = difference(f"{name} on {device}", _norms(cohort, device), _norms(cohort, "cpu"))
    told = ", ".join(f"{name} {size:.0e}" for name, size in found.items())
    return f"The norms after {CHECKED_STEPS} steps agree with the CPU's; largest relative difference: {told}."


def _seen(moments: int) -> Recording:
    return replace(NORMS, schedule=RecordingSchedule(kind="linear", points=moments))


def _norms(cohort: Cohort, device: Device) -> Singles:
    """What was recorded, (runs, quantities, steps)."""
    split, _ = load(cohort.runs[0].dataset)
    traces = train(cohort, split, device)
    return np.stack([np.stack([trace.values[name] for name in sorted(trace.values)]) for trace in traces]).astype(np.float32)
