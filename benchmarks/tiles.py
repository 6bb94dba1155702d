"""How many runs to train as one: the planner's choice, measured."""

from benchmarks.contest import Contest, Contestant
from benchmarks.lesson import DIGITS, MNIST, Lesson
from benchmarks.training import NORMS, side_by_side
from lossbench.planning.plan import cohorts

STEPS = 300
SIZES = {"digits": (DIGITS, (20, 50, 100, 200)), "MNIST": (MNIST, (5, 10, 25, 50))}


def tiles() -> Contest:
    """Digits and MNIST in tiles of several sizes."""
    chosen = {
        name: max(len(cohort.runs) for cohort in cohorts(lesson.runs(1), NORMS, None)) for name, (lesson, _) in SIZES.items()
    }
    planned = ", ".join(f"{size} for {name}" for name, size in chosen.items())
    return Contest(
        title="Tiles",
        text=(
            "The sweeps above, cut into tiles of so many runs: small ones pay for each call, large ones leave the cache. "
            f"The planner takes at most {planned}."
        ),
        unit="µs a run-step",
        scale=1e6,
        contestants=[_tiled(name, lesson, size) for name, (lesson, sizes) in SIZES.items() for size in sizes],
        goals=[],
        check=lambda: "",
        repetitions=3,
    )


def _tiled(name: str, lesson: Lesson, size: int) -> Contestant:
    planned = cohorts(lesson.runs(STEPS), NORMS, size)
    return Contestant(
        name=f"{name}, {size} runs a tile",
        units=lesson.count * STEPS,
        work=lambda: side_by_side(planned),
        note=f"{len(planned)} tiles in two processes",
    )
