"""Forms of computation whose bits do not depend on how many runs share them.

A run alone must equal the same run among a thousand, bit for bit. Three things in a tensor library break that:
vectorised loops treat the last few elements of an array by other instructions; in a batched product a matrix's bits may
depend on where it stands in memory and on how many stand beside it; and more threads cut the work elsewhere. So: elementwise
work happens on whole buffers, whose length is a multiple of any vector's; on the CPU each matrix is a call of BLAS of its own
(kernels/blas.py), lone rows in groups of one size; one thread works inside a cohort, but for products that are so large that
they are cut into blocks, where their shape says (products.py). Compiled loops over layers, run by run,
need none of this.
"""

import math

from torch import Tensor

LANES = 64  # a multiple of the elements that any CPU's vector loop takes at once
GROUP_ROWS = 16  # of a product's matrix, where runs with few rows each see the same batch: together they fill its vectors


def group_of(rows: int) -> int:
    """How many runs stand together in one matrix of a product, where all see the same batch and have so many rows each."""
    return max(1, GROUP_ROWS // rows)


def fitting(runs: int, rows: int) -> int:
    """The least number of runs, no fewer than these, that falls into groups."""
    group = group_of(rows)
    return -(-runs // group) * group


def round_up(count: int) -> int:
    """The next multiple of LANES."""
    return -(-count // LANES) * LANES


def buffer(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Zeros of a shape, with storage rounded up so that `whole` may look at all of it."""
    storage = like.new_zeros(round_up(math.prod(shape)))
    return storage[: math.prod(shape)].view(shape)


def whole(part: Tensor) -> Tensor:
    """All of a buffer's storage as one vector (N,): for elementwise work, in place, without a tail."""
    return part.as_strided((round_up(part.numel()),), (1,))
