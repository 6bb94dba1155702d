"""Passes over layers, run by run: products, activations, gradients and steps, all while a run's numbers are in the nearest cache.

Each run's bits are its own: its products are made by themselves, and nothing is summed across runs. Shapes are those of network.py:
weights (R, m, n), biases (R, m), dL/dz (R, m, B); what a layer is fed is (S, n, B), one for each run or shared by several, or
(S, B, n) with examples as rows. `told` (R, 2) is room for ‖gradient‖ and, before the step, ‖parameter‖.
"""

import math
from typing import Any

import numpy as np
from llvmlite.binding import add_symbol
from numba import types
from numba.extending import get_cython_function_address, overload

from lossbench.loops import SUMS, Numbers, compiled, fused, power

NONE, SIGMOID, TANH, RELU = 0, 1, 2, 3
SMALL, LARGE = 1e-24, 1e24  # a sum of squares outside of these may have lost some of them to float32
LETTERS = np.frombuffer(b"NT", dtype=np.uint8)
ONE_AND_ZERO = {np.dtype(kind): np.array([1, 0], kind) for kind in ("float32", "float64")}


def _blas(name: str) -> types.ExternalFunction:
    """A routine of the BLAS that comes with SciPy; all arguments are addresses."""
    symbol = f"lossbench_{name}"
    add_symbol(symbol, get_cython_function_address("scipy.linalg.cython_blas", name))
    return types.ExternalFunction(symbol, types.void(*[types.intp] * 13))


SINGLE, DOUBLE = _blas("sgemm"), _blas("dgemm")
SINGLES, DOUBLES = np.array([1, 0], np.float32), np.array([1, 0], np.float64)


def _gemm(like: Any, *addresses: int) -> None:
    raise NotImplementedError


@overload(_gemm, inline="always")
def _gemm_of(like: Any, left: int, right: int, sizes: int, a: int, b: int, out: int) -> Any:
    routine, scales = (SINGLE, SINGLES) if like.dtype == types.float32 else (DOUBLE, DOUBLES)
    item = 4 if like.dtype == types.float32 else 8

    def gemm(like: Any, left: int, right: int, sizes: int, a: int, b: int, out: int) -> None:
        one = scales.ctypes.data
        routine(right, left, sizes, sizes + 4, sizes + 8, one, b, sizes + 12, a, sizes + 16, one + item, out, sizes + 20)

    return gemm


@compiled(inline="always")
def sizes_of(a: Numbers, a_turned: bool, b: Numbers, b_turned: bool) -> Numbers:
    """What BLAS wants to know of the products of a (., m, k) and b (., k, n), each of which may lie turned."""
    m, k = (a.shape[2], a.shape[1]) if a_turned else (a.shape[1], a.shape[2])
    n = b.shape[1] if b_turned else b.shape[2]
    return np.array([n, m, k, b.shape[2], a.shape[2], n], np.int32)


@compiled(inline="always")
def multiply(sizes: Numbers, a: Numbers, i: int, a_turned: bool, b: Numbers, j: int, b_turned: bool, out: Numbers, r: int) -> None:
    """a_i b_j into out_r."""
    letters = LETTERS.ctypes.data
    _gemm(
        a,
        letters + a_turned,
        letters + b_turned,
        sizes.ctypes.data,
        a.ctypes.data + i * a.strides[0],
        b.ctypes.data + j * b.strides[0],
        out.ctypes.data + r * out.strides[0],
    )


@compiled()
def hidden_layer(weight: Numbers, bias: Numbers, fed: Numbers, places: Numbers, kind: int, units: Numbers) -> None:
    """The outputs (R, m, B) of a layer that is fed (S, n, B); of TANH what it is to be applied to."""
    one, none = units.dtype.type(1), units.dtype.type(0)
    sizes = sizes_of(weight, False, fed, False)
    for r in range(len(weight)):
        multiply(sizes, weight, r, False, fed, places[r], False, units, r)
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


@compiled(inline="always")
def _shift(units: Numbers, bias: Numbers, r: int, sums: Numbers) -> None:
    """Add the biases in place; the sum of everything."""
    total = units.dtype.type(0)
    for n in range(units.shape[1]):
        shift = bias[r, n]
        for b in range(units.shape[2]):
            z = units[r, n, b] + shift
            units[r, n, b] = z
            total += z
    sums[r] = total


@compiled(fastmath=SUMS)
def shift(bias: Numbers, units: Numbers, sums: Numbers) -> None:
    """From Wh (R, C, B) to the raw outputs z = Wh + b, in place, and their sums (R,), which are finite where these are."""
    for r in range(len(units)):
        _shift(units, bias, r, sums)


@compiled(fastmath=SUMS)
def last_layer(weight: Numbers, bias: Numbers, fed: Numbers, places: Numbers, units: Numbers, sums: Numbers) -> None:
    """Raw outputs (R, C, B) of a layer that is fed (S, n, B), and their sums."""
    sizes = sizes_of(weight, False, fed, False)
    for r in range(len(weight)):
        multiply(sizes, weight, r, False, fed, places[r], False, units, r)
        _shift(units, bias, r, sums)


@compiled(inline="always")
def _measure(parameter: Numbers, gradient: Numbers, r: int, i: int, told: Numbers) -> None:
    """‖g‖ of gradient (., N) at i and ‖w‖ of parameter (R, N) at r: squared in float64 where float32 might not hold it."""
    steep, size = parameter.dtype.type(0), parameter.dtype.type(0)
    for n in range(parameter.shape[1]):
        steep += gradient[i, n] * gradient[i, n]
        size += parameter[r, n] * parameter[r, n]
    told[r, 0], told[r, 1] = math.sqrt(steep), math.sqrt(size)
    if not (SMALL < steep < LARGE and SMALL < size < LARGE):
        exactly_steep, exact_size = 0.0, 0.0
        for n in range(parameter.shape[1]):
            exactly_steep += np.float64(gradient[i, n]) * np.float64(gradient[i, n])
            exact_size += np.float64(parameter[r, n]) * np.float64(parameter[r, n])
        told[r, 0], told[r, 1] = math.sqrt(exactly_steep), math.sqrt(exact_size)


@compiled(inline="always")
def _follow(parameter: Numbers, gradient: Numbers, r: int, i: int, rate: float, moving: bool, told: Numbers) -> None:
    _measure(parameter, gradient, r, i, told)
    if moving:
        for n in range(parameter.shape[1]):
            parameter[r, n] = fused(-rate, gradient[i, n], parameter[r, n])


@compiled(fastmath=SUMS)
def follow(parameter: Numbers, gradient: Numbers, rates: Numbers, moving: bool, told: Numbers) -> None:
    """w − ηg in place, for parameters and gradients (R, N) and rates (R,), if `moving`."""
    for r in range(len(parameter)):
        _follow(parameter, gradient, r, r, rates[r], moving, told)


@compiled(inline="always")
def _add_rows(delta: Numbers, r: int, sums: Numbers) -> None:
    for n in range(delta.shape[1]):
        total = delta.dtype.type(0)
        for b in range(delta.shape[2]):
            total += delta[r, n, b]
        sums[0, n] = total


@compiled(fastmath=SUMS)
def biases(bias: Numbers, delta: Numbers, rates: Numbers, moving: bool, told: Numbers) -> None:
    """The same for biases, whose gradients are the sums of dL/dz."""
    gradient = np.empty((1, bias.shape[1]), bias.dtype)
    for r in range(len(bias)):
        _add_rows(delta, r, gradient)
        _follow(bias, gradient, r, 0, rates[r], moving, told)


@compiled(fastmath=SUMS)
def first_layer(
    weight: Numbers, delta: Numbers, rows: Numbers, places: Numbers, rates: Numbers, moving: bool, told: Numbers
) -> None:
    """The same for weights whose gradient is formed one run after the other, as ΔX, and forgotten."""
    sizes = sizes_of(delta, False, rows, False)
    gradient = np.empty((1, *weight.shape[1:]), weight.dtype)
    flat, slopes = weight.reshape(len(weight), -1), gradient.reshape(1, -1)
    for r in range(len(weight)):
        multiply(sizes, delta, r, False, rows, places[r], False, gradient, 0)
        _follow(flat, slopes, r, 0, rates[r], moving, told)


@compiled(inline="always")
def _descend(delta: Numbers, units: Numbers, r: int, kind: int) -> None:
    """In place from dL/dh to dL/dz, (R, m, B) at r, by the units' outputs h."""
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


@compiled(fastmath=SUMS)
def upper_layer(
    weight: Numbers, delta: Numbers, units: Numbers, passed: Numbers, kind: int, rates: Numbers, moving: bool, told: Numbers
) -> None:
    """The same for a layer that is fed the `units` of another; dL/dz of that other one into `passed`."""
    forming, passing = sizes_of(delta, False, units, True), sizes_of(weight, True, delta, False)
    gradient = np.empty((1, *weight.shape[1:]), weight.dtype)
    flat, slopes = weight.reshape(len(weight), -1), gradient.reshape(1, -1)
    for r in range(len(weight)):
        multiply(passing, weight, r, True, delta, r, False, passed, r)
        _descend(passed, units, r, kind)
        multiply(forming, delta, r, False, units, r, True, gradient, 0)
        _follow(flat, slopes, r, 0, rates[r], moving, told)


@compiled(fastmath=SUMS)
def lengths(rows: Numbers, out: Numbers) -> None:
    """‖·‖₂ of rows (R, N), into (R,) float64."""
    for r in range(len(rows)):
        total = 0.0
        for n in range(rows.shape[1]):
            total += np.float64(rows[r, n]) * np.float64(rows[r, n])
        out[r] = math.sqrt(total)
