"""Sizes at the outputs, compiled: what is summed over the outputs of an example, in one pass of the cache.

Their formulas stand tensor by tensor in interfaces/output_sizes.py. These give the same bits up to 15 outputs, where a tensor
library, too, adds one output after the other. Examples lie along the last axis and are taken side by side, COLUMNS at once.
Vectors are (K, C, B), and what there is one of for an example is (K, 1, B), C outputs and B examples.
"""

from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from lossbench.kernels.compilation import compiled
from lossbench.kernels.link_kernels import COLUMNS, Numbers, readable

P = ParamSpec("P")
Result = TypeVar("Result")


def in_one_pass(
    loop: Callable[..., None], *results: Literal["each", "sum"], exact: bool = False
) -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """For a function of vectors (..., C, B) first and, after them, others of that shape or (..., 1, B), to one result or several.

    A result is one number for each output, or a "sum" over them, (..., 1, B). Where all are plain numbers in memory a loop
    (arguments, results) takes the place of the function's own formula. What is `exact` is float64.
    """

    def decorated(formula: Callable[P, Result]) -> Callable[P, Result]:
        @wraps(formula)
        def function(*given: P.args, **named: P.kwargs) -> Result:
            tensors = cast("tuple[Tensor, ...]", given)
            if not (readable(*tensors) and tensors[0].numel()):
                return formula(*given, **named)
            out = [_empty(tensors[0], kind == "sum", exact) for kind in results]
            try:
                arrays = [_stacked(tensor.numpy()) for tensor in (*tensors, *out)]
            except RuntimeError:  # they only stand for others' numbers, as under vmap
                return formula(*given, **named)
            loop(*arrays)
            return cast("Result", tuple(out) if len(out) > 1 else out[0])

        return function

    return decorated


def _empty(vectors: Tensor, summed: bool, exact: bool) -> Tensor:
    """An empty result for vectors (..., C, B)."""
    *leading, outputs, examples = vectors.shape
    return torch.empty((*leading, 1 if summed else outputs, examples), dtype=torch.float64 if exact else vectors.dtype)


def _stacked(array: Numbers) -> Numbers:
    """(K, C, B) of (..., C, B)."""
    return array[None] if array.ndim == 2 else array if array.ndim == 3 else array.reshape(-1, *array.shape[-2:])


@compiled()
def softmax_slopes(shares: Numbers, powers: Numbers, out: Numbers, largest: Numbers) -> None:
    """p(1 − p) of shares p and powers e, (K, C, B), and the largest of an example, or the least normal float, (K, 1, B).

    1 − p = ((1 − e) + o)/(1 + o), o being the sum of all e but for one that is exactly 1.
    """
    one, none, tiny = powers.dtype.type(1), powers.dtype.type(0), np.finfo(powers.dtype).tiny
    others, winners = np.empty(COLUMNS, powers.dtype), np.empty(COLUMNS, powers.dtype)
    for k in range(len(powers)):
        for start in range(0, powers.shape[2], COLUMNS):
            some = slice(start, start + COLUMNS)
            others[:], winners[:] = none, -one
            for c in range(powers.shape[1]):
                row = powers[k, c, some]
                for b in range(len(row)):
                    others[b] += none if row[b] == one else row[b]
                    winners[b] += one if row[b] == one else none
            others += winners
            most = largest[k, 0, some]
            most[:] = tiny
            for c in range(powers.shape[1]):
                row, share, slope = powers[k, c, some], shares[k, c, some], out[k, c, some]
                for b in range(len(row)):
                    slope[b] = share[b] * (((one - row[b]) + others[b]) / (one + others[b]))
                for b in range(len(slope)):  # NaN stays, as in the tensors' maximum
                    most[b] = most[b] if slope[b] <= most[b] or most[b] != most[b] else slope[b]


@compiled()
def jacobian_squares(own: Numbers, shares: Numbers, largest: Numbers, roots: Numbers, out: Numbers) -> None:
    """Σ_j (s_j/m)² + 2 Σ_{i<j} (p_i/√m)² (p_j/√m)² (K, 1, B), of s = p(1 − p) and p (K, C, B), m and √m (K, 1, B).

    The sum of the (p_i/√m)² so far is kept in float64 and rounded when it is used.
    """
    two = own.dtype.type(2)
    square, squares, pairs = np.empty(COLUMNS, own.dtype), np.empty(COLUMNS, own.dtype), np.empty(COLUMNS, own.dtype)
    before = np.empty(COLUMNS, np.float64)
    for k in range(len(own)):
        for start in range(0, own.shape[2], COLUMNS):
            some = slice(start, start + COLUMNS)
            squares[:], pairs[:], before[:] = 0, 0, 0
            most, root, into = largest[k, 0, some], roots[k, 0, some], out[k, 0, some]
            for c in range(own.shape[1]):  # few arrays a loop: the compiler must see that none lies over another
                slope, share = own[k, c, some], shares[k, c, some]
                for b in range(len(slope)):
                    steep = slope[b] / most[b]
                    squares[b] += steep * steep
                for b in range(len(share)):
                    scaled = share[b] / root[b]
                    square[b] = scaled * scaled
                for b in range(len(share)):
                    pairs[b] += square[b] * own.dtype.type(before[b])
                for b in range(len(share)):
                    before[b] += square[b]
            for b in range(len(into)):
                into[b] = squares[b] + two * pairs[b]


@compiled()
def _scales(vectors: Numbers, some: slice, out: Numbers) -> None:
    """max |v| (b,) of some examples of v (C, B), but 1 where that is 0; NaN where one is NaN, as the tensors' maximum is."""
    one, none = vectors.dtype.type(1), vectors.dtype.type(0)
    out[:] = none
    for c in range(len(vectors)):
        row = vectors[c, some]
        for b in range(len(row)):
            size = abs(row[b])
            out[b] = out[b] if size <= out[b] or out[b] != out[b] else size
    for b in range(len(out)):
        out[b] = one if out[b] == none else out[b]


@compiled()
def squares(vectors: Numbers, out: Numbers, scale: Numbers) -> None:
    """Σ (v/m)² and the scale m, both (K, 1, B), of v (K, C, B); infinite where m is."""
    for k in range(len(vectors)):
        for start in range(0, vectors.shape[2], COLUMNS):
            some = slice(start, start + COLUMNS)
            size, into = scale[k, 0, some], out[k, 0, some]
            _scales(vectors[k], some, size)
            into[:] = 0
            for c in range(vectors.shape[1]):
                row = vectors[k, c, some]
                for b in range(len(row)):
                    scaled = row[b] / size[b]
                    into[b] += scaled * scaled
            for b in range(len(into)):
                into[b] = size[b] if size[b] == np.inf else into[b]


@compiled()
def centred_squares(vectors: Numbers, out: Numbers, scale: Numbers) -> None:
    """Σ (v/m − mean(v/m))² and the scale m, both (K, 1, B), of v (K, C, B); infinite where m is."""
    count = vectors.dtype.type(vectors.shape[1])
    scaled, mean = np.empty((vectors.shape[1], COLUMNS), vectors.dtype), np.empty(COLUMNS, vectors.dtype)
    for k in range(len(vectors)):
        for start in range(0, vectors.shape[2], COLUMNS):
            some = slice(start, start + COLUMNS)
            size, into = scale[k, 0, some], out[k, 0, some]
            _scales(vectors[k], some, size)
            mean[:], into[:] = 0, 0
            for c in range(vectors.shape[1]):
                row, own = vectors[k, c, some], scaled[c]
                for b in range(len(row)):
                    own[b] = row[b] / size[b]
                for b in range(len(row)):
                    mean[b] += own[b]
            mean /= count
            for c in range(vectors.shape[1]):
                own = scaled[c]
                for b in range(len(into)):
                    apart = own[b] - mean[b]
                    into[b] += apart * apart
            for b in range(len(into)):
                into[b] = size[b] if size[b] == np.inf else into[b]


@compiled()
def exact_squares(vectors: Numbers, out: Numbers) -> None:
    """Σ v² (K, 1, B) in float64, of v (K, C, B)."""
    for k in range(len(vectors)):
        for start in range(0, vectors.shape[2], COLUMNS):
            some = slice(start, start + COLUMNS)
            into = out[k, 0, some]
            into[:] = 0
            for c in range(vectors.shape[1]):
                row = vectors[k, c, some]
                for b in range(len(row)):
                    entry = np.float64(row[b])
                    into[b] += entry * entry
