"""The formulas as a student would derive them: plain NumPy, float64, a few lines each, stable and right for a batch.

Examples are rows, as in a table: raw outputs z and targets y have the shape (N, C), one-hot where there are
several classes; with two classes and one output they have the shape (N,), y being 0 or 1. Every cost is the
mean over the N examples, so that it means the same for any N; every gradient is that of the cost.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sigmoid(z: Array) -> Array:
    """σ(z) = 1/(1 + e^(−z)). e^(−|z|) is at most 1, so nothing overflows; for z < 0 the fraction is extended by e^z.

    a has the shape of z.
    """
    small: Array = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


def softmax(z: Array) -> Array:
    """p_c = e^(z_c) / Σ_k e^(z_k), row by row. The largest z of a row is taken off first, which changes no p.

    z and p have the shape (N, C).
    """
    powers: Array = np.exp(z - z.max(axis=-1, keepdims=True))
    total: Array = powers.sum(axis=-1, keepdims=True)
    return powers / total


def log_softmax(z: Array) -> Array:
    """log p_c = z_c − log Σ_k e^(z_k), row by row, (N, C): no probability is formed, so none can be 0."""
    below = z - z.max(axis=-1, keepdims=True)
    log: Array = below - np.log(np.exp(below).sum(axis=-1, keepdims=True))
    return log


def binary_cross_entropy(z: Array, y: Array) -> float:
    """−(1/N) Σ [y log a + (1 − y) log(1 − a)], a = σ(z).

    log a = −log(1 + e^(−z)) and log(1 − a) = −log(1 + e^z), so an example costs log(1 + e^z) − y z;
    with log(1 + e^z) = max(z, 0) + log(1 + e^(−|z|)) nothing overflows.
    """
    return float(np.mean(np.maximum(z, 0) - y * z + np.log1p(np.exp(-np.abs(z)))))


def binary_cross_entropy_gradient(z: Array, y: Array) -> Array:
    """dL/dz = (a − y)/N, (N,): the slope a(1 − a) of the sigmoid cancels against the derivative of the logarithm."""
    return (sigmoid(z) - y) / len(z)


def categorical_cross_entropy(z: Array, y: Array) -> float:
    """−(1/N) Σ_n Σ_c y_nc log p_nc, p = softmax(z), for z and y (N, C)."""
    return float(np.mean(-(y * log_softmax(z)).sum(axis=-1)))


def categorical_cross_entropy_gradient(z: Array, y: Array) -> Array:
    """dL/dz_c = (p_c − y_c)/N, (N, C): ∂ log p_k/∂z_c = δ_kc − p_c, and the targets of a row sum to 1."""
    return (softmax(z) - y) / len(z)


def half_squared_error(a: Array, y: Array) -> float:
    """(1/N) Σ_n ½ Σ_c (a_nc − y_nc)², of outputs a (N, C) or (N,), whatever link they come from."""
    return float(0.5 * np.square(a - y).sum() / len(a))


def half_squared_error_gradient(a: Array, y: Array) -> Array:
    """dL/da = (a − y)/N, of the shape of a. Where the outputs are raw (a = z) this is all."""
    return (a - y) / len(a)


def half_squared_error_sigmoid_gradient(z: Array, y: Array) -> Array:
    """dL/dz = (a − y) · a(1 − a)/N, a = σ(z), of the shape of z: the slope of the sigmoid stays."""
    a = sigmoid(z)
    return half_squared_error_gradient(a, y) * a * sigmoid(-z)  # 1 − σ(z) = σ(−z)


def half_squared_error_softmax_gradient(z: Array, y: Array) -> Array:
    """dL/dz_c = p_c [e_c − Σ_k p_k e_k], (N, C), with e = (p − y)/N.

    Every output moves every probability: ∂p_k/∂z_c = p_k (δ_kc − p_c).
    """
    p = softmax(z)
    error = half_squared_error_gradient(p, y)
    mean: Array = (p * error).sum(axis=-1, keepdims=True)
    return p * (error - mean)


def gaussian_negative_log_likelihood(a: Array, y: Array, s: float) -> float:
    """−(1/N) Σ log N(y; a, s²) = (1/N) Σ [(y − a)²/(2s²) + ½ log(2π s²)], to be minimised.

    a and y have the shape (N,) or (N, C); the standard deviation s > 0 is a scalar.
    For a fixed s its gradient (a − y)/(N s²) is that of the half squared error over s².
    """
    return float(np.square(a - y).sum() / len(a) / (2 * s**2) + np.size(a) / len(a) * 0.5 * np.log(2 * np.pi * s**2))
