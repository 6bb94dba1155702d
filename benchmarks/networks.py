"""Digits and MNIST: a network with one hidden layer, losses × seeds × rates, the gradients' norms at every step."""

from functools import partial

from benchmarks.agreement import same_norms
from benchmarks.contest import Contest, Goal, Round, times_slower
from benchmarks.lesson import DIGITS, MNIST, Lesson
from benchmarks.rivals import eager
from benchmarks.training import EAGER, HAS_JAX, JAX, OURS, PEAK, by_jax, by_loop, by_lossbench, by_lossbench_alone, peak

MICROSECONDS = 1e6
STEPS = 2000  # so many that starting the workers is not what is timed


def digits() -> Contest:
    """400 runs of 64-32-10 on handwritten digits, batch 32."""
    goals = [
        _faster_than(EAGER, bound=25, hoped=70),
        *([_faster_than(JAX, bound=1.2, hoped=2.5)] if HAS_JAX else []),
        _share_of_peak(DIGITS, bound=0.30, hoped=0.65),
    ]
    return _contest("Digits 64-32-10, batch 32, 400 runs", DIGITS, STEPS, goals)


def mnist() -> Contest:
    """100 runs of 784-30-10 on MNIST, batch 10."""
    goals = [
        _faster_than(EAGER, bound=8, hoped=20),
        *([_faster_than(JAX, bound=1.5, hoped=3.5)] if HAS_JAX else []),
        _share_of_peak(MNIST, bound=0.30, hoped=0.65),
    ]
    return _contest("MNIST 784-30-10, batch 10, 100 runs", MNIST, STEPS, goals)


def _contest(title: str, lesson: Lesson, steps: int, goals: list[Goal]) -> Contest:
    contestants = [
        by_lossbench(lesson, steps),
        by_lossbench_alone(lesson, steps),
        by_loop(EAGER, eager.train, lesson, steps),
        *by_jax(lesson, steps),
        peak(),
    ]
    text = (
        f"2 losses × {len(lesson.rates)} rates × {lesson.seeds} seeds, each seed with its own start and its own order of "
        f"examples, {steps} steps of plain gradient descent in float32; the norm of the gradient of every weight matrix and "
        f"every bias is kept at every step. A run-step is {lesson.operations:,} operations."
    )
    check = partial(same_norms, lesson, {EAGER: eager.train}, jax=True)
    return Contest(
        title=title, text=text, unit="µs a run-step", scale=MICROSECONDS, contestants=contestants, goals=goals, check=check
    )


def _faster_than(rival: str, *, bound: float, hoped: float) -> Goal:
    return Goal(label=f"times as fast as {rival}", number=times_slower(rival, OURS), shown="{:.1f}×", bound=bound, hoped=hoped)


def _share_of_peak(lesson: Lesson, *, bound: float, hoped: float) -> Goal:
    def share(taken: Round) -> float:
        return lesson.operations * taken[PEAK].seconds / taken[OURS].seconds

    return Goal(
        label="arithmetic done, of the machine's matrix-product peak", number=share, shown="{:.0%}", bound=bound, hoped=hoped
    )
