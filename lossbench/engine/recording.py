"""What is recorded of a cohort: probes applied at the scheduled steps, on the mini-batch and on the whole data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench import tables
from lossbench.engine.network import Inputs, Network, Plot, forward, lasting, network
from lossbench.engine.objective import Columns, Targets, by_run, columns, fill, lay
from lossbench.engine.stacking import Sharing
from lossbench.interfaces import Array, ExampleProbe, Loss, Outputs, Probe, Step, StepProbe, Task
from lossbench.registry import find, shelf

CHUNK = 256  # examples evaluated at once; a run's mean is summed in this order whatever its cohort


@dataclass(frozen=True)
class Chunk:
    """Some examples to evaluate, n of them, with the room to do it in."""

    inputs: Inputs
    net: Network
    rooms: tuple[Columns, ...]
    targets: Targets
    width: int


@dataclass(frozen=True)
class Examples:
    """A set of examples that probes are averaged over; the prefix names it in the records."""

    prefix: str
    chunks: tuple[Chunk, ...]
    count: int


def probes(words: Sequence[str]) -> tuple[Probe, ...]:
    """The probes by their words; none named means all that are recorded by default. Raises BadInput for an unknown word."""
    chosen = [find("probe", word)() for word in words] or [probe() for probe in shelf("probe").values()]
    return tuple(probe for probe in chosen if isinstance(probe, Probe) and (words or probe.by_default))


def examples(prefix: str, x: Tensor, y: Tensor, net: Network, blocks: Sequence[tuple[Loss, slice]]) -> Examples:
    """All of x (N, D) and y (N, T), in chunks, for the parameters of a network that goes on learning."""
    runs = len(net.parameters[0].weight)
    everybody = Sharing((0,), torch.zeros(runs, dtype=torch.long, device=x.device), ((0, runs, 0),))
    rooms: dict[int, Network] = {}
    chunks = []
    for start in range(0, len(x), CHUNK):
        part, labels = x[start : start + CHUNK], y[start : start + CHUNK]
        width = len(part)
        if width not in rooms:
            rooms[width] = network(Plot(net.layers, net.parameters, everybody, width), learns=False)
        filled = columns(blocks, rooms[width].units[-1])
        chunks.append(Chunk(lasting(part[None]), rooms[width], filled, lay(filled, labels.T[None, None], everybody)[0], width))
    return Examples(prefix, tuple(chunks), len(x))


def evaluate(data: Examples, chosen: Sequence[Probe], task: Task) -> dict[str, Tensor]:
    """Means over the examples, (R,) float64 a column, of every example probe that has a meaning for the task."""
    fitting = [probe for probe in chosen if isinstance(probe, ExampleProbe) and task in probe.tasks]
    if not fitting:
        return {}
    runs = data.chunks[0].net.units[-1].shape[0]
    means = {data.prefix + probe.word: Mean(runs) for probe in fitting}
    for chunk in data.chunks:
        z = forward(chunk.net, chunk.inputs)
        for room, y in zip(chunk.rooms, chunk.targets, strict=True):
            fill(room, z)
            outputs = _outputs(room, y, task)
            for probe in fitting:
                measured = by_run(probe.measure(outputs), room.count, chunk.width)
                means[data.prefix + probe.word].add(room.runs, measured.double())
    return {column: values for name, mean in means.items() for column, values in mean.columns(name, data.count)}


class Mean:
    """A mean over examples in the making: a number for each of R runs, or one for each class."""

    def __init__(self, runs: int) -> None:
        self.runs = runs
        self.total: Tensor | None = None
        self.count: Tensor | None = None

    def add(self, runs: slice, measured: Tensor) -> None:
        """Take in what was measured of examples of some runs, (r, B) or (r, K, B) float64; of the latter, NaN does not count."""
        if self.total is None:
            self.total = measured.new_zeros(self.runs, *measured.shape[1:-1])
        if measured.dim() == 2:
            self.total[runs] += measured.sum(-1)
            return
        self.count = torch.zeros_like(self.total) if self.count is None else self.count
        self.total[runs] += measured.nansum(-1)
        self.count[runs] += measured.shape[-1] - measured.isnan().sum(-1)

    def columns(self, name: str, examples: int) -> Iterator[tuple[str, Tensor]]:
        """The means, (R,) a column."""
        if self.total is None or self.count is None:
            yield from () if self.total is None else [(name, self.total / examples)]
            return
        for number, mean in enumerate((self.total / self.count).unbind(1)):
            yield tables.class_column(name, number), mean


def describe(step: Step, chosen: Sequence[Probe]) -> dict[str, Tensor]:
    """What the step probes say of a step, a column a quantity or a layer, (R,)."""
    measured = [probe.measure(step) for probe in chosen if isinstance(probe, StepProbe)]
    parts = [part for quantities in measured for part in quantities.items()]
    return {column: values for name, part in parts for column, values in _by_layer(name, part)}


def curves(moments: Sequence[dict[str, Tensor]]) -> dict[str, Array]:
    """The recorded moments as curves, (R, T) float64 a quantity."""
    if not moments:
        return {}
    return {name: torch.stack([moment[name] for moment in moments], 1).double().cpu().numpy() for name in moments[0]}


def _by_layer(name: str, measured: Tensor) -> Iterator[tuple[str, Tensor]]:
    if measured.dim() == 1:
        yield name, measured
        return
    for layer in range(measured.shape[1]):
        yield tables.layer_column(name, layer + 1), measured[:, layer]


def _outputs(room: Columns, y: Tensor, task: Task) -> Outputs:
    loss = room.loss
    a, value = loss.prediction(loss.link_function.value(room.z)), loss.value(room.z, y)
    return Outputs(room.z, a, y, value, loss.link, task, loss.boundary)
