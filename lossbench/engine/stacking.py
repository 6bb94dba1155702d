"""From runs, one by one, to tensors with an axis R: parameters, rates, and which runs share what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from lossbench.interfaces import Array, Dense, Layer, Loss, Optimizer
from lossbench.planning.spec import RunSpec
from lossbench.rng import generator

K = TypeVar("K")


class Stretch(NamedTuple):
    """Neighbouring runs, from `start` on: as many (`runs`) for each of `batches` neighbouring batches, from `place` on."""

    start: int
    runs: int
    place: int
    batches: int

    @property
    def stop(self) -> int:
        return self.start + self.runs * self.batches


@dataclass(frozen=True)
class Sharing:
    """Which runs see the same batch: `seeds` in order of first appearance, and the place of each run's seed among them.

    `alike` says that any runs would, whatever their seeds.
    """

    seeds: tuple[int, ...]
    owners: tuple[int, ...]
    alike: bool

    def apart(self) -> "Sharing":
        """The same with a batch for each run, though some will be equal."""
        return replace(self, seeds=tuple(self.seeds[owner] for owner in self.owners), owners=tuple(range(len(self.owners))))

    def stretches(self, runs: slice = slice(None)) -> tuple[Stretch, ...]:
        """The stretches that some neighbouring runs fall into, all of them unless told; they are counted from the first."""
        found: list[Stretch] = []
        for start, stop, place in _neighbours(self.owners[runs]):
            last = found[-1] if found else None
            if last and last.runs == stop - start and last.place + last.batches == place:
                found[-1] = last._replace(batches=last.batches + 1)
            else:
                found.append(Stretch(start, stop - start, place, 1))
        return tuple(found)


def sharing(runs: Sequence[RunSpec]) -> Sharing:
    """Who shares a batch with whom; with the full batch, or in sequence, everybody does."""
    alike = runs[0].batch is None or runs[0].order == "sequential"
    owners = [runs[0].seed if alike else run.seed for run in runs]
    seeds = tuple(dict.fromkeys(owners))
    return Sharing(seeds, tuple(seeds.index(owner) for owner in owners), alike)


def loss_blocks(runs: Sequence[RunSpec]) -> list[tuple[Loss, slice]]:
    """Each loss with the neighbouring runs that it trains."""
    first = {start: runs[start].loss for start, _, _ in _neighbours([run.loss for run in runs])}
    return [(first[start], slice(start, stop)) for start, stop, _ in _neighbours([run.loss for run in runs])]


def parameters(
    runs: Sequence[RunSpec], layers: tuple[Layer, ...], like: Tensor, learnt: Mapping[RunSpec, tuple[Dense[Array], ...]]
) -> tuple[Dense[Tensor], ...]:
    """Initial weights (R, out, in) and biases (R, out, 1); the same seed and init give every run the same.

    Runs that go on from a first training start where it ended, as `learnt` says.
    """
    drawn = {key: key[0].draw(layers, generator(key[1], "init")) for key in {(run.init, run.seed) for run in runs}}
    starts = [learnt[run.first] if run.first else drawn[run.init, run.seed] for run in runs]
    stacked = [Dense(np.stack([s[n].weight for s in starts]), np.stack([s[n].bias for s in starts])) for n in range(len(layers))]
    return tuple(Dense(torch.as_tensor(weight).to(like), torch.as_tensor(bias).to(like)) for weight, bias in stacked)


def optimizer(runs: Sequence[RunSpec], like: Tensor) -> Optimizer:
    """One optimizer for all runs: its number fields become tensors (R, 1, 1), but a field that is 0 in all stays 0."""
    together = object.__new__(type(runs[0].optimizer))  # not the constructor, which checks numbers, not tensors
    for field in fields(runs[0].optimizer):  # type: ignore[arg-type]
        values = [getattr(run.optimizer, field.name) for run in runs]
        stacked = isinstance(values[0], float) and any(values)
        value = like.new_tensor(values)[:, None, None] if stacked else values[0]
        object.__setattr__(together, field.name, value)
    return together


def _neighbours(keys: Sequence[K]) -> list[tuple[int, int, K]]:
    """Maximal stretches of equal keys, as (start, stop, key)."""
    stretches = []
    start = 0
    for key, group in groupby(keys):
        stop = start + len(list(group))
        stretches.append((start, stop, key))
        start = stop
    return stretches
