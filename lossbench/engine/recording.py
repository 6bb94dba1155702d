"""What is recorded of a cohort: probes applied at the scheduled steps, on the mini-batch and on the whole data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lossbench import tables
from lossbench.engine.loss_batch import LossBatch, loss_batches, target_views
from lossbench.engine.network import Network, NetworkSpec, forward, network
from lossbench.engine.stacking import Sharing
from lossbench.interfaces import Array, Loss, Task
from lossbench.interfaces.probe import ExampleProbe, Outputs, Probe, Step, StepProbe
from lossbench.registry import find, shelf

CHUNK = 128  # examples evaluated at once; a run's mean is summed in this order whatever its cohort


class EvaluationNetwork(NamedTuple):
    """A network with memory for so many examples at once, and what its losses read."""

    net: Network
    loss_batches: tuple[LossBatch, ...]


@dataclass(frozen=True)
class Examples:
    """A set of examples x (N, D), y (T, N) that probes are averaged over, and networks by how many examples each holds.

    The prefix names it in the records.
    """

    prefix: str
    x: Tensor
    y: Tensor
    networks: Mapping[int, EvaluationNetwork]


def probes(words: Sequence[str]) -> tuple[Probe, ...]:
    """The probes by their words; none named means all that are recorded by default. Raises BadInput for an unknown word."""
    chosen = [find("probe", word)() for word in words] or [probe() for probe in shelf("probe").values()]
    return tuple(probe for probe in chosen if isinstance(probe, Probe) and (words or probe.by_default))


def examples(prefix: str, x: Tensor, y: Tensor, net: Network, blocks: Sequence[tuple[Loss, slice]]) -> Examples:
    """All of x (N, D) and y (N, T), for the parameters of a network that goes on learning."""
    all_runs = Sharing((0,), (0,) * len(net.parameters[0].weight), alike=True)
    networks = {}
    for width in {min(CHUNK, len(x) - start) for start in range(0, len(x), CHUNK)}:
        spec = NetworkSpec(layers=net.layers, parameters=net.parameters, sharing=all_runs, width=width, learns=False)
        evaluation_network = network(spec)
        networks[width] = EvaluationNetwork(evaluation_network, loss_batches(blocks, evaluation_network, y.shape[1]))
    return Examples(prefix, x, y.T.contiguous(), networks)


def evaluate(data: Examples, chosen: Sequence[Probe], task: Task) -> dict[str, Tensor]:
    """Means over the examples, (R,) float64 a column, of every example probe that has a meaning for the task."""
    fitting = [probe for probe in chosen if isinstance(probe, ExampleProbe) and task in probe.tasks]
    means: dict[str, Mean] = {}
    for start in range(0, len(data.x) if fitting else 0, CHUNK):
        x, y = data.x[start : start + CHUNK], data.y[:, start : start + CHUNK]
        net, loss_batches = data.networks[len(x)]
        net.inputs.rows.copy_(x)
        net.inputs.turn()
        forward(net)
        for target, source in target_views(loss_batches, y[:, None]):
            target.copy_(source)
        for loss_batch in loss_batches:
            loss_batch.fill()
            outputs = Outputs(loss_batch.z, loss_batch.y, loss_batch.loss, task)
            for probe in fitting:
                measured = loss_batch.by_run(probe.measure(outputs)).double()
                means.setdefault(data.prefix + probe.word, Mean(len(net.units[-1]))).add(loss_batch.runs, measured)
    return {column: values for name, mean in means.items() for column, values in mean.columns(name, len(data.x))}


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
    """What the step probes say of a step: (R,) a quantity, or (R, L) one that each layer has."""
    measured = [probe.measure(step) for probe in chosen if isinstance(probe, StepProbe)]
    return {name: part for quantities in measured for name, part in quantities.items()}


def curves(records: Sequence[Mapping[str, Tensor]]) -> dict[str, Array]:
    """The records of all recorded steps as curves, (R, T) float64 a quantity, or a layer of it."""
    stacked = {name: torch.stack([record[name] for record in records], 1).double() for name in (records[0] if records else {})}
    parts = [part for name, curve in stacked.items() for part in _by_layer(name, curve)]
    return {column: curve.cpu().numpy() for column, curve in parts}


def _by_layer(name: str, curve: Tensor) -> Iterator[tuple[str, Tensor]]:
    if curve.dim() == 2:
        yield name, curve
        return
    for layer, own in enumerate(curve.unbind(-1)):
        yield tables.layer_column(name, layer + 1), own.contiguous()
