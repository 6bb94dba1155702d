"""From runs, one by one, to tensors with an axis R: parameters, rates, and which runs share what."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from lossbench.interfaces import Dense, Layer, Loss, Optimizer
from lossbench.rng import generator
from lossbench.spec import RunSpec

K = TypeVar("K")


@dataclass(frozen=True)
class Sharing:
    """Which runs see the same batch.

    `seeds` in order of first appearance, `owner` (R,) the place of each run's seed among them, and
    `blocks` of neighbours (start, stop, place) that share one.
    """

    seeds: tuple[int, ...]
    owner: Tensor
    blocks: tuple[tuple[int, int, int], ...]

    @property
    def by_block(self) -> bool:
        """Whether every block is wide enough for a product of its own."""
        return all(stop - start > 1 for start, stop, _ in self.blocks)


def sharing(runs: Sequence[RunSpec], device: str) -> Sharing:
    """Who shares a batch with whom; with the full batch, or in sequence, everybody does."""
    alike = runs[0].batch is None or runs[0].order == "sequential"
    owners = [runs[0].seed if alike else run.seed for run in runs]
    seeds = tuple(dict.fromkeys(owners))
    places = [seeds.index(owner) for owner in owners]
    return Sharing(seeds, torch.tensor(places, device=device), tuple(_neighbours(places)))


def loss_blocks(runs: Sequence[RunSpec]) -> list[tuple[Loss, slice]]:
    """Each loss with the neighbouring runs that it trains."""
    first = {start: runs[start].loss for start, _, _ in _neighbours([run.loss for run in runs])}
    return [(first[start], slice(start, stop)) for start, stop, _ in _neighbours([run.loss for run in runs])]


def parameters(runs: Sequence[RunSpec], layers: tuple[Layer, ...], like: Tensor) -> tuple[Dense[Tensor], ...]:
    """Initial weights (R, out, in) and biases (R, out, 1); the same seed and init give every run the same."""
    drawn = {key: key[0].draw(layers, generator(key[1], "init")) for key in {(run.init, run.seed) for run in runs}}
    starts = [drawn[run.init, run.seed] for run in runs]
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
