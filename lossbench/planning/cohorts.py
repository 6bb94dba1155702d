"""Which runs train as one tensor program, and how many at a time."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import fields
from math import ceil, prod
from typing import NamedTuple

from lossbench.data.loading import describe
from lossbench.interfaces import Layer, Optimizer, says_layers
from lossbench.modules.outline import Outline
from lossbench.planning.example_counts import AHEAD, EVALUATED
from lossbench.planning.module_size import module_outline
from lossbench.planning.spec import LOCAL_WORKERS, Cohort, Recording, RunSpec
from lossbench.tables import BINS

CACHE_BYTES = 24 * 2**20  # a tile: wide ones spread the price of a call until they leave the cache; see benchmarks/tiles.py
FEWEST, MOST = 2, 250  # runs a tile where nobody chooses
SAFE = 0.7  # of a device's free memory; the rest is for data, for libraries, and for gaps that freed tensors leave
MATRICES = 63 * 1024  # in a batched product: some kernels count them along an axis of the card's grid that ends at 65,535
# What a run has on a device at its worst moment, in numbers of its dtype, as it was counted; see tests/test_cohorts.py.
COPIES = 10  # of its parameters: gradients, Adam's moments, and what a recorded step makes of them
STEP_UNITS, STEP_OUTPUTS = 4, 60  # of a mini-batch's activations, and of its raw outputs, of which some losses make much
EXAMPLE_OUTPUTS = 5  # of the raw outputs of examples that are evaluated
CURVE_BYTES = 24  # of a recorded number: as it came, beside the others of its curve, and apart by layer
SIDES = 3  # training, test and validation data
PROBES, PARTS = 8, 3  # where none is named, so many are recorded; each leaves up to so many curves a layer
FIXED_BYTES = 2048  # raw outputs summed up until somebody looks whether they are finite, and the rates


class Program(NamedTuple):
    """What decides a tensor program; runs of one program may be stacked."""

    data: str
    dataset: Hashable
    layers: tuple[Layer, ...]
    module: Hashable  # the model, where it makes a torch module: None for a chain of dense layers
    batch: int | None
    last_batch: str
    order: str
    steps: int
    dtype: str
    link: str
    optimizer: Hashable
    clips: bool


class Size(NamedTuple):
    """How large one run of a cohort is. Bytes are those of parameters, gradients and activations."""

    layers: tuple[Layer, ...]
    examples: int  # a step's mini-batch
    operations: int  # multiplications and additions a step
    bytes: int


def cohorts(
    runs: Sequence[RunSpec], recording: Recording, tile: int | None, free: int | None = None, workers: int = LOCAL_WORKERS
) -> list[Cohort]:
    """Group runs that may train together: equal losses side by side, then equal seeds, at most `tile` runs a cohort.

    With tile None a cohort's parameters, gradients and activations fit into a core's cache, and so many workers have work; but
    where a device trains that has `free` bytes of its own, a cohort is all that fits there.
    """
    planned: list[Cohort] = []
    for group in _groups(runs).values():
        size = tile or (
            _tile(group[0], len(runs), workers) if free is None else at_once(device_bytes(group[0], recording), free, len(group))
        )
        parts = ceil(len(group) / size)
        if parts > 1 and not tile and free is None:
            parts = ceil(parts / workers) * workers  # an odd one would leave a core without work at the end
        size = ceil(len(group) / parts)
        planned.extend(Cohort(runs=group[n : n + size], recording=recording) for n in range(0, len(group), size))
    return planned


def run_size(run: RunSpec) -> Size:
    """The size of one run, from its shapes.

    Operations: 2·B·Σ in·out forward, as many for the weights' gradients, and once more backward for all layers but the first.
    """
    rows, layers = _shape(run)
    examples = run.batch or rows
    if not says_layers(run.model):
        outline = _outline(run)
        operations = 6 * examples * outline.products  # forward, and back to weights and to inputs
        return Size(layers, examples, operations, _item(run) * 2 * (outline.parameters + examples * outline.units))
    weights = [layer.inputs * layer.outputs for layer in layers]
    units = sum(layer.outputs for layer in layers)
    parameters = sum(weights) + units
    return Size(
        layers, examples, 2 * examples * (3 * sum(weights) - weights[0]), _item(run) * 2 * (parameters + examples * units)
    )


def at_once(run_bytes: int, free: int, runs: int) -> int:
    """How many of some runs to train at once on a device with so many bytes free, where a run takes `run_bytes`; at least 1."""
    return max(1, min(runs, MATRICES, int(SAFE * free) // run_bytes))


def device_bytes(run: RunSpec, recording: Recording) -> int:
    """What a run takes of a device's memory while it is trained and recorded, in bytes: rather too many than too few.

    Parameters and what is made of them; the mini-batch, which may be the run's own; its activations, and what losses and probes
    make of its raw outputs; training and test examples as they are evaluated; curves.
    """
    size, data = run_size(run), describe(run.dataset).shape
    inputs, outputs, units = size.layers[0].inputs, size.layers[-1].outputs, sum(layer.outputs for layer in size.layers)
    parameters = sum((layer.inputs + 1) * layer.outputs for layer in size.layers)
    looked_at = (min(recording.examples or data.rows, data.rows), data.test_rows, data.validation_rows)
    evaluated = sum(map(_chunks, looked_at))
    numbers = COPIES * parameters + (STEP_UNITS * units + STEP_OUTPUTS * outputs) * size.examples
    numbers += 2 * inputs * max(run.batch, AHEAD) if run.batch else 0  # all examples are everybody's
    numbers += (units + EXAMPLE_OUTPUTS * outputs) * evaluated
    recorded = len(recording.steps(run, data.rows)) * _curves(recording, len(size.layers), outputs)
    return _item(run) * numbers + CURVE_BYTES * recorded + FIXED_BYTES


def _curves(recording: Recording, layers: int, outputs: int) -> int:
    """How many curves a run leaves at most: a probe that is named may have one for each class or bin of each part of the data."""
    return len(recording.probes) * max(PARTS * layers, SIDES * max(outputs + 1, BINS)) or PROBES * PARTS * layers


def _chunks(examples: int) -> int:
    """Examples for which there is room where so many are evaluated: a chunk, and a last one that is shorter."""
    return examples if examples < EVALUATED else EVALUATED + examples % EVALUATED


def _item(run: RunSpec) -> int:
    return 4 if run.dtype == "float32" else 8


def _groups(runs: Sequence[RunSpec]) -> dict[Program, tuple[RunSpec, ...]]:
    layers: dict[Hashable, tuple[Layer, ...]] = {}
    losses: dict[Hashable, int] = {}
    groups: dict[Program, list[RunSpec]] = {}
    for run in runs:
        shape = (run.model, run.dataset, run.loss)
        if shape not in layers:
            layers[shape] = _shape(run)[1]
        losses.setdefault(loss_key(run), len(losses))
        groups.setdefault(_program(run, layers[shape]), []).append(run)
    return {program: tuple(sorted(group, key=lambda run: (losses[loss_key(run)], run.seed))) for program, group in groups.items()}


def loss_key(run: RunSpec) -> Hashable:
    """What makes a run's training loss another one: the loss, and how classes are weighed in it."""
    return run.loss, run.class_weights, run.weighted_mean


def _program(run: RunSpec, layers: tuple[Layer, ...]) -> Program:
    kind = tuple(_kind(run.optimizer))
    clips = run.clip_norm is not None
    module = None if says_layers(run.model) else run.model
    batching = run.batch, run.last_batch, run.order
    return Program(run.data, run.dataset, layers, module, *batching, run.steps, run.dtype, run.loss.link, kind, clips)


def _kind(optimizer: Optimizer) -> Iterator[Hashable]:
    """What makes an optimizer another program: its class, options that are no numbers, and which numbers are 0."""
    yield type(optimizer)
    for field in fields(optimizer):  # type: ignore[arg-type]
        value = getattr(optimizer, field.name)
        yield value == 0 if isinstance(value, float) else value


def _shape(run: RunSpec) -> tuple[int, tuple[Layer, ...]]:
    """Training examples and layers of a run."""
    data = describe(run.dataset).shape
    if not says_layers(run.model):
        return data.rows, _outline(run).drawn or (Layer(prod(data.inputs), run.loss.raw_outputs(data.targets), None),)
    return data.rows, run.model.layers(prod(data.inputs), run.loss.raw_outputs(data.targets))


def _outline(run: RunSpec) -> Outline:
    return module_outline(run.model, run.dataset, run.loss.raw_outputs(describe(run.dataset).shape.targets))


def _tile(run: RunSpec, total: int, workers: int) -> int:
    """As many runs as fit into the cache, and no more than leave something for the other workers."""
    fitting = CACHE_BYTES // run_size(run).bytes
    return max(1, min(max(FEWEST, min(MOST, fitting)), ceil(total / workers)))
