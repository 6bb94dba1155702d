"""Sizes at the outputs, compiled: what is summed over the outputs of an example, in one pass of the cache.

Their formulas stand tensor by tensor in interfaces/output_sizes.py. These give the same bits up to 15 outputs, where a tensor
library, too, adds one output after the other. Examples lie along the last axis and are taken side by side, COLUMNS at once.
Vectors are (K, C, B), and what there is one of for an example is (K, 1, B), C outputs and B examples.
"""

from collections.abc import Callable
from functools import wraps

import numpy as np
import torch
from torch import Tensor

from lossbench.kernels import link_kernels
from lossbench.kernels.compilation import compiled
from lossbench.kernels.link_kernels import COLUMNS, Numbers

Formula = Callable[..., Tensor]


def in_one_pass(loop: Callable[..., None], *, over_outputs: bool, exact: bool = False) -> Callable[[Formula], Formula]:
    """For a function of vectors (..., C, B) first and, after them, others of that shape or (..., 1, B), to one of either.

    Where all are plain numbers in memory a loop (arguments, out) takes the place of the function's own formula. What is `exact`
    is float64.
    """

    def decorated(formula: Formula) -> Formula:
        @wraps(formula)
        def function(vectors: Tensor, *others: Tensor) -> Tensor:
            if not _plain(vectors, *others):
                return formula(vectors, *others)
            shape = (*vectors.shape[:-2], 1, vectors.shape[-1]) if over_outputs else vectors.shape
            out = torch.empty(shape, dtype=torch.float64 if exact else vectors.dtype)
            try:
                arrays = [tensor.numpy() for tensor in (vectors, *others, out)]
            except RuntimeError:  # they only stand for others' numbers, as under vmap
                return formula(vectors, *others)
            loop(*[array if array.ndim == 3 else array.reshape(-1, *array.shape[-2:]) for array in arrays])
            return out

        return function

    return decorated


def _plain(*tensors: Tensor) -> bool:
    """Whether a loop can read these: plain numbers of one kind, some at least."""
    dtype, some = tensors[0].dtype, tensors[0].numel() > 0
    return some and all(link_kernels.plain(tensor) and tensor.dtype == dtype for tensor in tensors)


@compiled()
def softmax_slopes(shares: Numbers, powers: Numbers, out: Numbers) -> None:
    """p(1 − p) of shares p and powers e, (K, C, B).

    1 − p = ((1 − e) + o)/(1 + o), o being the sum of all e but for one that is exactly 1.
    """
    one, none = powers.dtype.type(1), powers.dtype.type(0)
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
            for c in range(powers.shape[1]):
                row, share, slope = powers[k, c, some], shares[k, c, some], out[k, c, some]
                for b in range(len(row)):
                    slope[b] = share[b] * (((one - row[b]) + others[b]) / (one + others[b]))


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
def scales(vectors: Numbers, out: Numbers) -> None:
    """max |v| (K, 1, B) of v (K, C, B), but 1 where that is 0; NaN where one is no number, as the tensors' maximum has it."""
    one, none = vectors.dtype.type(1), vectors.dtype.type(0)
    for k in range(len(vectors)):
        for start in range(0, vectors.shape[2], COLUMNS):
            some = slice(start, start + COLUMNS)
            into = out[k, 0, some]
            into[:] = none
            for c in range(vectors.shape[1]):
                row = vectors[k, c, some]
                for b in range(len(row)):
                    size = abs(row[b])
                    into[b] = into[b] if size <= into[b] or into[b] != into[b] else size
            for b in range(len(into)):
                into[b] = one if into[b] == none else into[b]


@compiled()
def squares(vectors: Numbers, scale: Numbers, out: Numbers) -> None:
    """Σ (v/m)² (K, 1, B) of v (K, C, B), m (K, 1, B) being the scale."""
    for k in range(len(vectors)):
        for start in range(0, vectors.shape[2], COLUMNS):
            some = slice(start, start + COLUMNS)
            size, into = scale[k, 0, some], out[k, 0, some]
            into[:] = 0
            for c in range(vectors.shape[1]):
                row = vectors[k, c, some]
                for b in range(len(row)):
                    scaled = row[b] / size[b]
                    into[b] += scaled * scaled


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


@compiled()
def centred_squares(vectors: Numbers, scale: Numbers, out: Numbers) -> None:
    """Σ (v/m − mean(v/m))² (K, 1, B) of v (K, C, B), m (K, 1, B) being the scale."""
    count = vectors.dtype.type(vectors.shape[1])
    scaled, mean = np.empty((vectors.shape[1], COLUMNS), vectors.dtype), np.empty(COLUMNS, vectors.dtype)
    for k in range(len(vectors)):
        for start in range(0, vectors.shape[2], COLUMNS):
            some = slice(start, start + COLUMNS)
            size, into = scale[k, 0, some], out[k, 0, some]
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
