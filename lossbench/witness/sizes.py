"""Euclidean norms of tensors as large as a network's parameters, and of what became of them."""

import math

import torch
from torch import Tensor

CHUNK = 2**19  # numbers that are squared at once: what is written down in between stays in a core's cache
SMALL, LARGE = 1e-24, 1e24  # a float32 sum of squares outside of these may have lost some of them


def norm(tensor: Tensor) -> float:
    """‖·‖₂ of a tensor of any shape, the chunks' sums added in float64; of a sparse one, of what it holds."""
    return _norm(tensor.detach().coalesce().values() if tensor.is_sparse else tensor.detach())


def distance(tensor: Tensor, other: Tensor) -> float:
    """‖tensor − other‖₂ of tensors of one shape."""
    return _norm(tensor.detach(), other.detach())


def _norm(tensor: Tensor, other: Tensor | None = None) -> float:
    if not tensor.is_cpu or tensor.dtype not in (torch.float32, torch.float64):
        return _exact_norm(tensor if other is None else tensor - other)
    vector, subtracted = tensor.reshape(-1), None if other is None else other.reshape(-1)
    scratch, size = vector.new_empty(min(CHUNK, len(vector))), 0.0
    for start in range(0, len(vector), CHUNK):
        part = vector[start : start + CHUNK]
        out = scratch[: len(part)]
        if subtracted is not None:
            part = torch.sub(part, subtracted[start : start + CHUNK], out=out)
        total = float(torch.mul(part, part, out=out).sum())
        own = math.sqrt(total) if SMALL < total < LARGE else _exact_norm(_again(vector, subtracted, start))
        size = math.hypot(size, own)
    return size


def _again(vector: Tensor, subtracted: Tensor | None, start: int) -> Tensor:
    part = vector[start : start + CHUNK]
    return part if subtracted is None else part - subtracted[start : start + CHUNK]


def _exact_norm(tensor: Tensor) -> float:
    """In float64, of numbers divided by the largest before they are squared: no square overflows, or vanishes."""
    exact = tensor.double()
    largest = float(exact.abs().max()) if exact.numel() else 0.0
    if largest == 0 or not math.isfinite(largest):
        return largest
    return largest * float(torch.linalg.vector_norm(exact / largest))
