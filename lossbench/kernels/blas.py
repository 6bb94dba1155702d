"""Matrix products by SciPy's BLAS, called from compiled code, each run's by itself.

In the batched products of a tensor library the bits of one matrix may depend on where in memory it stands, or on how many
stand beside it (MKL aligns its loops to addresses, differently on different processors). One call of BLAS for each matrix has
neither: it copies what it multiplies into buffers of its own, and adds the k terms of every element in one order.
"""

from typing import Any

import numpy as np
from llvmlite.binding import add_symbol
from numba import types
from numba.extending import get_cython_function_address, overload

from lossbench.kernels.compilation import compiled
from lossbench.kernels.link_kernels import Numbers

GemmPlan = tuple[Numbers, Numbers, int, int]  # sizes (6,) int32, [α, β], and how both factors lie in memory
STRAIGHT, TRANSPOSED = 0, 1  # rows, or columns, are contiguous
LETTERS = np.frombuffer(b"NT", dtype=np.uint8)  # BLAS's names for these two
ONCE, ADDED = 0.0, 1.0  # β: what stands where the product belongs is overwritten, or added to
# What one product of a table says, as whole numbers: how many matrices; n, m, k and the three leading dimensions of BLAS; then
# address and distance of the matrices of left, right and out, in bytes; and how left and right lie.
COUNT, SIZES, LEFT, RIGHT, OUT, LEFT_LIES, RIGHT_LIES, FIELDS = 0, 1, 7, 9, 11, 13, 14, 15


def _routine(name: str) -> Any:
    """A routine of SciPy's BLAS, of thirteen addresses, by a name that compiled code finds again when it is loaded."""
    add_symbol(f"lossbench_{name}", get_cython_function_address("scipy.linalg.cython_blas", name))
    return types.ExternalFunction(f"lossbench_{name}", types.void(*[types.intp] * 13))


SGEMM, DGEMM = _routine("sgemm"), _routine("dgemm")


def _gemm(scales: Any, letters: tuple[int, int], sizes: int, operands: tuple[int, int], out: int) -> None:
    """C = α A B + β C by addresses. BLAS stores columns: told of Bᵀ Aᵀ, it writes (A B)ᵀ by columns, which is A B by rows."""
    raise NotImplementedError((scales, letters, sizes, operands, out))


@overload(_gemm, inline="always")
def _gemm_of(scales: Any, letters: tuple[int, int], sizes: int, operands: tuple[int, int], out: int) -> Any:
    del letters, sizes, operands, out
    routine, item = (SGEMM, 4) if scales.dtype == types.float32 else (DGEMM, 8)

    def gemm(scales: Any, letters: tuple[int, int], sizes: int, operands: tuple[int, int], out: int) -> None:
        (left, right), (a, b), alpha = letters, operands, scales.ctypes.data
        routine(right, left, sizes, sizes + 4, sizes + 8, alpha, b, sizes + 12, a, sizes + 16, alpha + item, out, sizes + 20)

    return gemm


@compiled()
def gemm_plan(left: Numbers, left_lies: int, right: Numbers, right_lies: int) -> GemmPlan:
    """What BLAS is told for products of contiguous left (·, m, k) and right (·, k, n), or of their transposes as they lie.

    α = 1 and β = 0: a product counts once, and what stands in its place not at all.
    """
    m, k = (left.shape[2], left.shape[1]) if left_lies == TRANSPOSED else (left.shape[1], left.shape[2])
    n = right.shape[1] if right_lies == TRANSPOSED else right.shape[2]
    return np.array([n, m, k, right.shape[2], left.shape[2], n], np.int32), np.array([1, 0], left.dtype), left_lies, right_lies


@compiled()
def address_of(matrices: Numbers, r: int) -> int:
    """The address of matrix r of some matrices (R, m, n)."""
    address: int = matrices.ctypes.data + r * matrices.strides[0]
    return address


@compiled()
def multiply(plan: GemmPlan, left: int, right: int, out: int) -> None:
    """The product of matrices at two addresses, written at a third."""
    sizes, scales, left_lies, right_lies = plan
    letters = LETTERS.ctypes.data
    _gemm(scales, (letters + left_lies, letters + right_lies), sizes.ctypes.data, (left, right), out)


@compiled()
def multiply_all(table: Numbers, scales: Numbers) -> None:
    """Every product of a table (P, FIELDS) int64, one call of BLAS a matrix; scales are [α, β] in the numbers' own type."""
    sizes = np.empty(6, np.int32)
    for p in range(len(table)):
        for n in range(6):
            sizes[n] = table[p, SIZES + n]
        plan = sizes, scales, table[p, LEFT_LIES], table[p, RIGHT_LIES]
        left, right, out = table[p, LEFT], table[p, RIGHT], table[p, OUT]
        for _ in range(table[p, COUNT]):
            multiply(plan, left, right, out)
            left, right, out = left + table[p, LEFT + 1], right + table[p, RIGHT + 1], out + table[p, OUT + 1]
