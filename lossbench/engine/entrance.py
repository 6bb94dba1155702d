"""The first layer's products, where many runs see the same batch.

Written for one run at a time they are many small products; side by side, the weights of the runs that share a batch are
one tall matrix, and one product. Whether a tensor library computes the same bits both ways depends on shapes and on the
machine, so it is tried out: the tall form is taken where it equals the other.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import Tensor

from lossbench.engine.forms import group_of
from lossbench.engine.stacking import Sharing, Stretch

LARGE = 2**24  # multiplications of one run that are as fast by themselves as with others', so that nothing need be tried out


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


def layout(sharing: Sharing, first: "First") -> Layout | None:
    """The layout to use; None where each run must be given a batch of its own."""
    apart = Layout(sharing.stretches(), group_of(first.units) if sharing.alike else 1)
    if any(stretch.runs == stretch.batches == 1 for stretch in apart.stretches):
        return None
    tall = replace(apart, tall=True)
    if first.device != "cpu":
        return tall  # nobody promises equal bits there
    return tall if first.products <= LARGE and _agree(apart, tall, first) else apart


class First(NamedTuple):
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


@lru_cache(maxsize=64)
def _agree(one: Layout, other: Layout, first: First) -> bool:
    """Whether two layouts give the same bits, for the products of both passes and for the step, on random numbers."""
    stream = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.empty(shape, dtype=first.dtype).uniform_(-0.5, 0.5, generator=stream)

    runs, batches = one.stretches[-1].stop, max(stretch.place + stretch.batches for stretch in one.stretches)
    rows = draw(batches, first.examples, first.features)
    columns = rows.transpose(1, 2).contiguous() if first.lasting else rows.transpose(1, 2)
    weight, delta = draw(runs, first.units, first.features), draw(runs, first.units, first.examples)
    found = []
    for lay in (one, other):
        units, gradient, stepped = torch.empty_like(delta), torch.empty_like(weight), weight.clone()
        multiply(lay.products(weight, columns, units))
        multiply(lay.products(delta, rows, gradient))
        add_up(lay.products(delta, rows, stepped))
        found.append((units, gradient, stepped))
    return all(map(torch.equal, *found))


def multiply(products: tuple[Product, ...]) -> None:
    """Compute each product."""
    for left, right, out in products:
        torch.bmm(left, right, out=out)


def add_up(products: tuple[Product, ...]) -> None:
    """Compute each product and add it to what stands in its place."""
    for left, right, out in products:
        out.baddbmm_(left, right)
