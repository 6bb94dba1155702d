"""Before anything is timed: do all contestants compute the same numbers?"""

from collections.abc import Mapping

import numpy as np

from benchmarks.contest import Disagreement
from benchmarks.lesson import Lesson, Singles
from benchmarks.training import HAS_JAX, JAX, TrainOne, norms_of_jax, norms_of_lossbench, sample

TOLERANCE = 1e-3  # relative, of float32 trainings of a few steps
CHECKED_STEPS = 20


def same_norms(lesson: Lesson, one_by_one: Mapping[str, TrainOne], *, jax: bool) -> str:
    """Train the first steps everywhere and compare the gradients' norms; a sentence with the largest differences.

    Rivals that train one run after another are compared on a sample, JAX on all runs. Raises Disagreement.
    """
    ours = norms_of_lossbench(lesson, CHECKED_STEPS)
    places = {run: place for place, run in enumerate(lesson.named())}
    some = sample(lesson)
    found = {}
    for name, train_one in one_by_one.items():
        theirs = np.stack([train_one(lesson, *run, CHECKED_STEPS) for run in some])
        found[name] = difference(name, theirs, ours[[places[run] for run in some]])
    if jax and HAS_JAX:
        found[JAX] = difference(JAX, norms_of_jax(lesson, CHECKED_STEPS)(), ours)
    told = ", ".join(f"{name} {size:.0e}" for name, size in found.items())
    return f"The norms of the first {CHECKED_STEPS} steps agree; largest relative difference from lossbench: {told}."


def difference(name: str, theirs: Singles, ours: Singles) -> float:
    """The largest relative difference of two arrays of norms; those below a millionth of the largest count as that.

    Raises Disagreement where it is more than rounding.
    """
    if theirs.shape != ours.shape:
        raise Disagreement(f"{name} computes {theirs.shape} numbers where lossbench computes {ours.shape}.")
    largest = float(np.max(np.abs(theirs - ours) / np.maximum(np.abs(ours), 1e-6 * np.max(np.abs(ours)))))
    if not largest <= TOLERANCE:
        raise Disagreement(f"{name} and lossbench differ by up to {largest:.1e}, relative; {TOLERANCE:.0e} would be rounding.")
    return largest
