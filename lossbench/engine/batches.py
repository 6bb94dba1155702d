"""The order of examples, and the mini-batches that follow from it."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from lossbench.engine.stacking import Sharing
from lossbench.rng import generator
from lossbench.spec import RunSpec

Places = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


def batches(runs: Sequence[RunSpec], sharing: Sharing, x: Tensor, y: Tensor, *, start: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless mini-batches of features x (N, D) and targets y (N, C), from a step on.

    Each is a batch for every seed (S, B, D), and the targets by run (R, C, B).
    An epoch is as many whole mini-batches as the examples fill; what is left over sits out until the next
    reshuffle. Order and batch are those of the first run: a cohort has them in common.
    """
    if runs[0].batch is None:
        everything = x[None], y.T.expand(len(runs), -1, -1)
        while True:
            yield everything
    for places in islice(_places(runs[0], sharing.seeds, len(x)), start, None):
        index = torch.as_tensor(places, device=x.device)
        targets = y[index].transpose(1, 2).contiguous()
        yield x[index], targets.index_select(0, sharing.owner)


def _places(run: RunSpec, seeds: Sequence[int], examples: int) -> Iterator[Places]:
    """The examples (S, B) of one step after another, for every seed."""
    batch = run.batch or examples
    whole = examples // batch * batch
    streams = [generator(seed, "order") for seed in seeds]
    while True:
        if run.order == "shuffled":
            epoch = np.stack([stream.permutation(examples)[:whole] for stream in streams])
        else:
            epoch = np.tile(np.arange(whole), (len(seeds), 1))
        yield from epoch.reshape(len(seeds), -1, batch).swapaxes(0, 1)
