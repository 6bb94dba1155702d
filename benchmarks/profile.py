"""Where the time of a step goes: operation by operation, and kind by kind."""

import re
import time
from collections import defaultdict
from collections.abc import Callable
from cProfile import Profile as Watch
from dataclasses import dataclass

import numpy as np
import torch
from numba.core.registry import CPUDispatcher

from benchmarks.lesson import Lesson
from benchmarks.training import NORMS
from lossbench.data.loading import load
from lossbench.engine import train
from lossbench.engine.first_layer import FirstLayerShape
from lossbench.interfaces import Layer
from lossbench.kernels import blas, layer_kernels, link_kernels
from lossbench.kernels.compilation import compiled
from lossbench.planning.plan import cohorts

STEPS = 200
SIDE = 1024
PRODUCTS = ("mm", "bmm", "addmm", "baddbmm_")
REDUCTIONS = ("sum", "mean", "amax", "norm", "vector_norm", "linalg_vector_norm", "any", "all", "stack")
COPIES = ("copy_", "index_select", "clone", "contiguous", "cat", "double", "as_tensor", "numpy", "permutation")
LAYERS, LOSS = "layers, their gradients and steps, compiled", "the loss's gradient, compiled"
TORCH = {"matrix products": PRODUCTS, "reductions": REDUCTIONS, "copies and indexing": COPIES}
ELEMENTWISE, PYTHON = "other tensor operations", "Python between operations"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation in a step of a tile: how often it is called, and its own time in seconds."""

    name: str
    kind: str
    calls: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A step of one tile in one thread. `profiled` is its seconds under the profiler, which takes time itself, `plain` without.

    `products` is the seconds of its matrix products, those of compiled layers made by themselves; `reached` and `peak` are
    operations a second, in the step's products and in a large one, on one core.
    """

    runs: int
    operations: tuple[Operation, ...]
    profiled: float
    plain: float
    products: float
    reached: float
    peak: float

    def shares(self) -> dict[str, float]:
        """The share of the step's time that each kind of operation takes, the largest first."""
        seconds: dict[str, float] = defaultdict(float)
        for operation in self.operations:
            seconds[operation.kind] += operation.seconds
        seconds[PYTHON] += self.profiled - sum(seconds.values())  # what the profiler did not see of itself
        return {kind: part / self.profiled for kind, part in sorted(seconds.items(), key=lambda item: -item[1])}


def profile(lesson: Lesson, steps: int = STEPS) -> Profile:
    """Profile the first tile of a lesson, with the gradients' norms kept at every step."""
    tile = cohorts(lesson.runs(steps), NORMS, None)[0]
    split, _ = load(lesson.dataset)
    train(tile, split)
    plain = min(_seconds(lambda: train(tile, split)) for _ in range(3)) / steps
    watch = Watch()
    profiled = _seconds(lambda: watch.runcall(train, tile, split)) / steps
    operations = _operations(watch, steps)
    at_once = sum(operation.seconds for operation in operations if operation.name in PRODUCTS)
    products = at_once + _run_by_run(lesson, len(tile.runs), first=not at_once)
    reached = lesson.operations * len(tile.runs) / products
    return Profile(
        runs=len(tile.runs),
        operations=operations,
        profiled=profiled,
        plain=plain,
        products=products,
        reached=reached,
        peak=_peak(),
    )


def _operations(watch: Watch, steps: int) -> tuple[Operation, ...]:
    """What the profiler saw, by name, the longest first; Python's own functions are one of them."""
    calls: dict[tuple[str, str], int] = defaultdict(int)
    seconds: dict[tuple[str, str], float] = defaultdict(float)
    for entry in watch.getstats():
        called = _named(entry.code)
        calls[called] += entry.callcount
        seconds[called] += entry.inlinetime
    order = sorted(seconds, key=lambda called: -seconds[called])
    return tuple(
        Operation(name=name, kind=kind, calls=calls[name, kind] / steps, seconds=seconds[name, kind] / steps)
        for name, kind in order
    )


def _named(code: object) -> tuple[str, str]:
    """What is called, and its kind."""
    if isinstance(code, str):  # a function that is not Python's
        name = re.split(r"[ .]", code.removesuffix(">").replace("' of 'torch._C.TensorBase' objects", ""))[-1].strip("'")
        if "torch" not in code:
            return PYTHON, PYTHON
        return name, next((kind for kind, names in TORCH.items() if name in names), ELEMENTWISE)
    name = getattr(code, "co_name", "")
    for module, kind in ((layer_kernels, LAYERS), (link_kernels, LOSS)):
        found = getattr(module, name, None)
        if isinstance(found, CPUDispatcher) and found.py_func.__code__ is code:
            return name, kind
    return PYTHON, PYTHON


def _run_by_run(lesson: Lesson, runs: int, *, first: bool) -> float:
    """Seconds of the products of a step that are made run by run: `first` says that the first layer's are, whatever it is."""
    width = lesson.batch or len(lesson.examples[0])
    return sum(
        min(_seconds(lambda product=product: _make(*product)) for _ in range(20))
        for number, layer in enumerate(lesson.layers)
        if number or first or _by_run(layer, width, lasting=lesson.batch is None)
        for product in _products(layer, number, runs, width)
    )


def _by_run(layer: Layer, width: int, *, lasting: bool) -> bool:
    first = FirstLayerShape(layer.outputs, layer.inputs, width, lasting, torch.float32, "cpu")
    return first.run_by_run(first.reach)


def _products(layer: Layer, number: int, runs: int, width: int) -> list[tuple[object, ...]]:
    """Forward, for the weights' gradient and, but for the first layer, back: operands, how they lie, and what they make."""
    outputs, inputs = layer.outputs, layer.inputs
    weight, units, delta, columns, rows = (
        np.full((runs, *shape), 0.5, np.float32)
        for shape in ((outputs, inputs), (outputs, width), (outputs, width), (inputs, width), (width, inputs))
    )
    straight, turned = blas.STRAIGHT, blas.TRANSPOSED
    forward = weight, straight, columns, straight, units
    if number == 0:
        return [forward, (delta, straight, rows, straight, weight.copy())]
    return [forward, (delta, straight, columns, turned, weight.copy()), (weight, turned, delta, straight, columns.copy())]


@compiled()
def _make(
    left: link_kernels.Numbers, left_lies: int, right: link_kernels.Numbers, right_lies: int, out: link_kernels.Numbers
) -> None:
    plan = blas.gemm_plan(left, left_lies, right, right_lies)
    for r in range(len(out)):
        blas.multiply(plan, blas.address_of(left, r), blas.address_of(right, r), blas.address_of(out, r))


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
