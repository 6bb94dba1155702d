"""The first layer's products, where many runs see the same examples.

Written for one run at a time they are many small products; side by side, the weights of the runs that share a batch are
one tall matrix, and one product.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lossbench.engine.stacking import RunBlock


class Inputs(NamedTuple):
    """Examples for every seed, as rows (S, n·B, D) and as columns (S, D, n·B): one mini-batch, or n that follow each other.

    Columns lie apart where they are read again and again, or run by run; else they are another view of the rows.
    """

    rows: Tensor
    columns: Tensor

    def turn(self) -> None:
        """Lay the examples that stand as rows out as columns, too."""
        if self.columns.data_ptr() != self.rows.data_ptr():
            self.columns.copy_(self.rows.transpose(1, 2))


class Product(NamedTuple):
    """Matrices left (K, m, k) and right (K, k, n), and where their product (K, m, n) belongs."""

    left: Tensor
    right: Tensor
    out: Tensor


@dataclass(frozen=True)
class Layout:
    """How runs stand to the batches that they see: in blocks of runs, so many a matrix, or as one tall matrix a batch."""

    run_blocks: tuple[RunBlock, ...]
    group: int = 1
    tall: bool = False

    def products(self, left: Tensor, right: Tensor, out: Tensor) -> tuple[Product, ...]:
        """left (R, m, k) of each run times right (S, k, n) of its batch, for out (R, m, n): as views of all three."""
        return tuple(part for run_block in self.run_blocks for part in self._parts(run_block, Product(left, right, out)))

    def _parts(self, run_block: RunBlock, whole: Product) -> list[Product]:
        start, runs, first_batch, batches = run_block
        left, out = whole.left[start : run_block.stop], whole.out[start : run_block.stop]
        right = whole.right[first_batch : first_batch + batches]
        if self.tall or runs == 1:
            return [Product(left.view(batches, -1, left.shape[2]), right, out.view(batches, -1, out.shape[2]))]
        count = runs // self.group
        lefts, outs = left.view(batches, count, -1, left.shape[2]), out.view(batches, count, -1, out.shape[2])
        rights = right[:, None].expand(-1, count, -1, -1)
        return [Product(lefts[batch], rights[batch], outs[batch]) for batch in range(batches)]


def multiply(products: tuple[Product, ...]) -> None:
    """Compute each product."""
    for left, right, out in products:
        torch.bmm(left, right, out=out)


def add_up(products: tuple[Product, ...]) -> None:
    """Compute each product and add it to what stands in its place."""
    for left, right, out in products:
        out.baddbmm_(left, right)
