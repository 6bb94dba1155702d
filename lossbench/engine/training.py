"""Training a cohort: every run one step at a time, all runs at once."""

import time
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from lossbench.engine.batches import batches
from lossbench.engine.claim_trial import refuse_false_claims
from lossbench.engine.cuda_graph import CapturedStep
from lossbench.engine.determinism import fitting
from lossbench.engine.learner import Learner, is_plain
from lossbench.engine.loss_batch import LossBatch, gradient, loss_batches
from lossbench.engine.many_runs_trial import refuse_false_many_runs
from lossbench.engine.moments import Moments
from lossbench.engine.network import Network, NetworkSpec, forward, network
from lossbench.engine.recording import Examples, Judging, curves, describe, evaluate, evaluated_sets, examples, with_penalties
from lossbench.engine.shape_checks import checked_layers
from lossbench.engine.stacking import loss_blocks, parameters, sharing
from lossbench.engine.state import Checkpoint, ResumableState, initial_state
from lossbench.engine.step_view import StepView
from lossbench.engine.threads import lent_threads
from lossbench.engine.weighing import weighed_targets, weighings
from lossbench.interfaces import Array, Dense, Layer, Split
from lossbench.interfaces.dataset import class_members
from lossbench.interfaces.probe import Probe
from lossbench.interfaces.recorders import Recorder, recorders
from lossbench.planning.spec import Cohort, Parameters, Recording, RecordingSchedule, RunSpec, Trace

DTYPES = {"float32": torch.float32, "float64": torch.float64}
LEAST = ("gradient_norms",)  # a probe that looks at no examples, where nobody will look at the records
LOOK_EVERY = 64  # steps between looks at whether anything is left to train


def train(
    cohort: Cohort,
    split: Split,
    device: str = "cpu",
    report: Callable[[int], None] | None = None,
    checkpoint: Checkpoint | None = None,
) -> list[Trace]:
    """Train the runs of a cohort together; a trace for each, in their order.

    `report` is told each step as it is done. Where a checkpoint holds a state of the same cohort, training goes on from it.
    On the CPU a run's numbers are the same bits in any cohort, interrupted or not.
    """
    started = time.perf_counter()
    runs = list(cohort.runs)
    layers = _layers(runs[0], split)
    padded_runs = runs + runs[-1:] * (fitting(len(runs), layers[0].outputs) - len(runs))
    with one_thread(), torch.inference_mode():
        training = _training_state(replace(cohort, runs=tuple(padded_runs)), split, device)
        moments = Moments(cohort.recording.moments(runs[0], len(split.train_x)), _named(training.net.parameters))
        training.resumable.tensors.update(moments.tensors)
        kept = checkpoint.load() if checkpoint else None
        if kept is not None:
            training.resumable.thaw(kept)
        _train(training, moments, report or _silent, checkpoint)
        if training.net.look_ahead:
            training.net.look_ahead.settle()
        outcome = CohortOutcome(
            cohort.recording,
            cohort.recording.steps(runs[0], len(split.train_x)),
            curves(training.resumable.records),
            training.resumable.tensors["finite"].cpu().numpy(),
            partial(_kept, training.net.parameters),
            partial(_kept_at, moments),
        )
    seconds = (time.perf_counter() - started) / len(runs)
    return [outcome.trace(run_index, run, seconds) for run_index, run in enumerate(runs)]


@dataclass(frozen=True)
class CohortOutcome:
    """What training a cohort left: curves (R, T) over some steps, how long each run stayed finite (R,), and last parameters.

    `parameters` gives those of the run with an index, and `moments` those that it had at some moments, being finite for so many
    steps.
    """

    recording: Recording
    steps: tuple[int, ...]
    curves: dict[str, Array]
    finite: Array
    parameters: Callable[[int], Parameters]
    moments: Callable[[int, int], Mapping[str, Parameters]]

    def trace(self, run_index: int, run: RunSpec, seconds: float) -> Trace:
        """The trace of the run with an index; a diverged run's curves end before the step that was not finite."""
        stopped = min(int(self.finite[run_index]), run.steps)
        finished = self.finite[run_index] > run.steps
        steps = self.steps if finished else self.steps[: bisect_left(self.steps, stopped)]
        return Trace(
            run=run,
            outcome="finished" if finished else "diverged",
            stopped=stopped,
            steps=steps,
            values={name: curve[run_index, : len(steps)] for name, curve in self.curves.items()},
            parameters=self.parameters(run_index) if finished and "parameters" in self.recording.keep else None,
            seconds=seconds,
            moments=self.moments(run_index, int(self.finite[run_index])),
        )


def _named(parameters: tuple[Dense[Tensor], ...]) -> dict[str, Tensor]:
    """Weights and biases (R, …) of every layer as weight_1, bias_1, weight_2, …."""
    pairs = [(f"weight_{n}", f"bias_{n}") for n in range(1, len(parameters) + 1)]
    return {name: part for names, layer in zip(pairs, parameters, strict=True) for name, part in zip(names, layer, strict=True)}


def _kept_at(moments: Moments, run_index: int, finite: int) -> dict[str, Parameters]:
    kept = moments.of(run_index, finite)
    parts = {word: [part.double().numpy() for part in named.values()] for word, named in kept.items()}
    return {word: tuple(Dense(*pair) for pair in zip(own[::2], own[1::2], strict=True)) for word, own in parts.items()}


def _kept(parameters: tuple[Dense[Tensor], ...], run_index: int) -> tuple[Dense[Array], ...]:
    arrays = [(p.weight[run_index].double().cpu().numpy(), p.bias[run_index].double().cpu().numpy()) for p in parameters]
    return tuple(Dense(weight, bias) for weight, bias in arrays)


@dataclass(frozen=True)
class TrainingState:
    """Everything that training a cohort reads and writes, laid out once."""

    cohort: Cohort
    net: Network
    learner: Learner
    resumable: ResumableState
    loss_batches: tuple[LossBatch, ...]
    data: tuple[Tensor, Tensor]
    examples: tuple[Examples, ...]
    probes: tuple[Recorder, ...]
    judging: Judging

    def batches(self) -> Iterator[None]:
        """Mini-batches from the state's step on, put where a step reads them."""
        return batches(self.cohort.runs[0], self.net, self.loss_batches, self.data, self.resumable.step)

    def forward_and_back(self) -> Tensor:
        """Forward, and back as far as a step needs it; the sums (R,) of the raw outputs, which are finite where these are."""
        forward(self.net)
        gradient(self.loss_batches)
        self.learner.look_back()
        return self.net.sums.clone()

    def move(self) -> Tensor:
        """The same, and the step; the sums (R,)."""
        sums = self.forward_and_back()
        self.learner.step()
        return sums

    @property
    def norms_only(self) -> bool:
        """Whether no probe asks for parameters, gradients or updates themselves."""
        return all(probe.norms_only for probe in self.probes if isinstance(probe, Probe))

    @property
    def captured(self) -> bool:
        """Whether steps are worth capturing: where each operation is started from afar, and none looks at Python's numbers."""
        return self.data[0].device.type == "cuda" and self.cohort.runs[0].optimizer.many_runs

    @property
    def whole(self) -> bool:
        """Whether the state says all: nothing that the first layer has worked out ahead is under way."""
        return not (self.net.look_ahead and self.net.look_ahead.position)


def _training_state(cohort: Cohort, split: Split, device: str) -> TrainingState:
    runs = cohort.runs
    like = torch.empty(0, dtype=DTYPES[runs[0].dtype], device=device)
    train_x, train_y = (torch.as_tensor(part).to(like) for part in split[:2])
    layers = _layers(runs[0], split)
    net = network(
        NetworkSpec(
            layers=layers,
            parameters=parameters(runs, layers, like, _learnt(runs, split, device)),
            sharing=sharing(runs),
            width=runs[0].batch or len(train_x),
            lasting=runs[0].batch is None,
            plain=is_plain(runs),
        )
    )
    learner = Learner(runs, net)
    blocks = loss_blocks(runs, class_members(split))
    chosen = recorders(cohort.recording.probes)
    refuse_false_claims((run.loss for run in runs), chosen, (layers[-1].outputs, train_y.shape[1]), split.task, like)
    refuse_false_many_runs((run.optimizer for run in runs), chosen, layers, runs[0].loss.link, like)
    looked_at = evaluated_sets(split, cohort.recording.examples, chosen, like)
    return TrainingState(
        cohort,
        net,
        learner,
        initial_state(net.parameters, learner.memory),
        loss_batches(blocks, net, train_y.shape[1], weighings(runs, split, like)),
        (train_x, weighed_targets(runs[0], train_y, split.train_weights)),
        tuple(examples(*part, net, blocks) for part in looked_at),
        chosen,
        Judging(split.task, split.scale),
    )


def _learnt(runs: Sequence[RunSpec], split: Split, device: str) -> dict[RunSpec, tuple[Dense[Array], ...]]:
    """Where first trainings ended, each made once; NaN where it diverged."""
    alike: dict[Hashable, list[RunSpec]] = {}
    for first in sorted({run.first for run in runs if run.first}, key=lambda run: run.id):
        alike.setdefault((first.steps, first.loss.link), []).append(first)
    ends = Recording(schedule=RecordingSchedule(kind="linear", points=2), probes=LEAST, keep=("parameters",))
    traces = [trace for group in alike.values() for trace in train(Cohort(runs=tuple(group), recording=ends), split, device)]
    layers = _layers(runs[0], split) if traces else ()
    diverged: tuple[Dense[Array], ...] = tuple(
        Dense(np.full((n.outputs, n.inputs), np.nan), np.full((n.outputs, 1), np.nan)) for n in layers
    )
    return {trace.run: trace.parameters if isinstance(trace.parameters, tuple) else diverged for trace in traces}


def _train(training: TrainingState, moments: Moments, report: Callable[[int], None], checkpoint: Checkpoint | None) -> None:
    """Go on from the resumable state to the last step, or until every run has diverged."""
    resumable, steps = training.resumable, training.cohort.runs[0].steps
    recorded = set(training.cohort.recording.steps(training.cohort.runs[0], len(training.data[0])))
    saved = time.monotonic()
    move = CapturedStep(training.move, training.net.look_ahead) if training.captured else training.move
    sums: list[Tensor] = []
    for step, _ in zip(range(resumable.step, steps + 1), training.batches(), strict=False):
        if step % LOOK_EVERY == 0 and not resumable.count(sums):
            break
        training.learner.begin(step)
        for word in moments.due(step):
            with training.net.settled():
                moments.take(word)
        # A step t: forward from W_t on batch t, back, and W_{t+1}. What is recorded at t is of W_t and of this very batch, before
        # it moves. A run is finite as long as Σ z of its raw outputs is (∞ and NaN survive every sum): that is checked for many
        # steps at once, since asking a device for a number stops it.
        if step in recorded:
            sums.append(training.forward_and_back())
            resumable.records.append(_record(training, last=step == steps))
        else:
            sums.append(move() if step < steps else training.forward_and_back())
        resumable.step = step + 1
        report(step)
        if checkpoint and training.whole and time.monotonic() - saved > checkpoint.seconds:
            resumable.count(sums)
            checkpoint.save(resumable.frozen())
            saved = time.monotonic()
    resumable.count(sums)


def _record(training: TrainingState, *, last: bool) -> dict[str, Tensor]:
    """What stands before the step, the step, and what the step did."""
    with training.net.settled() if training.examples else nullcontext():
        parts = [evaluate(data, training.probes, training.judging) for data in training.examples]
        fit = {name: mean for part in parts for name, mean in part.items()}
        fit = with_penalties(fit, training.probes, training.cohort.runs, [layer.weight for layer in training.net.parameters])
    step_view = StepView(training.net, training.loss_batches, training.learner, last, training.norms_only)
    described = describe(step_view, training.probes)
    step_view.finish()
    return fit | described


def _layers(run: RunSpec, split: Split) -> tuple[Layer, ...]:
    inputs, outputs = split.train_x.shape[1], run.loss.raw_outputs(split.train_y.shape[1])
    return checked_layers(run.model, run.model.layers(inputs, outputs), inputs, outputs)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside a cohort: more would cut sums elsewhere, and cohorts are what runs side by side.

    The threads that torch had are lent to large products, which are cut in places of their own.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"), lent_threads(threads):
            yield
    finally:
        torch.set_num_threads(threads)


def _silent(step: int) -> None:
    del step
