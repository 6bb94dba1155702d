"""Where the time of a step goes: operation by operation, and kind by kind."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.profiler import ProfilerActivity

from benchmarks.lesson import Lesson
from benchmarks.training import NORMS
from lossbench.data import load
from lossbench.engine import train
from lossbench.plan import cohorts

STEPS = 200
SIDE = 1024
KINDS = {
    "matrix products": ("mm", "bmm", "addmm", "baddbmm", "baddbmm_", "matmul", "dot", "mv"),
    "reductions": ("sum", "mean", "amax", "amin", "max", "argmax", "linalg_vector_norm", "all", "any", "norm"),
    "copies and indexing": (
        "copy_",
        "index",
        "index_select",
        "gather",
        "cat",
        "stack",
        "clone",
        "_to_copy",
        "contiguous",
        "repeat",
    ),
    "allocation and views": (
        "empty",
        "empty_like",
        "empty_strided",
        "as_strided",
        "alias",
        "expand",
        "slice",
        "select",
        "view",
        "transpose",
        "unsqueeze",
        "reshape",
        "permute",
        "resize_",
        "detach",
        "zeros",
        "zero_",
        "fill_",
        "new_zeros",
    ),
}
ELEMENTWISE, PYTHON = "elementwise", "Python between operations"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of the tensor library in a step of a tile: how often it is called, and its own time in seconds."""

    name: str
    kind: str
    calls: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A step of one tile in one thread. `profiled` is its seconds under the profiler, which takes time itself, `plain` without.

    `products` and `peak` are operations a second, in the matrix products of the step and in a large product on one core.
    """

    runs: int
    operations: tuple[Operation, ...]
    profiled: float
    plain: float
    products: float
    peak: float

    def shares(self) -> dict[str, float]:
        """The share of the step's time that each kind of operation takes, the largest first."""
        seconds: dict[str, float] = defaultdict(float)
        for operation in self.operations:
            seconds[operation.kind] += operation.seconds
        seconds[PYTHON] = max(0.0, self.profiled - sum(seconds.values()))
        return {kind: part / self.profiled for kind, part in sorted(seconds.items(), key=lambda item: -item[1])}


def profile(lesson: Lesson, steps: int = STEPS) -> Profile:
    """Profile the first tile of a lesson, with the gradients' norms kept at every step."""
    tile = cohorts(lesson.runs(steps), NORMS, None)[0]
    split, _ = load(lesson.dataset)
    train(tile, split)
    plain = min(_seconds(lambda: train(tile, split)) for _ in range(3)) / steps
    with torch.profiler.profile(activities=[ProfilerActivity.CPU]) as seen:
        profiled = _seconds(lambda: train(tile, split)) / steps
    averages = [(event.key.removeprefix("aten::"), event.count, event.self_cpu_time_total) for event in seen.key_averages()]
    operations = tuple(
        Operation(name=name, kind=_kind(name), calls=count / steps, seconds=microseconds / 1e6 / steps)
        for name, count, microseconds in sorted(averages, key=lambda average: -average[2])
    )
    products = sum(operation.seconds for operation in operations if operation.kind == "matrix products")
    return Profile(
        runs=len(tile.runs),
        operations=operations,
        profiled=profiled,
        plain=plain,
        products=lesson.operations * len(tile.runs) / products,
        peak=_peak(),
    )


def _kind(name: str) -> str:
    return next((kind for kind, names in KINDS.items() if name in names), ELEMENTWISE)


def _peak() -> float:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    a, b = torch.full((SIDE, SIDE), 0.5), torch.full((SIDE, SIDE), 0.25)
    best = min(_seconds(lambda: torch.mm(a, b)) for _ in range(8))
    torch.set_num_threads(threads)
    return 2 * SIDE**3 / best


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
