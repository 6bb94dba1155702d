"""The order of examples, and the mini-batches that follow from it."""

from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lossbench.engine.network import Inputs, is_narrow, lasting
from lossbench.engine.objective import Columns, Targets, lay
from lossbench.engine.stacking import Sharing
from lossbench.rng import generator
from lossbench.spec import RunSpec

AHEAD_BYTES = 2**18  # of features gathered at once: few calls, and no more than the cache holds
Places = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


class Batch(NamedTuple):
    """What a step sees: features of every seed, and targets on the columns of each loss."""

    inputs: Inputs
    targets: Targets


def batches(run: RunSpec, sharing: Sharing, data: tuple[Tensor, Tensor], rooms: Sequence[Columns], start: int) -> Iterator[Batch]:
    """Endless mini-batches of features x (N, D) and targets y (N, C), from a step on.

    An epoch is as many whole mini-batches as the examples fill; what is left over sits out until the next
    reshuffle. Order and batch are those of one run: a cohort has them in common.
    """
    x, y = data
    if run.batch is None:
        yield from repeat(Batch(lasting(x[None]), lay(rooms, y.T[None, None], sharing)[0]))
    places = islice(_places(run, sharing.seeds, len(x)), start, None)
    size = len(sharing.seeds) * (run.batch or len(x)) * x.shape[1] * x.element_size()
    while ahead := list(islice(places, max(1, AHEAD_BYTES // size))):
        index = torch.as_tensor(np.stack(ahead), device=x.device)
        targets = lay(rooms, y[index].transpose(2, 3).contiguous(), sharing)
        rows = x[index]
        columns = rows if is_narrow(rows.shape[2]) else rows.transpose(2, 3).contiguous()
        yield from map(Batch, map(Inputs, rows, columns), targets)


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
