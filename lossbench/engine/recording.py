"""What is recorded of a cohort: probes applied at the scheduled steps, on the mini-batch and on the whole data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from lossbench import tables
from lossbench.engine.loss_batch import LossBatch, loss_batches, target_views
from lossbench.engine.network import Network, NetworkSpec, forward, network
from lossbench.engine.run_step import RunStep
from lossbench.engine.stacking import LossBlock, Sharing
from lossbench.errors import BadInput
from lossbench.interfaces import Array, Split, TargetScale, Task
from lossbench.interfaces.metric import Metric, Outputs
from lossbench.interfaces.probe import Probe, Step
from lossbench.interfaces.recorders import Recorder
from lossbench.planning.example_counts import EVALUATED
from lossbench.planning.spec import RunSpec
from lossbench.tables import TEST, TRAIN, VALIDATION


class Judging(NamedTuple):
    """What metrics must know of the data: the task, and the unit of a regression's targets."""

    task: Task
    scale: TargetScale = TargetScale()


class EvaluationNetwork(NamedTuple):
    """A network that takes so many examples at once: `put` takes them (B, D), and leaves raw outputs in z (R, C, B)."""

    put: Callable[[Tensor], object]
    z: Tensor
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


def evaluated_sets(split: Split, bound: int | None, chosen: Sequence[Recorder], like: Tensor) -> list[tuple[str, Tensor, Tensor]]:
    """What metrics look at: the first `bound` training examples (None: all), test and the validation data, as (prefix, x, y).

    Features (N, D) and targets (N, T) are numbers as in `like`. None where nothing that was chosen is a metric.
    """
    if not any(isinstance(one, Metric) for one in chosen):
        return []
    sets = [(TRAIN, split.train_x[:bound], split.train_y[:bound]), (TEST, split.test_x, split.test_y)]
    if split.validation_x is not None and split.validation_y is not None:
        sets.append((VALIDATION, split.validation_x, split.validation_y))
    return [(prefix, torch.as_tensor(x).to(like), torch.as_tensor(y).to(like)) for prefix, x, y in sets]


def examples(prefix: str, x: Tensor, y: Tensor, net: Network, blocks: Sequence[LossBlock]) -> Examples:
    """All of x (N, D) and y (N, T), for the parameters of a network that goes on learning."""
    all_runs = Sharing((0,), (0,) * len(net.parameters[0].weight), alike=True)
    networks = {}
    for width in {min(EVALUATED, len(x) - start) for start in range(0, len(x), EVALUATED)}:
        spec = NetworkSpec(layers=net.layers, parameters=net.parameters, sharing=all_runs, width=width, learns=False)
        evaluation_network = network(spec)
        batches = loss_batches(blocks, evaluation_network, y.shape[1])
        networks[width] = EvaluationNetwork(partial(_put, evaluation_network), evaluation_network.units[-1], batches)
    return Examples(prefix, x, y.T.contiguous(), networks)


def _put(net: Network, x: Tensor) -> None:
    net.inputs.rows.copy_(x)
    net.inputs.turn()
    forward(net)


def evaluate(data: Examples, chosen: Sequence[Recorder], judging: Judging) -> dict[str, Tensor]:
    """Means over the examples, (R,) float64 a column, of every metric that has a meaning for the task."""
    fitting = [probe for probe in chosen if isinstance(probe, Metric) and judging.task in probe.tasks]
    means: dict[str, Mean] = {}
    whole = _raw_outputs(data, fitting)
    for start in range(0, len(data.x) if fitting else 0, EVALUATED):
        x, y = data.x[start : start + EVALUATED], data.y[:, start : start + EVALUATED]
        put, z, loss_batches = data.networks[len(x)]
        put(x)
        for target, source in target_views(loss_batches, y[:, None]):
            target.copy_(source)
        if whole is not None:
            whole[..., start : start + EVALUATED].copy_(z)
        for loss_batch in loss_batches:
            loss_batch.fill()
            outputs = Outputs(loss_batch.z, loss_batch.y, loss_batch.loss, *judging)
            for probe in fitting if loss_batch.loss.per_example else ():
                if not probe.per_example:
                    continue
                measured = loss_batch.by_run(probe.measure(outputs)).double()
                means.setdefault(data.prefix + probe.word, Mean(len(z))).add(loss_batch.runs, measured)
    by_chunks = {column: values for name, mean in means.items() for column, values in mean.columns(name, len(data.x))}
    return by_chunks if whole is None else by_chunks | _evaluate_run_by_run(data, fitting, judging, whole, by_chunks)


def with_penalties(
    fit: Mapping[str, Tensor], chosen: Sequence[Recorder], runs: Sequence[RunSpec], weights: Sequence[Tensor]
) -> dict[str, Tensor]:
    """What metrics say, (R,) a column, with the penalty of each run's weights (R, out, in) where it belongs to the metric.

    It is summed up in float64, of each run by itself.
    """
    penalised = [one.word for one in chosen if isinstance(one, Metric) and one.penalised]
    columns = [prefix + word for prefix in (TRAIN, TEST, VALIDATION) for word in penalised if prefix + word in fit]
    if not columns:
        return dict(fit)
    penalties = [
        sum(run.optimizer.penalty(part[r].to(torch.float64, copy=True)) for part in weights) for r, run in enumerate(runs)
    ]
    added = torch.stack([torch.as_tensor(penalty) for penalty in penalties])
    return {**fit, **{name: fit[name] + added for name in columns}}


def _raw_outputs(data: Examples, fitting: Sequence[Metric]) -> Tensor | None:
    """Room for the raw outputs (R, C, N) of all examples; None where every loss and probe looks at one example at a time."""
    if not fitting or not data.networks:
        return None
    _, z, loss_batches = next(iter(data.networks.values()))
    if all(part.loss.per_example for part in loss_batches) and all(probe.per_example for probe in fitting):
        return None
    return z.new_empty(*z.shape[:2], len(data.x))


def _evaluate_run_by_run(
    data: Examples, fitting: Sequence[Metric], judging: Judging, z: Tensor, by_chunks: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """What losses and probes that look across examples say, each of one run's raw outputs z[r] (C, N) and all targets.

    Columns (R,) float64; those measured `by_chunks` already, for other losses of the cohort, are kept where they stand.
    """
    columns: dict[str, Tensor] = {}
    for loss_batch in next(iter(data.networks.values())).loss_batches:
        for probe in fitting:
            if loss_batch.loss.per_example and probe.per_example:
                continue
            for run in range(loss_batch.runs.start, loss_batch.runs.stop):
                outputs = Outputs(z[run].clone(), data.y.clone(), loss_batch.loss, *judging)
                for name, number in _means(data, probe, type(probe)().measure(outputs)):
                    start = by_chunks.get(name, z.new_full((len(z),), torch.nan, dtype=torch.float64))
                    columns.setdefault(name, start)[run] = number
    return columns


def _means(data: Examples, probe: Metric, measured: Tensor) -> Iterator[tuple[str, Tensor]]:
    """One run's columns from what was measured of all its examples: (), (N,), (K,) or (K, N); NaN counts not among K."""
    examples, name, measured = len(data.x), data.prefix + probe.word, measured.double()
    if measured.shape in ((), (examples,)):
        yield name, measured.sum() / max(1, measured.numel())
        return
    if measured.dim() not in (1, 2) or (measured.dim() == 2 and measured.shape[1] != examples):
        raise BadInput(
            f"The metric {type(probe).__module__}.{type(probe).__qualname__} returned {tuple(measured.shape)} for {examples} "
            f"examples; possible are (), ({examples},), (K,) and (K, {examples})."
        )
    for number, part in enumerate(measured if measured.dim() == 1 else measured.nanmean(-1)):
        yield tables.class_column(name, number), part


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


def describe(step: Step, chosen: Sequence[Recorder]) -> dict[str, Tensor]:
    """What the step probes say of a step: (R,) a quantity, or (R, L) one that each layer has."""
    measured = [_describe(step, probe) for probe in chosen if isinstance(probe, Probe)]
    return {name: part for quantities in measured for name, part in quantities.items()}


def _describe(step: Step, probe: Probe) -> dict[str, Tensor]:
    """What one probe says of all runs, at once or of one after the other."""
    if probe.many_runs:
        return probe.measure(step)
    measured = [type(probe)().measure(RunStep(step, run)) for run in range(len(step.gradient))]
    return {name: torch.stack([quantities[name] for quantities in measured]) for name in measured[0]}


def curves(records: Sequence[Mapping[str, Tensor]]) -> dict[str, Array]:
    """The records of all recorded steps as curves, (R, T) float64 a quantity, or a layer of it."""
    names = tuple(records[0] if records else ())
    parts = (part for name in names for part in _by_layer(name, _stacked([record[name] for record in records])))
    return {column: curve.cpu().numpy() for column, curve in parts}


def _stacked(numbers: list[Tensor]) -> Tensor:
    """A quantity of all records, (R, T) or (R, T, L) float64.

    One record after the other as they come, then turned: to weave them into each other takes twice as long.
    """
    return torch.stack(numbers).double().transpose(0, 1)


def _by_layer(name: str, curve: Tensor) -> Iterator[tuple[str, Tensor]]:
    if curve.dim() == 2:
        yield name, curve.contiguous()
        return
    for layer, own in enumerate(curve.unbind(-1)):
        yield tables.layer_column(name, layer + 1), own.contiguous()
