"""The order of examples, and the mini-batches that follow from it."""

from collections.abc import Iterator, Sequence
from itertools import islice, repeat

import numpy as np
import torch
from torch import Tensor

from lossbench.engine.network import Network
from lossbench.engine.objective import Columns, layings
from lossbench.rng import generator
from lossbench.spec import RunSpec


def batches(run: RunSpec, net: Network, rooms: Sequence[Columns], data: tuple[Tensor, Tensor], start: int) -> Iterator[None]:
    """Endless mini-batches of features x (N, D) and targets y (N, T), from a step on, put where the step reads them.

    An epoch is as many whole mini-batches as the examples fill; what is left over sits out until the next
    reshuffle. Order and batch are those of one run: a cohort has them in common.
    """
    x, y = data[0], data[1].T.contiguous()
    rows, columns = net.inputs.rows.flatten(0, 1), y.new_empty(len(y), net.inputs.rows[..., 0].numel())
    pairs = tuple(layings(rooms, columns.view(len(y), len(net.inputs.rows), -1)))

    def put(places: Tensor) -> None:
        torch.index_select(x, 0, places, out=rows)
        torch.index_select(y, 1, places, out=columns)
        for there, here in pairs:
            there.copy_(here)

    if run.batch is None:
        put(torch.arange(len(x), device=x.device))
        net.inputs.columns.copy_(x.T)
        yield from repeat(None)
    yield from map(put, islice(_places(run, net.sharing.seeds, x), start, None))


def _places(run: RunSpec, seeds: Sequence[int], x: Tensor) -> Iterator[Tensor]:
    """The examples (S·B,) of one step after another, for every seed."""
    examples, batch = len(x), run.batch or len(x)
    whole = examples // batch * batch
    streams = [generator(seed, "order") for seed in seeds]
    while True:
        if run.order == "shuffled":
            epoch = np.stack([stream.permutation(examples)[:whole] for stream in streams])
        else:
            epoch = np.tile(np.arange(whole), (len(seeds), 1))
        steps = epoch.reshape(len(seeds), -1, batch).swapaxes(0, 1).reshape(-1, len(seeds) * batch)
        yield from torch.as_tensor(steps).to(x.device).unbind(0)
