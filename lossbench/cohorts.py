"""Which runs train as one tensor program, and how many at a time."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import fields
from math import ceil
from typing import NamedTuple

from lossbench.data import load
from lossbench.interfaces import Layer, Optimizer
from lossbench.spec import Cohort, Recording, RunSpec

CACHE_BYTES = 24 * 2**20  # a tile: wide ones spread the price of a call until they leave the cache; see benchmarks/tiles.py
FEWEST, MOST = 2, 250  # runs a tile where nobody chooses
WORKERS = 2  # cores that should both have work


class Program(NamedTuple):
    """What decides a tensor program; runs of one program may be stacked."""

    data: str
    dataset: Hashable
    layers: tuple[Layer, ...]
    batch: int | None
    order: str
    steps: int
    dtype: str
    link: str
    optimizer: Hashable


class Size(NamedTuple):
    """How large one run of a cohort is. Bytes are those of parameters, gradients and activations."""

    layers: tuple[Layer, ...]
    examples: int  # a step's mini-batch
    operations: int  # multiplications and additions a step
    bytes: int


def cohorts(runs: Sequence[RunSpec], recording: Recording, tile: int | None) -> list[Cohort]:
    """Group runs that may train together: equal losses side by side, then equal seeds, at most `tile` runs a cohort.

    With tile None a cohort's parameters, gradients and activations fit into a core's cache, and two cores have work.
    """
    found: list[Cohort] = []
    for group in _groups(runs).values():
        size = tile or _tile(group[0], len(runs))
        parts = ceil(len(group) / size)
        if parts > 1 and not tile:
            parts = ceil(parts / WORKERS) * WORKERS  # an odd one would leave a core without work at the end
        size = ceil(len(group) / parts)
        found.extend(Cohort(runs=group[n : n + size], recording=recording) for n in range(0, len(group), size))
    return found


def run_size(run: RunSpec) -> Size:
    """The size of one run, from its shapes.

    Operations: 2·B·Σ in·out forward, as many for the weights' gradients, and once more backward for all layers but the first.
    """
    rows, layers = _shape(run)
    examples = run.batch or rows
    weights = [layer.inputs * layer.outputs for layer in layers]
    units = sum(layer.outputs for layer in layers)
    parameters = sum(weights) + units
    item = 4 if run.dtype == "float32" else 8
    return Size(layers, examples, 2 * examples * (3 * sum(weights) - weights[0]), item * 2 * (parameters + examples * units))


def _groups(runs: Sequence[RunSpec]) -> dict[Program, tuple[RunSpec, ...]]:
    layers: dict[Hashable, tuple[Layer, ...]] = {}
    losses: dict[Hashable, int] = {}
    groups: dict[Program, list[RunSpec]] = {}
    for run in runs:
        shape = (run.model, run.dataset, run.loss)
        if shape not in layers:
            layers[shape] = _shape(run)[1]
        losses.setdefault(run.loss, len(losses))
        groups.setdefault(_program(run, layers[shape]), []).append(run)
    return {program: tuple(sorted(group, key=lambda run: (losses[run.loss], run.seed))) for program, group in groups.items()}


def _program(run: RunSpec, layers: tuple[Layer, ...]) -> Program:
    kind = tuple(_kind(run.optimizer))
    return Program(run.data, run.dataset, layers, run.batch, run.order, run.steps, run.dtype, run.loss.link, kind)


def _kind(optimizer: Optimizer) -> Iterator[Hashable]:
    """What makes an optimizer another program: its class, options that are no numbers, and which numbers are 0."""
    yield type(optimizer)
    for field in fields(optimizer):  # type: ignore[arg-type]
        value = getattr(optimizer, field.name)
        yield value == 0 if isinstance(value, float) else value


def _shape(run: RunSpec) -> tuple[int, tuple[Layer, ...]]:
    """Training examples and layers of a run."""
    split = load(run.dataset).split
    outputs = run.loss.raw_outputs(split.train_y.shape[1])
    return len(split.train_x), run.model.layers(split.train_x.shape[1], outputs)


def _tile(run: RunSpec, total: int) -> int:
    """As many runs as fit into the cache, and no more than leave something for another worker."""
    fitting = CACHE_BYTES // run_size(run).bytes
    return max(1, min(max(FEWEST, min(MOST, fitting)), ceil(total / WORKERS)))
