"""Logistic regression, the full batch at every step."""

from functools import partial

from benchmarks.agreement import same_norms
from benchmarks.contest import Contest, Goal, times_slower
from benchmarks.lesson import LOGISTIC
from benchmarks.rivals import eager, plain
from benchmarks.training import EAGER, OURS, by_loop, by_lossbench, by_lossbench_alone

NUMPY = "NumPy, one fit() a run"
STEPS = 2000  # so many that starting the workers is not what is timed


def logistic() -> Contest:
    """1,000 runs of 30→1 on the breast cancer data, all training rows at every step."""
    contestants = [
        by_lossbench(LOGISTIC, STEPS),
        by_lossbench_alone(LOGISTIC, STEPS),
        by_loop(NUMPY, plain.train, LOGISTIC, STEPS),
        by_loop(EAGER, eager.train, LOGISTIC, STEPS),
    ]
    rows = len(LOGISTIC.examples[0])
    return Contest(
        title=f"Logistic regression 30→1, full batch of {rows} rows, 1,000 runs",
        text=(
            f"2 losses × {len(LOGISTIC.rates)} rates × {LOGISTIC.seeds} starts, {STEPS} steps of plain gradient descent in "
            f"float32, the norms of both gradients kept at every step. A run-step is {LOGISTIC.operations:,} operations."
        ),
        unit="µs a run-step",
        scale=1e6,
        contestants=contestants,
        goals=[
            Goal(label=f"times as fast as {rival}", number=times_slower(rival, OURS), shown="{:.1f}×", bound=20, hoped=50)
            for rival in (NUMPY, EAGER)
        ],
        check=partial(same_norms, LOGISTIC, {NUMPY: plain.train, EAGER: eager.train}, jax=False),
    )
