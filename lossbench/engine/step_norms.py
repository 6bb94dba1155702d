"""Euclidean norms of the parameters of many runs, and of what has their shape: gradients and updates."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lossbench.interfaces import Dense
from lossbench.kernels import layer_kernels, link_kernels


def lengths_of(layers: Sequence[Dense[Tensor]]) -> Tensor:
    """‖·‖₂ of weights (R, out, in) and biases (R, out, 1) in turn, (R, 2L) float64."""
    return torch.stack([length_of(part) for layer in layers for part in layer], 1)


def length_of(matrices: Tensor) -> Tensor:
    """‖·‖₂ of matrices (R, m, n), (R,) float64: squared in float32, what has all but vanished would be gone."""
    lengths = matrices.new_empty(len(matrices), dtype=torch.float64)
    if link_kernels.plain(matrices):
        layer_kernels.norms_of(matrices.flatten(1).numpy(), lengths.numpy())
    else:
        torch.linalg.vector_norm(matrices, dim=(-2, -1), dtype=torch.float64, out=lengths)
    return lengths
