"""From runs, one by one, to tensors with an axis R: parameters, rates, and which runs share what."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from lossbench.engine.global_streams import seeded_global_streams
from lossbench.engine.shape_checks import checked_parameters
from lossbench.guard import outside
from lossbench.interfaces import UNKNOWN_TARGETS, Array, Dense, Init, Layer, Loss, TrainingTargets
from lossbench.planning.class_weights import ClassWeights, WeightedMean
from lossbench.planning.cohorts import loss_key
from lossbench.planning.spec import RunSpec
from lossbench.rng import generator

K = TypeVar("K")


class RunBlock(NamedTuple):
    """Neighbouring runs, from `start` on: as many (`runs`) for each of `batches` neighbouring batches, from `first_batch` on."""

    start: int
    runs: int
    first_batch: int
    batches: int

    @property
    def stop(self) -> int:
        """The index after the last run."""
        return self.start + self.runs * self.batches


@dataclass(frozen=True)
class Sharing:
    """Which runs see the same batch: `seeds` in order of first appearance, and the index of each run's seed among them.

    `alike` says that any runs would, whatever their seeds.
    """

    seeds: tuple[int, ...]
    owners: tuple[int, ...]
    alike: bool

    def apart(self) -> "Sharing":
        """The same with a batch for each run, though some will be equal."""
        return replace(self, seeds=tuple(self.seeds[owner] for owner in self.owners), owners=tuple(range(len(self.owners))))

    def run_blocks(self, runs: slice = slice(None)) -> tuple[RunBlock, ...]:
        """The blocks that some neighbouring runs fall into, all of them unless told; they are counted from the first."""
        blocks: list[RunBlock] = []
        for start, stop, first_batch in _neighbours(self.owners[runs]):
            last = blocks[-1] if blocks else None
            if last and last.runs == stop - start and last.first_batch + last.batches == first_batch:
                blocks[-1] = last._replace(batches=last.batches + 1)
            else:
                blocks.append(RunBlock(start, stop - start, first_batch, 1))
        return tuple(blocks)


def sharing(runs: Sequence[RunSpec]) -> Sharing:
    """Who shares a batch with whom; with the full batch, or in sequence, everybody does."""
    alike = runs[0].batch is None or runs[0].order == "sequential"
    owners = [runs[0].seed if alike else run.seed for run in runs]
    seeds = tuple(dict.fromkeys(owners))
    return Sharing(seeds, tuple(seeds.index(owner) for owner in owners), alike)


class LossBlock(NamedTuple):
    """A loss and the neighbouring runs that it trains, which weigh classes alike."""

    loss: Loss
    runs: slice
    class_weights: ClassWeights | None
    weighted_mean: WeightedMean


def loss_blocks(runs: Sequence[RunSpec], targets: TrainingTargets = UNKNOWN_TARGETS) -> list[LossBlock]:
    """Each loss with the neighbouring runs that it trains, and with what it must know of the training data's targets."""
    spans = _neighbours([loss_key(run) for run in runs])
    return [
        LossBlock(runs[start].loss.informed(targets), slice(start, stop), runs[start].class_weights, runs[start].weighted_mean)
        for start, stop, _ in spans
    ]


def parameters(
    runs: Sequence[RunSpec], layers: tuple[Layer, ...], like: Tensor, learnt: Mapping[RunSpec, tuple[Dense[Array], ...]]
) -> tuple[Dense[Tensor], ...]:
    """Initial weights (R, out, in) and biases (R, out, 1); the same seed and init give every run the same.

    Runs that go on from a first training start where it ended, as `learnt` says.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is a run that diverges at once
        drawn = {(init, seed): drawn_parameters(init, layers, seed) for init, seed in {(run.init, run.seed) for run in runs}}
    starts = [learnt[run.first] if run.first else drawn[run.init, run.seed] for run in runs]
    stacked = [Dense(np.stack([s[n].weight for s in starts]), np.stack([s[n].bias for s in starts])) for n in range(len(layers))]
    return tuple(Dense(torch.as_tensor(weight).to(like), torch.as_tensor(bias).to(like)) for weight, bias in stacked)


def drawn_parameters(init: Init, layers: tuple[Layer, ...], seed: int) -> tuple[Dense[Array], ...]:
    """What an initialisation draws for a seed: weights (out, in) and biases (out, 1) of each layer. Raises BadInput.

    One from outside may draw from the global streams of Python, NumPy or torch, too: they are seeded for it, lest what it
    draws depends on who drew before, and are as they were afterwards.
    """
    with seeded_global_streams(seed) if outside(type(init)) else nullcontext():
        return checked_parameters(init, init.draw(layers, generator(seed, "init")), layers)


def _neighbours(keys: Sequence[K]) -> list[tuple[int, int, K]]:
    """Maximal spans of equal keys, as (start, stop, key)."""
    spans = []
    start = 0
    for key, group in groupby(keys):
        stop = start + len(list(group))
        spans.append((start, stop, key))
        start = stop
    return spans
