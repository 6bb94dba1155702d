"""Loops that are compiled: each does at one go what a tensor library does in several, and writes nothing down in between.

They are for plain numbers in this machine's memory. Where they are used, their formulas stand once more, tensor by tensor: for a
graphics card, for derivatives, and as what these are tested against. The bits of a number depend on nothing but the numbers it
is made of, neither on where it stands nor on how many stand beside it: a product and a sum are rounded together where a formula
says so (`fma`) and nowhere else, and the order of a sum follows from its length alone.
"""

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import torch
from llvmlite import ir
from numba import types
from numba.extending import overload
from torch import Tensor

from lossbench.kernels.compilation import compiled, llvm_intrinsic

Numbers = np.ndarray[tuple[int, ...], np.dtype[Any]]
Shares = tuple[Numbers, Numbers]  # powers (C, b) and the sum of all but one that is 1 (b,)
OUTPUTS, RESIDUAL, BACKWARD, RESIDUAL_BACKWARD, QUOTIENT = range(5)  # what may be asked of a link: see links.py
COLUMNS = 128  # examples that a softmax takes side by side: what it keeps of them stays in the nearest cache

# e^x in float32, after the Cephes library: x = n ln 2 + r, and a polynomial in r.
LEAST = np.float32(-104)  # e to the power of less is 0
LOG2_E = np.float32(1.44269504)
LN2_HIGH, LN2_LOW = np.float32(-0.693145752), np.float32(-1.42860677e-06)
TERMS = tuple(np.float32(c) for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5))
ONE = np.float32(1)
LIFT = 64  # 2^n is made 2^64 times as large, and taken back at the end: below the least normal number, too, one rounding is all
EXPONENT = np.float32(1.5 * 2**23 + 127 + LIFT)  # added to n, it leaves the exponent of 2^(n + 64) in the last bits
TAKEN_BACK = np.float32(2.0**-LIFT)


@llvm_intrinsic
def fma(context: Any, x: Any, y: Any, z: Any) -> Any:
    """x·y + z, rounded once."""
    del context
    return x(x, y, z), lambda _, builder, __, args: builder.fma(*args)


@llvm_intrinsic
def _lifted(context: Any, shifted: Any) -> Any:
    """2^(n + LIFT) from n + EXPONENT."""
    del context

    def bits(_: Any, builder: Any, __: Any, args: Any) -> Any:
        whole = builder.bitcast(args[0], ir.IntType(32))
        return builder.bitcast(builder.shl(whole, ir.Constant(ir.IntType(32), 23)), ir.FloatType())

    return types.float32(shifted), bits


def exp_of_nonpositive(x: Any) -> Any:
    """e^x for x ≤ 0."""
    return math.exp(x)


@overload(exp_of_nonpositive, inline="always")
def _exp_of_nonpositive(x: Any) -> Any:
    if x != types.float32:
        return exp_of_nonpositive

    def single(x: Any) -> Any:
        x = LEAST if x < LEAST else x
        # n = round(x / ln 2): adding 1.5·2²³ rounds to a whole number, since a float32 has no bits below 1 there.
        shifted = fma(x, LOG2_E, EXPONENT)
        n = shifted - EXPONENT
        # r = x − n ln 2 with ln 2 in two parts (Cody & Waite): n times the high part is exact, so |r| ≤ ln 2 / 2 to all digits.
        r = fma(n, LN2_LOW, fma(n, LN2_HIGH, x))
        # e^r = 1 + r + r² P(r), P by Horner's rule; 1 is added last, when the rest is smaller than it.
        p = fma(TERMS[0], r, TERMS[1])
        p = fma(p, r, TERMS[2])
        p = fma(p, r, TERMS[3])
        p = fma(p, r, TERMS[4])
        p = fma(p, r, TERMS[5])
        return (fma(p, r * r, r) + ONE) * _lifted(shifted) * TAKEN_BACK

    return single


@compiled()
def sigmoid(asked: int, z: Numbers, other: Numbers, out: Numbers) -> None:
    """What is asked of a = σ(z), all (K, C, B); neither a nor 1 − a is formed by a subtraction."""
    one = z.dtype.type(1)
    z, other, out = z.reshape(-1), other.reshape(-1), out.reshape(-1)
    for m in range(len(z)):
        # e = e^−|z| cannot overflow; 1/(1 + e) = σ(|z|) and e/(1 + e) = σ(−|z|) are a and 1 − a, or the other way round.
        e = exp_of_nonpositive(-abs(z[m]))
        larger = one / (one + e)
        smaller = e * larger
        a, complement = (larger, smaller) if z[m] >= 0 else (smaller, larger)
        # a − y = a(1 − y) − (1 − a)y: exact in 1 − a where y = 1 and in a where y = 0, and right for shares between.
        error = other[m] if asked == BACKWARD else a * (one - other[m]) - complement * other[m]
        # da/dz = a(1 − a), a product of the two: no digit is lost where either is small.
        out[m] = error if asked == RESIDUAL else error * (larger * smaller)


@compiled()
def _powers(z: Numbers, some: slice, powers: Numbers, others: Numbers) -> tuple[int, Numbers]:
    """exp(z − m) with m = max z, into (C, b), of some of the examples of z (C, B); how many they are, and m.

    And the sum of all powers but for one that is exactly 1, into (b,): see Softmax in links.py.
    """
    one, none = z.dtype.type(1), z.dtype.type(0)
    width = len(z[0, some])
    top, lesser = np.full(COLUMNS, -np.inf, z.dtype), np.zeros(COLUMNS, z.dtype)
    others[:] = -one
    for c in range(len(z)):
        row = z[c, some]
        for b in range(width):
            top[b] = top[b] if row[b] < top[b] else row[b]
    for c in range(len(z)):
        row, into = z[c, some], powers[c]
        for b in range(width):
            # Where e is exactly 1, row b is a winner: counted apart, so that Σ − 1 keeps the digits of the small ones.
            e = exp_of_nonpositive(row[b] - top[b])
            into[b] = e
            others[b] += one if e == one else none
            lesser[b] += none if e == one else e
    for b in range(width):
        others[b] += lesser[b]
    return width, top


@compiled()
def _residual(shares: Shares, y: Numbers, some: slice, out: Numbers, columns: slice) -> None:
    """p − y, (C, b): with e = exp(z − m) and S = 1 + others, (e − y − y·others)/S; e − y is exact at a winner."""
    powers, others = shares
    one = y.dtype.type(1)
    for c in range(len(y)):
        row, truth, less = powers[c], y[c, some], out[c, columns]
        for b in range(len(truth)):
            less[b] = (row[b] - truth[b] - truth[b] * others[b]) / (one + others[b])


@compiled()
def _backward(shares: Shares, error: Numbers, columns: slice, out: Numbers, some: slice) -> None:
    """dℓ/dz_j = p_j (d_j − Σ_k p_k d_k), (C, b), with d = error − that of a winner.

    A constant in the error changes nothing, for Σ p = 1. Counted from a winner, whose p is nearly 1, its own large term is
    exactly 0, and the sum holds only the small ones. Of several winners the one with the largest error is taken, in any order.
    """
    powers, others = shares
    one = error.dtype.type(1)
    best, mean = np.full(COLUMNS, -np.inf, error.dtype), np.zeros(COLUMNS, error.dtype)
    for c in range(len(error)):
        row, pull = powers[c], error[c, columns]
        for b in range(len(pull)):
            best[b] = pull[b] if row[b] == one and pull[b] > best[b] else best[b]
    for c in range(len(error)):
        row, pull = powers[c], error[c, columns]
        for b in range(len(pull)):
            row[b] /= one + others[b]
            mean[b] += row[b] * (pull[b] - best[b])
    for c in range(len(error)):
        row, pull, into = powers[c], error[c, columns], out[c, some]
        for b in range(len(pull)):
            into[b] = row[b] * (pull[b] - best[b] - mean[b])


@compiled()
def _quotient(shares: Shares, weight: Numbers, some: slice, out: Numbers) -> None:
    """w / p = w S / e, (C, b); an e that vanished counts as the least float above 0, so that w = 0 gives 0 and no NaN."""
    powers, others = shares
    one, least = weight.dtype.type(1), np.nextafter(weight.dtype.type(0), weight.dtype.type(1))
    for c in range(len(weight)):
        row, own, into = powers[c], weight[c, some], out[c, some]
        for b in range(len(own)):
            into[b] = own[b] * (one + others[b]) / (least if row[b] < least else row[b])


@compiled()
def _outputs(shares: Shares, some: slice, out: Numbers) -> None:
    """p = e / S, (C, b)."""
    powers, others = shares
    one = out.dtype.type(1)
    for c in range(len(out)):
        row, into = powers[c], out[c, some]
        for b in range(len(into)):
            into[b] = row[b] / (one + others[b])


@compiled()
def softmax(asked: int, z: Numbers, other: Numbers, out: Numbers) -> None:
    """What is asked of shares p of raw outputs z, all (K, C, B)."""
    powers, others = np.empty((z.shape[1], COLUMNS), z.dtype), np.empty(COLUMNS, z.dtype)
    errors = np.empty_like(powers)
    for k in range(len(z)):
        for start in range(0, z.shape[2], COLUMNS):
            some = slice(start, start + COLUMNS)
            columns = slice(0, _powers(z[k], some, powers, others)[0])
            if asked == RESIDUAL:
                _residual((powers, others), other[k], some, out[k], some)
            elif asked == BACKWARD:
                _backward((powers, others), other[k], some, out[k], some)
            elif asked == RESIDUAL_BACKWARD:
                _residual((powers, others), other[k], some, errors, columns)
                _backward((powers, others), errors, columns, out[k], some)
            elif asked == QUOTIENT:
                _quotient((powers, others), other[k], some, out[k])
            else:
                _outputs((powers, others), some, out[k])


@compiled()
def shares_and_exponents(z: Numbers, shares: Numbers, exponents: Numbers) -> None:
    """Shares p of raw outputs z, and z − max z, all (K, C, B); where one is no number, no share of its example is."""
    powers, others = np.empty((z.shape[1], COLUMNS), z.dtype), np.empty(COLUMNS, z.dtype)
    for k in range(len(z)):
        for start in range(0, z.shape[2], COLUMNS):
            some = slice(start, start + COLUMNS)
            _, top = _powers(z[k], some, powers, others)
            _outputs((powers, others), some, shares[k])
            for c in range(z.shape[1]):
                row, into = z[k, c, some], exponents[k, c, some]
                for b in range(len(row)):
                    into[b] = row[b] - top[b]


def plain(*tensors: Tensor) -> bool:
    """Whether these are plain numbers in this machine's memory, of one shape and kind, and no derivative is asked for."""
    first = tensors[0]
    return readable(*tensors) and all(some.shape == first.shape for some in tensors[1:])


def readable(*tensors: Tensor) -> bool:
    """The same of tensors whose shapes are free."""
    dtype = tensors[0].dtype
    return all(some.is_cpu and not some.requires_grad and some.dtype == dtype and some.is_contiguous() for some in tensors)


Method = Callable[..., Tensor]


def at_one_go(loop: Callable[..., None], asked: int) -> Callable[[Method], Method]:
    """For a method of what has raw outputs z (..., C, B), of another tensor of that shape or of none.

    Where numbers are plain, a loop that is asked the same takes the place of the method's own formula.
    """

    def decorated(formula: Method) -> Method:
        @wraps(formula)
        def method(linked: Any, *others: Tensor) -> Tensor:
            z: Tensor = linked.z
            if not plain(z, *others):
                return formula(linked, *others)
            out = torch.empty_like(z)
            try:
                arrays = [part.numpy() for part in (z, *(others or (z,)), out)]
            except RuntimeError:  # it only stands for others' numbers, as under vmap
                return formula(linked, *others)
            loop(asked, *(array.reshape(-1, *z.shape[-2:]) for array in arrays))
            return out

        return method

    return decorated
