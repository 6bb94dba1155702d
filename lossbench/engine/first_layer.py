"""How the first layer meets the examples: how far ahead it is worked out, and in which layout of its products.

With weights W (H, D), examples X (D, B) and Δ = dL/dZ (H, B), a step of plain descent needs Z = W X and W ← W − η Δ Xᵀ: each
2·H·D·B operations, and W, the largest array of a network, is read twice and written once. Worked out n steps ahead
(look_ahead.py) it is read and written once in n steps, for the price of the overlaps X_iᵀ X_j, n²·B²·D operations a batch.

A run's product with its batch is made by itself, so that its bits are its own. Lone rows alone would leave most of a vector
empty: they are multiplied in groups of one size, if that leaves their bits alone.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from lossbench.engine.determinism import group_of
from lossbench.engine.products import Layout, is_large
from lossbench.engine.stacking import RunBlock, Sharing
from lossbench.planning.example_counts import AHEAD

TRIALS = 3  # of random matrices, in which a loop of another order shows
FORMED = 8  # numbers of a gradient that cost as much as one of a Gram matrix, which are float64
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
        # The norm ‖Δ Xᵀ‖² = ⟨ΔᵀΔ, XᵀX⟩ is known without the gradient (H·D numbers) from two Gram matrices (B² numbers each),
        # which are formed in float64: worth it where B² is well below H·D. In float64 they would have no digits to spare.
        if self.dtype != torch.float32 or FORMED * self.examples**2 > self.features * self.units:
            return 0
        if self.device == "cpu" and is_large(min(self.units, self.features), max(self.units, self.features), self.examples):
            return 0  # cores share the gradient's product, and for Gram matrices of so many examples there is as much to do
        # n mini-batches cost n·B overlaps an example beside D features: n·B ≤ D / SHARE keeps that an eighth of the work.
        return 1 if self.lasting else max(1, min(AHEAD, self.features // SHARE) // self.examples)

    def run_by_run(self, reach: int) -> bool:
        """Whether to work the layer out for one run after the other, each in the nearest cache, and not for all at once.

        So where it is not worked out ahead, and fits; but lone rows are better multiplied together.
        """
        return not reach and self.units >= LEAST_ROWS and self.products <= SMALL


def layout(sharing: Sharing, shape: FirstLayerShape, reach: int) -> Layout | None:
    """The layout to use; None where each run must be given a batch of its own.

    On a graphics card nobody promises equal bits, and the runs that share a batch are one tall matrix. On the CPU runs are
    multiplied by themselves or, where they have few rows and all see the same batch, in groups of one size, in which a run's
    bits do not depend on where it stands.
    """
    run_blocks = sharing.run_blocks()
    if any(run_block.runs == run_block.batches == 1 for run_block in run_blocks):
        return None
    if shape.device != "cpu":
        return Layout(run_blocks, tall=True)
    group = group_of(shape.units) if sharing.alike else 1
    return Layout(run_blocks, group if group > 1 and _alike_in_groups(shape, max(1, reach), group) else 1)


@lru_cache(maxsize=64)
def _alike_in_groups(shape: FirstLayerShape, reach: int, group: int) -> bool:
    """Whether equal runs of a group come out as equal bits wherever they stand in it, forward and in the gradient.

    BLAS may work the last rows or columns of a matrix out by another loop, with its sums in another order; that depends on
    shapes, number type and processor, and is seen in random numbers: they are compared many times over.
    """
    stream = torch.Generator().manual_seed(0)

    def draw(*sizes: int) -> Tensor:
        return torch.empty(sizes, dtype=shape.dtype).uniform_(-0.5, 0.5, generator=stream)

    lay = Layout((RunBlock(0, group, 0, 1),), group)
    for _ in range(TRIALS):
        rows = draw(1, reach * shape.examples, shape.features)
        columns = rows.transpose(1, 2).contiguous() if shape.lasting else rows.transpose(1, 2)
        weight, delta = draw(1, shape.units, shape.features), draw(1, shape.units, reach * shape.examples)
        for left, right in ((weight, columns), (delta, rows)):
            out = left.new_empty(group, shape.units, right.shape[2])
            lay.products(left.expand(group, -1, -1).contiguous(), right, out).multiply()
            if not torch.equal(out, out[:1].expand_as(out)):
                return False
    return True
