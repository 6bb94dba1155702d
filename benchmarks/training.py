"""Ways of training one lesson, by lossbench and by others, with the gradients' norms kept at every step."""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import torch
from joblib import Parallel, delayed

from benchmarks.contest import Contestant
from benchmarks.lesson import Lesson, Singles
from lossbench.data.loading import load
from lossbench.engine import train
from lossbench.planning.plan import cohorts
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, Trace
from lossbench.tables import GRADIENT_BIASES, GRADIENT_WEIGHTS, layer_column

OURS, ALONE, EAGER, JAX, PEAK = "lossbench", "lossbench, one process", "eager PyTorch", "JAX", "matrix product"
NORMS = Recording(schedule=RecordingSchedule(kind="every"), probes=("gradient_norms",))
WORKERS = 2
SAMPLED_RATES = 5
SIDE = 2048  # of the square matrices whose product is the machine's peak
HAS_JAX = find_spec("jax") is not None
TrainOne = Callable[[Lesson, str, int, float, int], Singles]


def by_lossbench(lesson: Lesson, steps: int) -> Contestant:
    """The sweep as `lossbench run` trains it: the planner's tiles in worker processes of one thread each."""
    tiles = cohorts(lesson.runs(steps), NORMS, None)
    sizes = " and ".join(str(size) for size in sorted(Counter(len(tile.runs) for tile in tiles)))
    note = f"{WORKERS} worker processes, one thread each; tiles of {sizes} runs"
    return Contestant(name=OURS, units=lesson.count * steps, work=lambda: side_by_side(tiles), note=note)


def by_lossbench_alone(lesson: Lesson, steps: int) -> Contestant:
    """Some tiles of the sweep in this process, in one thread."""
    tiles = cohorts(lesson.runs(steps), NORMS, None)[::4]
    count = sum(len(tile.runs) for tile in tiles)

    def work() -> None:
        for tile in tiles:
            _train(tile)

    return Contestant(name=ALONE, units=count * steps, work=work, note=f"one thread; {count} of the {lesson.count} runs")


def by_loop(name: str, train_one: TrainOne, lesson: Lesson, steps: int) -> Contestant:
    """A rival that trains one run after another: some of the runs, which tell as much as all would."""
    some = sample(lesson)

    def work() -> None:
        for run in some:
            train_one(lesson, *run, steps)

    note = f"one run after another; {len(some)} of the {lesson.count} runs"
    return Contestant(name=name, units=len(some) * steps, work=work, note=note)


def by_jax(lesson: Lesson, steps: int) -> list[Contestant]:
    """The sweep as one JAX program, compiled before the clock starts; nothing where JAX is not installed."""
    if not HAS_JAX:
        return []
    program = norms_of_jax(lesson, steps)
    note = "jit(vmap(scan)) over losses, seeds and rates; compiled before the clock starts"
    return [Contestant(name=JAX, units=lesson.count * steps, work=program, note=note)]


def peak() -> Contestant:
    """The product of two square matrices on all cores; one unit is one operation."""
    a, b = torch.full((SIDE, SIDE), 0.5), torch.full((SIDE, SIDE), 0.25)

    def work() -> None:
        for _ in range(3):
            torch.mm(a, b)

    note = f"{SIDE}², float32, all cores; one unit is one operation"
    return Contestant(name=PEAK, units=3 * 2 * SIDE**3, work=partial(with_all_cores, work), note=note)


def with_all_cores(work: Callable[[], object]) -> None:
    """Do a piece of work with as many threads as there are cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(os.cpu_count() or 1)
    work()
    torch.set_num_threads(threads)


def sample(lesson: Lesson) -> list[tuple[str, int, float]]:
    """Loss, seed and rate of a few runs: both losses, from the least rate to the largest, seeds in turn."""
    spread = np.linspace(0, len(lesson.rates) - 1, min(SAMPLED_RATES, len(lesson.rates))).round().astype(int).tolist()
    chosen = [(number % lesson.seeds, lesson.rates[place]) for number, place in enumerate(spread)]
    return [(loss.word, seed, rate) for loss in lesson.losses for seed, rate in chosen]


def norms_of_jax(lesson: Lesson, steps: int) -> Callable[[], Singles]:
    """A program that gives the gradients' norms as `norms_of_lossbench` does."""
    sweep: Callable[[Lesson, int], Callable[[], Singles]] = import_module("benchmarks.rivals.scanned").sweep
    return sweep(lesson, steps)


def norms_of_lossbench(lesson: Lesson, steps: int) -> Singles:
    """The gradients' norms at every step, (runs, steps, 2L), in the order of the lesson's runs."""
    split, _ = load(lesson.dataset)
    runs = lesson.runs(steps)
    traces = {trace.run: trace for tile in cohorts(runs, NORMS, None) for trace in train(tile, split)}
    return np.stack([_norms(traces[run], len(lesson.layers))[:steps] for run in runs])


def _norms(trace: Trace, layers: int) -> Singles:
    names = [layer_column(kind, number + 1) for number in range(layers) for kind in (GRADIENT_WEIGHTS, GRADIENT_BIASES)]
    return np.stack([trace.values[name] for name in names], -1).astype(np.float32)


def side_by_side(tiles: Sequence[Cohort]) -> None:
    """Train the tiles in worker processes of one thread each, as a sweep does."""
    Parallel(n_jobs=WORKERS, batch_size=1, inner_max_num_threads=1, backend="loky")(delayed(_train)(tile) for tile in tiles)


def _train(tile: Cohort) -> None:
    split, _ = load(tile.runs[0].dataset)
    train(tile, split)
