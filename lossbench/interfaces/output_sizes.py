"""Sizes at the outputs: how long an error is, and what goes into how steep a softmax is.

Outputs lie along axis −2 and examples along −1; leading axes are free. Each sum over outputs is a compiled loop where it meets
plain numbers, and the formula that stands here elsewhere.
"""

import torch
from torch import Tensor

from lossbench.kernels import size_kernels

OUTPUTS = -2


def length(vectors: Tensor, *, centred: bool = False) -> Tensor:
    """Euclidean norms (..., B) of vectors (..., C, B), each less its mean if `centred`; inf where an entry is infinite.

    Entries are divided by the largest before they are squared: no square overflows, or vanishes, before the norm does.
    """
    squares, scale = (_centred_squares if centred else _squares)(vectors)
    return (squares.sqrt() * scale).squeeze(OUTPUTS)


@size_kernels.in_one_pass(size_kernels.squares, "sum", "sum")
def _squares(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Σ (v/m)² of vectors v (..., C, B) and the scale m = max |v|, both (..., 1, B): m is 1 for max |v| = 0."""
    scale = _scale(vectors)
    return _infinite_with(scale, (vectors / scale).square().sum(OUTPUTS, keepdim=True)), scale


@size_kernels.in_one_pass(size_kernels.centred_squares, "sum", "sum")
def _centred_squares(vectors: Tensor) -> tuple[Tensor, Tensor]:
    """The same of v/m less its mean."""
    scale = _scale(vectors)
    scaled = vectors / scale
    return _infinite_with(scale, (scaled - scaled.mean(OUTPUTS, keepdim=True)).square().sum(OUTPUTS, keepdim=True)), scale


def _scale(vectors: Tensor) -> Tensor:
    """max |v|, (..., 1, B), of vectors v (..., C, B), but 1 where that is 0."""
    largest = vectors.abs().amax(OUTPUTS, keepdim=True)
    return torch.where(largest == 0, 1.0, largest)


def _infinite_with(scale: Tensor, squares: Tensor) -> Tensor:
    return torch.where(scale == torch.inf, torch.inf, squares)


@size_kernels.in_one_pass(size_kernels.softmax_slopes, "each", "sum")
def softmax_slopes(shares: Tensor, powers: Tensor) -> tuple[Tensor, Tensor]:
    """p(1 − p) of shares p and their powers exp(z − m), (..., C, B), and the largest or the least normal float, (..., 1, B)."""
    others = sum_of_others(powers)
    slopes = shares * (1 - powers).add_(others).div_(1 + others)
    return slopes, slopes.amax(OUTPUTS, keepdim=True).clamp_min_(torch.finfo(slopes.dtype).tiny)


def sum_of_others(powers: Tensor) -> Tensor:
    """The sum of powers exp(z − m) (..., C, B) but for one that is exactly 1, (..., 1, B)."""
    lesser = powers.frac().sum(OUTPUTS, keepdim=True)
    winners = (powers.sum(OUTPUTS, keepdim=True) - lesser).round()
    return lesser + (winners - 1)


@size_kernels.in_one_pass(size_kernels.jacobian_squares, "sum")
def jacobian_squares(own: Tensor, shares: Tensor, largest: Tensor, roots: Tensor) -> Tensor:
    """Σ_j (s_j/m)² + 2 Σ_{i<j} (p_i²/m)(p_j²/m), (..., 1, B), of slopes s and shares p (..., C, B), m and √m (..., 1, B)."""
    squares = (shares / roots).square()
    rivals = squares.shape[OUTPUTS] - 1
    pairs = squares.narrow(OUTPUTS, 1, rivals) * squares.cumsum(OUTPUTS).narrow(OUTPUTS, 0, rivals)
    return (own / largest).square().sum(OUTPUTS, keepdim=True) + 2 * pairs.sum(OUTPUTS, keepdim=True)
