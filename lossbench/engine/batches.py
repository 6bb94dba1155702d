"""The order of examples, and the mini-batches that follow from it."""

from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lossbench.engine.loss_batch import LossBatch, target_views
from lossbench.engine.network import Network
from lossbench.planning.spec import RunSpec
from lossbench.rng import generator

Indices = np.ndarray[tuple[int, ...], np.dtype[np.integer[Any]]]


def batches(
    run: RunSpec, net: Network, loss_batches: Sequence[LossBatch], data: tuple[Tensor, Tensor], start: int
) -> Iterator[None]:
    """Endless mini-batches of features x (N, D) and targets y (N, T), from a step on, put where the step reads them.

    Where examples are weighed, their weights stand beside the targets, (N, T + 1).

    An epoch is as many whole mini-batches as the examples fill; what is left over sits out until the next
    reshuffle, or is kept: see example_indices for the targets that there are then, (3N, T + 1). Order and batch are those of
    one run: a cohort has them in common. Features are put there for as many mini-batches as the network works out together;
    `start` is the first of such a block.
    """
    # Rows (S·n·B, D) of all seeds and of the n mini-batches that are worked out together, gathered by one call; targets as
    # columns (T, S·n·B), cut into n blocks, of which each step copies one to every run of its seed.
    x, y = data[0], data[1].T.contiguous()
    seeds, width = len(net.inputs.rows), net.units[0].shape[-1]
    rows, columns = net.inputs.rows.flatten(0, 1), y.new_empty(len(y), net.inputs.rows[..., 0].numel())
    blocks = columns.view(len(y), seeds, -1, width).unbind(2)
    pairs = tuple(tuple(target_views(loss_batches, block)) for block in blocks)

    def put(indices: Tensor) -> Iterator[None]:
        torch.index_select(x, 0, indices if y.shape[1] == len(x) else indices % len(x), out=rows)
        net.inputs.turn()
        torch.index_select(y, 1, indices, out=columns)
        if net.look_ahead:
            net.look_ahead.renew()
        for block in pairs:
            for target, source in block:
                target.copy_(source)
            yield

    if run.batch is None:
        yield from put(torch.arange(len(x), device=x.device))
        yield from repeat(None)
    for indices in islice(example_indices(run, net.sharing.seeds, len(x), len(blocks)), start // len(blocks), None):
        yield from put(torch.as_tensor(indices, device=x.device))


def example_indices(run: RunSpec, seeds: Sequence[int], examples: int, steps_together: int) -> Iterator[Indices]:
    """The examples (S·together·B,) of so many steps at a time, for every seed; a block may reach into the next epoch.

    Where a rest of the N examples is kept, they are numbered three times: n counts once; N + n stands in the rest, and counts as
    much more as that is smaller than a batch; 2N + n, again from the rest, fills it up, and counts nothing.
    """
    batch = run.batch or examples
    rest = run.rest(examples)
    whole = examples - (rest or examples % batch)
    streams = [generator(seed, "order") for seed in seeds]
    left = np.empty((len(seeds), 0, batch), dtype=np.int64)
    while True:
        # An epoch gives whole // B mini-batches; `steps_together` need not divide that, so the rest waits for the next epoch.
        if run.order == "shuffled":
            epoch = np.stack([stream.permutation(examples) for stream in streams])
        else:
            epoch = np.tile(np.arange(examples), (len(seeds), 1))
        if rest:
            last = epoch[:, whole:]
            fill = last[:, np.arange(batch - rest) % rest]
            epoch = np.concatenate([epoch[:, :whole], last + examples, fill + 2 * examples], 1)
        else:
            epoch = epoch[:, :whole]
        steps = np.concatenate([left, epoch.reshape(len(seeds), -1, batch)], 1)
        full = steps.shape[1] // steps_together * steps_together
        blocks = steps[:, :full].reshape(len(seeds), full // steps_together, steps_together * batch).swapaxes(0, 1)
        yield from blocks.reshape(full // steps_together, len(seeds) * steps_together * batch)
        left = steps[:, full:]
