"""The engine for torch modules, which is also the dense engine's oracle: it trains chains of dense layers as modules."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lossbench.engine.claim_trial import refuse_false_claims
from lossbench.engine.many_runs_trial import refuse_false_many_runs
from lossbench.engine.moments import Moments
from lossbench.engine.recording import Examples, Judging, curves, describe, evaluate, evaluated_sets, with_penalties
from lossbench.engine.state import Checkpoint, ResumableState
from lossbench.engine.training import LEAST, LOOK_EVERY, CohortOutcome, one_thread
from lossbench.errors import BadInput
from lossbench.interfaces import Array, Layer, Model, Split, makes_module, says_layers
from lossbench.interfaces.recorders import Recorder, recorders
from lossbench.module_engine.cohort import ModuleCohort, module_cohort
from lossbench.module_engine.start import Learnt
from lossbench.module_engine.tile import Tile
from lossbench.module_engine.tile_step import TileStep, by_name
from lossbench.planning.cohorts import Size, run_size
from lossbench.planning.spec import Cohort, Parameters, Recording, RecordingSchedule, RunSpec, Trace


class ModuleEngine:
    """Trains models that make a torch module. What each method promises is said by the protocol `Engine`."""

    def trains(self, model: Model) -> bool:
        """Whether the model's class makes a module."""
        return makes_module(model) and not says_layers(model)

    def remark(self, run: RunSpec, split: Split) -> str:
        """Why runs of a module train one after the other where that is not as it should be; the split is x (N, D), y (N, T)."""
        cohort = module_cohort(run, split, "cpu")
        if not cohort.mapped.reason or cohort.skeleton.outline.convolutional:
            return ""
        return f"model={run.model.word} is trained run after run: {cohort.mapped.reason}."

    def size(self, run: RunSpec) -> Size:
        """The size of a run, from its module and its batch."""
        return run_size(run)

    def train(
        self,
        cohort: Cohort,
        split: Split,
        device: str = "cpu",
        report: Callable[[int], None] | None = None,
        checkpoint: Checkpoint | None = None,
    ) -> list[Trace]:
        """Train the runs of a cohort on a split of features (N, D) and targets (N, C); a trace for each, in order."""
        started = time.perf_counter()
        with one_thread(), torch.no_grad():
            training = _training(cohort, split, device)
            kept = checkpoint.load() if checkpoint else None
            if kept is not None:
                training.resumable.thaw(kept)
            training.run(report or (lambda _: None), checkpoint)
            outcome = CohortOutcome(
                cohort.recording,
                cohort.recording.steps(cohort.runs[0], len(split.train_x)),
                curves(training.resumable.records),
                training.resumable.tensors["finite"].cpu().numpy(),
                training.parameters,
                training.kept_at,
            )
        seconds = (time.perf_counter() - started) / len(cohort.runs)
        return [outcome.trace(run_index, run, seconds) for run_index, run in enumerate(cohort.runs)]


@dataclass(frozen=True)
class ModuleTraining:
    """Everything that training a cohort of modules reads and writes, laid out once."""

    cohort: Cohort
    layout: ModuleCohort
    tiles: list[Tile]
    data: tuple[Tensor, Tensor]
    examples: tuple[tuple[Examples, ...], ...]  # of each tile
    recorders: tuple[Recorder, ...]
    judging: Judging
    moments: tuple[Moments, ...]  # of each tile
    resumable: ResumableState

    def run(self, report: Callable[[int], None], checkpoint: Checkpoint | None) -> None:
        """Go on from the resumable state to the last step, or until every run has diverged."""
        resumable, steps = self.resumable, self.cohort.runs[0].steps
        recorded = set(self.cohort.recording.steps(self.cohort.runs[0], len(self.data[0])))
        batches = [tile.batches(self.data, resumable.step) for tile in self.tiles]
        saved, sums = time.monotonic(), list[Tensor]()
        for step in range(resumable.step, steps + 1):
            if step % LOOK_EVERY == 0 and not resumable.count(sums):
                return
            for tile_batches in batches:
                next(tile_batches)
            for moments in self.moments:
                for word in moments.due(step):
                    moments.take(word)
            if step in recorded:
                sums.append(self._recorded(step, last=step == steps))
            else:
                sums.append(torch.cat([self._moved(tile, step, last=step == steps) for tile in self.tiles]))
            resumable.step = step + 1
            report(step)
            if checkpoint and time.monotonic() - saved > checkpoint.seconds:
                resumable.count(sums)
                checkpoint.save(resumable.frozen())
                saved = time.monotonic()
        resumable.count(sums)

    def parameters(self, run_index: int) -> dict[str, Array]:
        """The parameters and buffers of a run by their names in the module, of any shapes, as they are now."""
        tile, within = self.tiles[run_index // self.layout.size], run_index % self.layout.size
        return {name: tensor[within].double().cpu().numpy() for name, tensor in tile.named.items()}

    def kept_at(self, run_index: int, finite: int) -> dict[str, Parameters]:
        """The parameters and buffers of a run at the moments that it came to, being finite for so many steps."""
        kept = self.moments[run_index // self.layout.size].of(run_index % self.layout.size, finite)
        return {word: {name: part.double().numpy() for name, part in named.items()} for word, named in kept.items()}

    def _moved(self, tile: Tile, step: int, *, last: bool) -> Tensor:
        """A step that nobody looks at; the sums (K,) of the raw outputs."""
        sums = tile.forward_and_back(step)
        if not last:
            tile.move()
        return sums

    def _recorded(self, step: int, *, last: bool) -> Tensor:
        """A step that is recorded: what stands before it, the step, and what it did; the sums (R,)."""
        records, sums = [], []
        for tile, examples in zip(self.tiles, self.examples, strict=True):
            fit = {name: mean for data in examples for name, mean in evaluate(data, self.recorders, self.judging).items()}
            fit = with_penalties(fit, self.recorders, tile.runs, tile.learner.decaying)
            sums.append(tile.forward_and_back(step, watching=True))
            view = TileStep(tile, last=last)
            described = by_name(describe(view, self.recorders), self.layout.skeleton.outline)
            view.finish()
            records.append(fit | described)
        self.resumable.records.append({name: torch.cat([one[name] for one in records]) for name in records[0]})
        return torch.cat(sums)


def _training(cohort: Cohort, split: Split, device: str) -> ModuleTraining:
    run = cohort.runs[0]
    _refuse_weights(cohort.runs, split)
    layout = module_cohort(run, split, device)
    train_x, train_y = (torch.as_tensor(part).to(layout.like) for part in split[:2])
    chosen = recorders(cohort.recording.probes)
    sizes = layout.shape.outputs, layout.shape.targets
    refuse_false_claims((run.loss for run in cohort.runs), chosen, sizes, split.task, layout.like)
    trial_layers = layout.skeleton.outline.drawn or (Layer(1, layout.shape.outputs, None),)
    refuse_false_many_runs((run.optimizer for run in cohort.runs), chosen, trial_layers, run.loss.link, layout.like)
    tiles = layout.tiles(layout.padded(cohort.runs), _learnt(cohort.runs, split, device))
    looked_at = evaluated_sets(split, cohort.recording.examples, chosen, layout.like)
    count = sum(len(tile.runs) for tile in tiles)
    like = torch.empty(count, device=device)
    tensors = {"finite": torch.zeros_like(like, dtype=torch.long), "alive": torch.ones_like(like, dtype=torch.bool)}
    steps = cohort.recording.moments(run, len(train_x))
    moments = tuple(Moments(steps, tile.named) for tile in tiles)
    for number, (tile, own) in enumerate(zip(tiles, moments, strict=True)):
        tensors |= tile.tensors(str(number)) | {f"{number}.{name}": tensor for name, tensor in own.tensors.items()}
    return ModuleTraining(
        cohort=cohort,
        layout=layout,
        tiles=tiles,
        data=(train_x, train_y),
        examples=tuple(tuple(tile.examples(*part) for part in looked_at) for tile in tiles),
        recorders=chosen,
        judging=Judging(split.task, split.scale),
        moments=moments,
        resumable=ResumableState(0, tensors, []),
    )


def _refuse_weights(runs: Sequence[RunSpec], split: Split) -> None:
    """Raise BadInput where classes or examples are weighed, which this engine does not do."""
    if split.train_weights is not None or any(run.class_weights is not None for run in runs):
        raise BadInput(
            f"model={runs[0].model.word} trains a torch module, which weighs neither classes nor examples. Models that do: "
            "mlp and logistic; or leave out class_weights, pos_weight and dataset.weights."
        )


def _learnt(runs: Sequence[RunSpec], split: Split, device: str) -> Learnt:
    """Where first trainings ended; None where one diverged."""
    ends = Recording(schedule=RecordingSchedule(kind="linear", points=2), probes=LEAST, keep=("parameters",))
    learnt: dict[RunSpec, dict[str, Array] | None] = {}
    for first in sorted({run.first for run in runs if run.first}, key=lambda run: run.id):
        (trace,) = ModuleEngine().train(Cohort(runs=(first,), recording=ends), split, device)
        learnt[first] = trace.parameters if isinstance(trace.parameters, dict) else None
    return learnt
