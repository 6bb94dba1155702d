"""Products of matrices, run by run, and the first layer's, where many runs see the same examples.

Of run r with weights W_r (H, D), batch X_s (D, B) of its seed s and Δ_r = dL/dZ_r (H, B) they are Z_r = W_r X_s and
G_r = Δ_r X_sᵀ. The runs r of one seed share X_s: laid one on the other their W_r are one tall matrix (R·H, D), and one product.
That is fast where a device has many cores; but how BLAS cuts R·H rows decides the order of its sums, so on the CPU, where bits
are promised, every run's product is a call of its own. One that is large is several, for fixed blocks of its rows: cores may
share them, and its bits do not depend on how many cores do.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lossbench.engine.stacking import RunBlock
from lossbench.engine.threads import threads
from lossbench.kernels import blas, link_kernels

LARGE = 3 * 10**7  # multiplications of a product that is cut into blocks of rows, which threads share
PIECE, PIECE_ROWS = 1.5e7, 16  # multiplications of a block, at least, and what its rows are a multiple of
Table = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Scales = np.ndarray[tuple[int, ...], np.dtype[Any]]


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


class Products:
    """Products of tensors that stay where they are, made again and again with what they then hold.

    In this machine's memory each matrix is multiplied by a call of BLAS of its own or, where large ones are to be `cut`, by one
    for each of its blocks; elsewhere, by batched products.
    """

    def __init__(self, parts: tuple[Product, ...], *, cut: bool = False) -> None:
        like = parts[0].out
        by_blas = link_kernels.plain(like.new_empty(0))
        self.parts = tuple(piece for part in parts for piece in pieces(part)) if cut and by_blas else parts
        self.shared = len(self.parts) > len(parts)
        self.table: Table | None = None
        self.tables: list[Table] = []  # the same for each of some threads
        if by_blas:
            kind = np.float32 if like.dtype == torch.float32 else np.float64
            self.table = np.array([_entry(part) for part in self.parts], np.int64)
            self.overwrite, self.accumulate = (np.array([1, beta], kind) for beta in (blas.ONCE, blas.ADDED))

    def multiply(self) -> None:
        """Compute each product."""
        if self.table is not None:
            self._multiply(self.table, self.overwrite)
            return
        for left, right, out in self.parts:
            torch.bmm(left, right, out=out)

    def add(self) -> None:
        """Compute each product and add it to what stands in its place."""
        if self.table is not None:
            self._multiply(self.table, self.accumulate)
            return
        for left, right, out in self.parts:
            out.baddbmm_(left, right)

    def _multiply(self, table: Table, scales: Scales) -> None:
        """By BLAS, what was cut by all threads that there are."""
        count = min(threads().count, len(table)) if self.shared else 1
        if count == 1:
            blas.multiply_all(table, scales)
            return
        threads().do([partial(blas.multiply_all, part, scales) for part in self._parted(table, count)])

    def _parted(self, table: Table, count: int) -> list[Table]:
        """The table in so many parts."""
        if len(self.tables) != count:
            self.tables = np.array_split(table, count)
        return self.tables


def is_large(rows: int, inner: int, columns: int) -> bool:
    """Whether a product (rows, inner) times (inner, columns) is worth more than one thread."""
    return rows > PIECE_ROWS and rows * inner * columns >= LARGE


def pieces(product: Product) -> list[Product]:
    """A product or, where it is large, its rows in blocks, 2, 4, 8 …; how many there are follows from the shape alone."""
    left, right, out = product
    _, rows, columns = out.shape
    inner = left.shape[2]
    if not is_large(rows, inner, columns):
        return [product]
    count = 2 ** int(math.log2(rows * inner * columns / PIECE))
    height = -(-rows // (count * PIECE_ROWS)) * PIECE_ROWS
    return [Product(left[:, start : start + height], right, out[:, start : start + height]) for start in range(0, rows, height)]


@dataclass(frozen=True)
class Layout:
    """How runs stand to the batches that they see: in blocks of runs, so many a matrix, or as one tall matrix a batch."""

    run_blocks: tuple[RunBlock, ...]
    group: int = 1
    tall: bool = False
    cut: bool = False  # large products

    def products(self, left: Tensor, right: Tensor, out: Tensor) -> Products:
        """left (R, m, k) of each run times right (S, k, n) of its batch, for out (R, m, n): of views of all three."""
        parts = tuple(part for run_block in self.run_blocks for part in self._parts(run_block, Product(left, right, out)))
        return Products(parts, cut=self.cut)

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


def _entry(product: Product) -> list[int]:
    """What BLAS is told of a product, as blas.py lists it."""
    left, right, out = product
    count, m, n = out.shape
    (left_lies, left_leading), (right_lies, right_leading) = _lying(left), _lying(right)
    sizes = [n, m, left.shape[2], right_leading, left_leading, max(out.stride(1), n)]
    item = out.element_size()
    addresses = [number for t in (left, right, out) for number in (t.data_ptr(), t.stride(0) * item)]
    return [count, *sizes, *addresses, left_lies, right_lies]


def _lying(matrices: Tensor) -> tuple[int, int]:
    """Whether rows or columns of matrices (K, m, n) are contiguous, and how far apart those are, in numbers."""
    _, m, n = matrices.shape
    if matrices.stride(2) == 1 or n == 1:
        return blas.STRAIGHT, max(matrices.stride(1), n)
    if matrices.stride(1) == 1 or m == 1:
        return blas.TRANSPOSED, max(matrices.stride(2), m)
    raise ValueError(f"matrices of strides {matrices.stride()} have neither rows nor columns that BLAS can read")
