"""The first layer's products, where many runs see the same examples.

Written for one run at a time they are many small products; side by side, the weights of the runs that share a batch are
one tall matrix, and one product.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from lossbench.engine.stacking import Stretch


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
    """How runs stand to the batches that they see: in stretches, so many a matrix, or as one tall matrix a batch."""

    stretches: tuple[Stretch, ...]
    group: int = 1
    tall: bool = False

    def products(self, left: Tensor, right: Tensor, out: Tensor) -> tuple[Product, ...]:
        """left (R, m, k) of each run times right (S, k, n) of its batch, for out (R, m, n): as views of all three."""
        return tuple(part for stretch in self.stretches for part in self._parts(stretch, Product(left, right, out)))

    def _parts(self, stretch: Stretch, whole: Product) -> list[Product]:
        start, runs, place, batches = stretch
        left, out = whole.left[start : stretch.stop], whole.out[start : stretch.stop]
        right = whole.right[place : place + batches]
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
