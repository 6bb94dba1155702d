"""How the first layer meets the examples: how far ahead it is worked out, and in which layout of its products.

Whether a tensor library computes the same bits for one tall product and for many small ones depends on shapes and on the
machine, so it is tried out: the tall form is taken where it equals the other.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from lossbench.engine.determinism import group_of
from lossbench.engine.look_ahead import LookAhead
from lossbench.engine.products import Inputs, Layout, multiply
from lossbench.engine.stacking import Sharing

LARGE = 2**24  # multiplications of one run that are as fast by themselves as with others', so that nothing need be tried out
FORMED = 8  # numbers of a gradient that cost as much as one of a Gram matrix, which are float64
EXAMPLES = 40  # in one product: wider ones gain little more, and what mini-batches have in common grows with the square
SMALL = 10**6  # multiplications that BLAS makes without laying its matrices out anew
LEAST_ROWS = 2  # of a matrix
SHARE = 8  # features for each example that is looked ahead, so that making up for the steps between stays cheap


class FirstLayerShape(NamedTuple):
    """What decides how a first layer's products are computed; `lasting` columns lie in memory as they are read."""

    units: int
    features: int
    examples: int
    lasting: bool
    dtype: torch.dtype
    device: str

    @property
    def products(self) -> int:
        """Multiplications for one run."""
        return self.units * self.features * self.examples

    @property
    def reach(self) -> int:
        """How many mini-batches to work out together where a step is a rate times the gradient; 0: better form the gradient."""
        if self.dtype != torch.float32 or FORMED * self.examples**2 > self.features * self.units:
            return 0
        return 1 if self.lasting else max(1, min(EXAMPLES, self.features // SHARE) // self.examples)

    def run_by_run(self, reach: int) -> bool:
        """Whether to work the layer out for one run after the other, each in the nearest cache, and not for all at once.

        So where it is not worked out ahead, and fits; but lone rows are better multiplied together.
        """
        return not reach and self.units >= LEAST_ROWS and self.products <= SMALL


def layout(sharing: Sharing, shape: FirstLayerShape, reach: int) -> Layout | None:
    """The layout to use; None where each run must be given a batch of its own."""
    apart = Layout(sharing.run_blocks(), group_of(shape.units) if sharing.alike else 1)
    if any(run_block.runs == run_block.batches == 1 for run_block in apart.run_blocks):
        return None
    tall = replace(apart, tall=True)
    if shape.device != "cpu":
        return tall  # nobody promises equal bits there
    return tall if shape.products <= LARGE and _agree(apart, tall, shape, reach) else apart


@lru_cache(maxsize=64)
def _agree(one: Layout, other: Layout, shape: FirstLayerShape, reach: int) -> bool:
    """Whether two layouts give the same bits at every product of a block of mini-batches, on random numbers."""
    return all(map(torch.equal, _trial_products(one, shape, reach), _trial_products(other, shape, reach)))


def _trial_products(product_layout: Layout, shape: FirstLayerShape, reach: int) -> Iterator[Tensor]:
    stream = torch.Generator().manual_seed(0)

    def draw(*sizes: int) -> Tensor:
        return torch.empty(sizes, dtype=shape.dtype).uniform_(-0.5, 0.5, generator=stream)

    blocks = product_layout.run_blocks
    runs, batches = blocks[-1].stop, max(block.first_batch + block.batches for block in blocks)
    rows = draw(batches, max(1, reach) * shape.examples, shape.features)
    inputs = Inputs(rows, rows.transpose(1, 2).contiguous() if shape.lasting else rows.transpose(1, 2))
    weight, delta, rate = draw(runs, shape.units, shape.features), draw(runs, shape.units, shape.examples), draw(runs, 1, 1)
    units, gradient = torch.empty_like(delta), torch.empty_like(weight)
    if not reach:
        multiply(product_layout.products(weight, inputs.columns, units))
        multiply(product_layout.products(delta, rows, gradient))
        yield from (units, gradient)
        return
    look_ahead = LookAhead(weight, inputs, units, product_layout)
    for _ in range(reach):
        look_ahead.enter()
        yield units.clone()
        look_ahead.move(delta, rate)
        with look_ahead.settled():
            yield weight.clone()
        yield look_ahead.gradient(delta)
