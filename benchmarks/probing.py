"""What recording costs: every probe against none."""

from dataclasses import replace
from functools import partial

from benchmarks.contest import Contest, Contestant, Goal, times_slower
from benchmarks.lesson import DIGITS
from benchmarks.training import NORMS
from lossbench.data.loading import load
from lossbench.engine import train
from lossbench.planning.plan import cohorts
from lossbench.planning.spec import Recording, RecordingSchedule
from lossbench.registry import shelf

NONE, STEP_PROBES, ON_SCHEDULE, ALL = (
    "no probe",
    "every step probe, every step",
    "every probe, on schedule",
    "every probe, every step",
)
STEPS = 400


def probing() -> Contest:
    """A tile of the digits sweep, recorded in several ways."""
    on_batch = tuple(shelf("probe"))
    every = RecordingSchedule(kind="every")
    recordings = {
        NONE: replace(NORMS, schedule=RecordingSchedule(kind="linear", points=2)),
        STEP_PROBES: Recording(schedule=every, probes=on_batch),
        ON_SCHEDULE: Recording(schedule=RecordingSchedule(kind="log", points=60 * STEPS // 2000)),
    }
    contestants = [_recorded(name, recording, STEPS) for name, recording in recordings.items()]
    contestants.append(_recorded(ALL, Recording(schedule=every), STEPS // 10))
    examples = sum(len(part) for part in load(DIGITS.dataset).split[:3:2])
    return Contest(
        title="Recording",
        text=(
            f"The first tile of the digits sweep, one thread. Step probes ({', '.join(on_batch)}) look at the mini-batch of "
            f"{DIGITS.batch} examples that the step has gone through anyway. The others look at all {examples:,} "
            f"examples, training and test data: {_forward(examples):.0f} times the arithmetic of the step itself, which no "
            "program can make cheap. They are meant for a schedule; the usual one records 60 of 2,000 steps, and this one "
            f"{60 * STEPS // 2000} of {STEPS}."
        ),
        unit="µs a run-step",
        scale=1e6,
        contestants=contestants,
        goals=[
            Goal(
                label=f"{STEP_PROBES}, against none",
                number=times_slower(STEP_PROBES, NONE),
                shown="{:.2f}×",
                kind="at most",
                bound=2,
                hoped=1.3,
            ),
            Goal(label=f"{ON_SCHEDULE}, against none", number=times_slower(ON_SCHEDULE, NONE), shown="{:.2f}×", kind="at most"),
            Goal(label=f"{ALL}, against none", number=times_slower(ALL, NONE), shown="{:.1f}×", kind="at most"),
        ],
        check=lambda: "",
    )


def _recorded(name: str, recording: Recording, steps: int) -> Contestant:
    tile = cohorts(DIGITS.runs(steps), recording, None)[0]
    split, _ = load(DIGITS.dataset)
    count = len(tile.runs)
    return Contestant(name=name, units=count * steps, work=partial(train, tile, split), note=f"{count} runs, {steps} steps")


def _forward(examples: int) -> float:
    """Arithmetic of a look at all examples, in steps."""
    return 2 * examples * sum(layer.inputs * layer.outputs for layer in DIGITS.layers) / DIGITS.operations
