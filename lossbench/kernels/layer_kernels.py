"""Passes over the layers of many runs, compiled: one run after the other, each while its numbers are in the nearest cache.

A run's bits are its own: its products are made by themselves, and no sum goes across runs. Shapes are those of network.py, but
for biases, which are (R, m): weights (R, m, n), outputs and dL/dz (R, m, B). What a layer is fed is (S, n, B), for each run that
at its place (R,) among S; as rows of examples, (S, B, n). `told` (R, 2) is room for ‖gradient‖ and, before the step,
‖parameter‖; where that is (R, 0), nobody asks.
"""

import math
from typing import Any

import numpy as np
from llvmlite.binding import add_symbol
from numba import types
from numba.extending import get_cython_function_address, overload

from lossbench.kernels.compilation import SUMS, compiled
from lossbench.kernels.link_kernels import Numbers, fused, power

Pair = tuple[Numbers, Numbers]
How = tuple[Numbers, bool]  # rates (R,), and whether to move
Plan = tuple[Numbers, Numbers, int, int]
NONE, SIGMOID, TANH, RELU = range(4)
SMALL, LARGE = 1e-24, 1e24  # a sum of squares outside of these may have lost some of them to float32
STRAIGHT, TURNED = 0, 1  # how a matrix lies in memory
LETTERS = np.frombuffer(b"NT", dtype=np.uint8)  # what BLAS calls that


def _routine(name: str) -> Any:
    """A routine of SciPy's BLAS, of thirteen addresses, by a name that compiled code finds again when it is loaded."""
    add_symbol(f"lossbench_{name}", get_cython_function_address("scipy.linalg.cython_blas", name))
    return types.ExternalFunction(f"lossbench_{name}", types.void(*[types.intp] * 13))


SGEMM, DGEMM = _routine("sgemm"), _routine("dgemm")


def _gemm(scales: Any, letters: tuple[int, int], sizes: int, operands: tuple[int, int], out: int) -> None:
    """The product of two matrices, by addresses. BLAS counts by columns: it is told of bᵀaᵀ."""
    raise NotImplementedError((scales, letters, sizes, operands, out))


@overload(_gemm, inline="always")
def _gemm_of(scales: Any, letters: tuple[int, int], sizes: int, operands: tuple[int, int], out: int) -> Any:
    del letters, sizes, operands, out
    routine, item = (SGEMM, 4) if scales.dtype == types.float32 else (DGEMM, 8)

    def gemm(scales: Any, letters: tuple[int, int], sizes: int, operands: tuple[int, int], out: int) -> None:
        (left, right), (a, b), one = letters, operands, scales.ctypes.data
        routine(right, left, sizes, sizes + 4, sizes + 8, one, b, sizes + 12, a, sizes + 16, one + item, out, sizes + 20)

    return gemm


@compiled()
def plan_of(a: Numbers, a_lies: int, b: Numbers, b_lies: int) -> Plan:
    """For products of a (·, m, k) and b (·, k, n), what BLAS wants to know: n, m, k, and lengths of rows; and how both lie.

    And that a product counts once, and what stands in its place not at all.
    """
    m, k = (a.shape[2], a.shape[1]) if a_lies == TURNED else (a.shape[1], a.shape[2])
    n = b.shape[1] if b_lies == TURNED else b.shape[2]
    return np.array([n, m, k, b.shape[2], a.shape[2], n], np.int32), np.array([1, 0], a.dtype), a_lies, b_lies


@compiled()
def at(matrices: Numbers, r: int) -> int:
    """The address of one of some matrices."""
    address: int = matrices.ctypes.data + r * matrices.strides[0]
    return address


@compiled()
def multiply(plan: Plan, a: int, b: int, out: int) -> None:
    """The product of matrices at some addresses."""
    sizes, scales, a_lies, b_lies = plan
    letters = LETTERS.ctypes.data
    _gemm(scales, (letters + a_lies, letters + b_lies), sizes.ctypes.data, (a, b), out)


@compiled()
def hidden_layer(layer: Pair, fed: Pair, kind: int, units: Numbers) -> None:
    """From weights and biases, and what the layer is `fed` and where, to its outputs; of TANH to what it is to be applied to."""
    (weight, bias), (below, places) = layer, fed
    one, none = units.dtype.type(1), units.dtype.type(0)
    plan = plan_of(weight, STRAIGHT, below, STRAIGHT)
    for r in range(len(weight)):
        multiply(plan, at(weight, r), at(below, places[r]), at(units, r))
        for n in range(units.shape[1]):
            shift = bias[r, n]
            if kind == SIGMOID:
                for b in range(units.shape[2]):
                    z = units[r, n, b] + shift
                    e = power(-abs(z))
                    larger = one / (one + e)
                    units[r, n, b] = larger if z >= 0 else e * larger
            elif kind == RELU:
                for b in range(units.shape[2]):
                    z = units[r, n, b] + shift
                    units[r, n, b] = none if z < 0 else z
            else:
                for b in range(units.shape[2]):
                    units[r, n, b] += shift


@compiled(fastmath=SUMS)
def _shift(units: Numbers, bias: Numbers, r: int) -> Any:
    """Add the biases of a run to its products, in place; the sum of everything."""
    total = units.dtype.type(0)
    for n in range(units.shape[1]):
        shift = bias[r, n]
        for b in range(units.shape[2]):
            z = units[r, n, b] + shift
            units[r, n, b] = z
            total += z
    return total


@compiled()
def shift(bias: Numbers, units: Numbers, sums: Numbers) -> None:
    """From Wh (R, C, B) to the raw outputs z = Wh + b, in place, and their sums (R,), which are finite where these are."""
    for r in range(len(units)):
        sums[r] = _shift(units, bias, r)


@compiled()
def last_layer(layer: Pair, fed: Pair, units: Numbers, sums: Numbers) -> None:
    """The same from what the layer is fed, and where."""
    (weight, bias), (below, places) = layer, fed
    plan = plan_of(weight, STRAIGHT, below, STRAIGHT)
    for r in range(len(weight)):
        multiply(plan, at(weight, r), at(below, places[r]), at(units, r))
        sums[r] = _shift(units, bias, r)


@compiled(fastmath=SUMS)
def _length(rows: Numbers, r: int) -> float:
    """‖·‖₂ of numbers (·, N) at r: squared in float64 where float32 might not hold it."""
    total, exact = rows.dtype.type(0), 0.0
    for n in range(rows.shape[1]):
        total += rows[r, n] * rows[r, n]
    if SMALL < total < LARGE:
        return math.sqrt(total)
    for n in range(rows.shape[1]):
        exact += np.float64(rows[r, n]) * np.float64(rows[r, n])
    return math.sqrt(exact)


@compiled()
def lengths(rows: Numbers, out: Numbers) -> None:
    """‖·‖₂ of rows (R, N), into (R,) float64."""
    for r in range(len(rows)):
        out[r] = _length(rows, r)


@compiled()
def _move(parameter: Numbers, r: int, gradient: Numbers, i: int, rate: float) -> None:
    """w − ηg in place, for a parameter (R, N) at r and its gradient (·, N) at i."""
    for n in range(parameter.shape[1]):
        parameter[r, n] = fused(-rate, gradient[i, n], parameter[r, n])


@compiled()
def follow(parameter: Numbers, gradient: Numbers, how: How, told: Numbers) -> None:
    """w − ηg in place, for parameters and gradients (R, N)."""
    rates, moving = how
    for r in range(len(parameter)):
        if told.shape[1]:
            told[r, 0], told[r, 1] = _length(gradient, r), _length(parameter, r)
        if moving:
            _move(parameter, r, gradient, r, rates[r])


@compiled(fastmath=SUMS)
def _add_rows(delta: Numbers, r: int, sums: Numbers) -> None:
    """The sums over the examples of (R, m, B) at r, into (1, m)."""
    for n in range(delta.shape[1]):
        total = delta.dtype.type(0)
        for b in range(delta.shape[2]):
            total += delta[r, n, b]
        sums[0, n] = total


@compiled()
def biases(bias: Numbers, delta: Numbers, how: How, told: Numbers) -> None:
    """The same for biases, whose gradients are the sums of dL/dz."""
    rates, moving = how
    gradient = np.empty((1, bias.shape[1]), bias.dtype)
    for r in range(len(bias)):
        _add_rows(delta, r, gradient)
        if told.shape[1]:
            told[r, 0], told[r, 1] = _length(gradient, 0), _length(bias, r)
        if moving:
            _move(bias, r, gradient, 0, rates[r])


@compiled()
def first_layer(weight: Numbers, delta: Numbers, fed: Pair, how: How, told: Numbers) -> None:
    """The same for weights whose gradient is formed one run after the other, as ΔX, and forgotten; X is rows of examples."""
    (rows, places), (rates, moving) = fed, how
    plan, gradient = plan_of(delta, STRAIGHT, rows, STRAIGHT), np.empty((1, *weight.shape[1:]), weight.dtype)
    flat, slope = weight.reshape(len(weight), -1), gradient.reshape(1, -1)
    for r in range(len(weight)):
        multiply(plan, at(delta, r), at(rows, places[r]), at(gradient, 0))
        if told.shape[1]:
            told[r, 0], told[r, 1] = _length(slope, 0), _length(flat, r)
        if moving:
            _move(flat, r, slope, 0, rates[r])


@compiled()
def _descend(delta: Numbers, units: Numbers, r: int, kind: int) -> None:
    """In place from dL/dh to dL/dz, both (R, m, B) at r, by the units' outputs h."""
    one, none = delta.dtype.type(1), delta.dtype.type(0)
    for n in range(delta.shape[1]):
        for b in range(delta.shape[2]):
            h = units[r, n, b]
            if kind == SIGMOID:
                delta[r, n, b] *= h * (one - h)
            elif kind == TANH:
                delta[r, n, b] *= one - h * h
            else:
                delta[r, n, b] *= one if h > 0 else none


@compiled()
def upper_layer(weight: Numbers, delta: Numbers, below: tuple[Numbers, Numbers, int], how: How, told: Numbers) -> None:
    """The same for a layer above another: from that one's outputs, and kind, to its own dL/dz, the second of `below`, too."""
    (units, passed, kind), (rates, moving) = below, how
    forming, passing = plan_of(delta, STRAIGHT, units, TURNED), plan_of(weight, TURNED, delta, STRAIGHT)
    gradient = np.empty((1, *weight.shape[1:]), weight.dtype)
    flat, slope = weight.reshape(len(weight), -1), gradient.reshape(1, -1)
    for r in range(len(weight)):
        multiply(passing, at(weight, r), at(delta, r), at(passed, r))
        _descend(passed, units, r, kind)
        multiply(forming, at(delta, r), at(units, r), at(gradient, 0))
        if told.shape[1]:
            told[r, 0], told[r, 1] = _length(slope, 0), _length(flat, r)
        if moving:
            _move(flat, r, slope, 0, rates[r])
