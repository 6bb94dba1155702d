"""What is recorded of a cohort: probes applied at the scheduled steps, on the mini-batch and on the whole data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lossbench import tables
from lossbench.engine.network import Network, Plot, forward, network
from lossbench.engine.objective import Columns, by_run, columns, fill, scatter
from lossbench.engine.stacking import Sharing
from lossbench.interfaces import Array, Dense, ExampleProbe, Loss, Outputs, Probe, Step, StepProbe, Task
from lossbench.registry import find, shelf

CHUNK = 256  # examples evaluated at once; a run's mean is summed in this order whatever its cohort


@dataclass(frozen=True)
class Chunk:
    """Some examples to evaluate, with the room to do it in: x (1, n, D), y (T, n) on the columns of each loss."""

    x: Tensor
    net: Network
    rooms: tuple[Columns, ...]
    width: int


@dataclass(frozen=True)
class Examples:
    """A set of examples that probes are averaged over; the prefix names it in the records."""

    prefix: str
    chunks: tuple[Chunk, ...]
    count: int


def probes(words: Sequence[str]) -> tuple[Probe, ...]:
    """The probes by their words; none named means all that there are. Raises BadInput for an unknown word."""
    chosen = [find("probe", word) for word in words] or list(shelf("probe").values())
    return tuple(probe() for probe in chosen)  # type: ignore[misc]


def examples(prefix: str, x: Tensor, y: Tensor, net: Network, blocks: Sequence[tuple[Loss, slice]]) -> Examples:
    """All of x (N, D) and y (N, T), in chunks, for the parameters of a network that goes on learning."""
    runs = len(net.parameters[0].weight)
    everybody = Sharing((0,), torch.zeros(runs, dtype=torch.long, device=x.device), ((0, runs, 0),))
    rooms: dict[int, Network] = {}
    chunks = []
    for start in range(0, len(x), CHUNK):
        part, width = x[start : start + CHUNK], len(x[start : start + CHUNK])
        if width not in rooms:
            rooms[width] = network(Plot(net.layers, net.parameters, everybody, width), learns=False)
        filled = columns(blocks, rooms[width].units[-1], y.shape[1])
        for room in filled:
            fill(room.y, y[start : start + CHUNK].T.expand(room.runs.stop - room.runs.start, -1, -1))
        chunks.append(Chunk(part[None], rooms[width], tuple(filled), width))
    return Examples(prefix, tuple(chunks), len(x))


def evaluate(data: Examples, chosen: Sequence[Probe], task: Task) -> dict[str, Tensor]:
    """Means over the examples, (R,) float64, of every example probe that has a meaning for the task."""
    fitting = [probe for probe in chosen if isinstance(probe, ExampleProbe) and task in probe.tasks]
    if not fitting:
        return {}
    runs = data.chunks[0].net.units[-1].shape[0]
    device = data.chunks[0].x.device
    sums = {data.prefix + probe.word: torch.zeros(runs, dtype=torch.float64, device=device) for probe in fitting}
    for chunk in data.chunks:
        z = forward(chunk.net, chunk.x)
        for room in chunk.rooms:
            fill(room.z, z[room.runs])
            outputs = _outputs(room, task)
            for probe in fitting:
                measured = by_run(probe.measure(outputs), room.runs.stop - room.runs.start, chunk.width)
                sums[data.prefix + probe.word][room.runs] += measured.double().sum(-1)
    return {name: total / data.count for name, total in sums.items()}


def inspect(net: Network, rooms: Sequence[Columns], y: Tensor, before: tuple[Dense[Tensor], ...], *, last: bool) -> Step:
    """The step that the network has just made from the parameters `before`; after the last none is made.

    The error is float64 in any run: cross entropy's, 1/p, leaves float32 where the network is confidently wrong.
    """
    z = net.units[-1]
    gradient, error, a, slope = (torch.empty_like(part) for part in (z, z.double(), z, z[:, 0]))
    scatter(rooms, z, y, gradient, lambda room: room.loss.gradient(room.z, room.y))
    scatter(rooms, z, y, error, lambda room: room.loss.error(room.z.double(), room.y.double()))
    scatter(rooms, z, y, a, lambda room: room.loss.link_function.value(room.z))
    scatter(rooms, z, y, slope, lambda room: room.loss.link_function.slope(room.loss.link_function.value(room.z)))
    moved = [Dense(new.weight - old.weight, new.bias - old.bias) for new, old in zip(net.parameters, before, strict=True)]
    return Step(
        parameters=before,
        gradients=net.gradients,
        updates=None if last else tuple(moved),
        hidden=net.units[:-1],
        activations=tuple(layer.activation for layer in net.layers if layer.activation),
        outputs=a,
        link=rooms[0].loss.link,
        gradient=gradient,
        error=error,
        slope=slope,
    )


def describe(step: Step, chosen: Sequence[Probe]) -> dict[str, Tensor]:
    """What the step probes say of a step, a column a quantity or a layer, (R,)."""
    measured = [probe.measure(step) for probe in chosen if isinstance(probe, StepProbe)]
    parts = [part for quantities in measured for part in quantities.items()]
    return {column: values for name, part in parts for column, values in _by_layer(name, part)}


def curves(moments: Sequence[dict[str, Tensor]]) -> dict[str, Array]:
    """The recorded moments as curves, (R, T) float64 a quantity."""
    if not moments:
        return {}
    return {name: np.stack([moment[name].double().cpu().numpy() for moment in moments], 1) for name in moments[0]}


def _by_layer(name: str, measured: Tensor) -> Iterator[tuple[str, Tensor]]:
    if measured.dim() == 1:
        yield name, measured
        return
    for layer in range(measured.shape[1]):
        yield tables.layer_column(name, layer + 1), measured[:, layer]


def _outputs(room: Columns, task: Task) -> Outputs:
    loss = room.loss
    a, value = loss.prediction(loss.link_function.value(room.z)), loss.value(room.z, room.y)
    return Outputs(room.z, a, room.y, value, loss.link, task, loss.boundary)
