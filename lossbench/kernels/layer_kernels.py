"""Loops over the layers of many runs, compiled: one run after the other, each while its numbers are in the nearest cache.

With weights W (R, m, n), biases b (R, m), what a layer is fed X and what it puts out H, (R, m, B), a layer is

    up      Z = W X + b,  H = f(Z)                            one product, then one loop that adds, applies and stores
    down    dL/dX = Wᵀ Δ,  Δ' = dL/dX ∘ f'(X)                 Δ = dL/dZ; X is the layer below's H
    step    G = Δ Xᵀ,  W ← W − ηG,   g = Σ_b Δ,  b ← b − ηg

A run's bits are its own: each product is a call of BLAS for that run (blas.py), no sum goes across runs, and the order of every
sum is written down (summation.py). A gradient is formed in scratch, measured, followed and forgotten: it is as large as the
weights, and written for all runs it would travel to memory and back.

`fed` is what a layer is fed for every seed, (S, n, B) or as rows of examples (S, B, n), and for each run its owner among the S.
`norms` (R, 2) takes ‖gradient‖₂ and, before the step, ‖parameter‖₂; where it is (R, 0), nobody asks.
"""

import math

import numpy as np

from lossbench.kernels.activations import RELU, SIGMOID, slope
from lossbench.kernels.blas import STRAIGHT, TRANSPOSED, address_of, gemm_plan, multiply
from lossbench.kernels.compilation import compiled
from lossbench.kernels.link_kernels import Numbers, exp_of_nonpositive, fma
from lossbench.kernels.summation import row_sum, row_sum_of_squares, sum_at

Parameters = tuple[Numbers, Numbers]  # weights (R, m, n) and biases (R, m)
Fed = tuple[Numbers, Numbers]  # what the runs of each seed are fed, and each run's owner (R,)
Step = tuple[Numbers, bool]  # learning rates η (R,), and whether parameters move
SMALL, LARGE = 1e-24, 1e24  # a float32 sum of squares outside of these may have lost some of them


@compiled()
def forward_hidden(layer: Parameters, fed: Fed, kind: int, units: Numbers) -> None:
    """H = f(W X + b), into units (R, m, B); for tanh and softsign, which are applied elsewhere, Z."""
    (weight, bias), (below, owners) = layer, fed
    one, zero = units.dtype.type(1), units.dtype.type(0)
    plan = gemm_plan(weight, STRAIGHT, below, STRAIGHT)
    for r in range(len(weight)):
        multiply(plan, address_of(weight, r), address_of(below, owners[r]), address_of(units, r))
        for m in range(units.shape[1]):
            shift = bias[r, m]
            if kind == SIGMOID:
                for b in range(units.shape[2]):
                    # 1/(1 + e^−|z|) is the larger of σ(z) and σ(−z): no overflow, and neither is formed by a subtraction
                    z = units[r, m, b] + shift
                    e = exp_of_nonpositive(-abs(z))
                    larger = one / (one + e)
                    units[r, m, b] = larger if z >= 0 else e * larger
            elif kind == RELU:
                for b in range(units.shape[2]):
                    z = units[r, m, b] + shift
                    units[r, m, b] = zero if z < 0 else z  # NaN stays NaN
            else:
                for b in range(units.shape[2]):
                    units[r, m, b] += shift


@compiled()
def forward_output(layer: Parameters, fed: Fed, units: Numbers, sums: Numbers) -> None:
    """The raw outputs Z = W X + b, into units (R, C, B), and their sums (R,), which are finite where all of them are."""
    (weight, bias), (below, owners) = layer, fed
    plan, rows = gemm_plan(weight, STRAIGHT, below, STRAIGHT), units.reshape(len(units), -1)
    for r in range(len(weight)):
        multiply(plan, address_of(weight, r), address_of(below, owners[r]), address_of(units, r))
        _add_bias(units, bias, r)
        sums[r] = row_sum(rows, r)


@compiled()
def add_bias(bias: Numbers, units: Numbers, sums: Numbers) -> None:
    """From W X (R, C, B) to the raw outputs Z = W X + b, in place, and their sums (R,)."""
    rows = units.reshape(len(units), -1)
    for r in range(len(units)):
        _add_bias(units, bias, r)
        sums[r] = row_sum(rows, r)


@compiled()
def _add_bias(units: Numbers, bias: Numbers, r: int) -> None:
    for m in range(units.shape[1]):
        shift = bias[r, m]
        for b in range(units.shape[2]):
            units[r, m, b] += shift


@compiled()
def _norm(rows: Numbers, r: int) -> float:
    """‖·‖₂ of contiguous rows (R, N) at r: once more in float64 where their squares may have left float32."""
    total = row_sum_of_squares(rows, r, rows.dtype.type(0))
    if SMALL < total < LARGE:
        return math.sqrt(total)
    exact = 0.0
    for n in range(rows.shape[1]):
        exact += np.float64(rows[r, n]) * np.float64(rows[r, n])
    return math.sqrt(exact)


@compiled()
def norms_of(rows: Numbers, norms: Numbers) -> None:
    """‖·‖₂ of rows (R, N), into (R,) float64."""
    for r in range(len(rows)):
        norms[r] = _norm(rows, r)


@compiled()
def _step(parameter: Numbers, r: int, gradient: Numbers, i: int, rate: float) -> None:
    """w ← w − ηg with one rounding, for a parameter (R, N) at r and its gradient (·, N) at i."""
    for n in range(parameter.shape[1]):
        parameter[r, n] = fma(-rate, gradient[i, n], parameter[r, n])


@compiled()
def descend(parameter: Numbers, gradient: Numbers, step: Step, norms: Numbers) -> None:
    """A step along gradients (R, N) that stand formed, for parameters (R, N)."""
    rates, moves = step
    for r in range(len(parameter)):
        if norms.shape[1]:
            norms[r, 0], norms[r, 1] = _norm(gradient, r), _norm(parameter, r)
        if moves:
            _step(parameter, r, gradient, r, rates[r])


@compiled()
def descend_biases(bias: Numbers, delta: Numbers, step: Step, norms: Numbers) -> None:
    """A step of biases (R, m) along Σ_b Δ, from Δ = dL/dZ (R, m, B)."""
    rates, moves = step
    gradient = np.empty((1, bias.shape[1]), bias.dtype)
    _, row, _ = delta.strides
    for r in range(len(bias)):
        for m in range(bias.shape[1]):
            gradient[0, m] = sum_at(address_of(delta, r) + m * row, delta.shape[2], delta.dtype.type(0))
        if norms.shape[1]:
            norms[r, 0], norms[r, 1] = _norm(gradient, 0), _norm(bias, r)
        if moves:
            _step(bias, r, gradient, 0, rates[r])


@compiled()
def descend_first_layer(weight: Numbers, delta: Numbers, fed: Fed, step: Step, norms: Numbers) -> None:
    """A step of the first layer's weights (R, m, D) along Δ Xᵀ; X stands as rows of examples (S, B, D)."""
    (rows, owners), (rates, moves) = fed, step
    plan, gradient = gemm_plan(delta, STRAIGHT, rows, STRAIGHT), np.empty((1, *weight.shape[1:]), weight.dtype)
    flat, flat_gradient = weight.reshape(len(weight), -1), gradient.reshape(1, -1)
    for r in range(len(weight)):
        multiply(plan, address_of(delta, r), address_of(rows, owners[r]), address_of(gradient, 0))
        if norms.shape[1]:
            norms[r, 0], norms[r, 1] = _norm(flat_gradient, 0), _norm(flat, r)
        if moves:
            _step(flat, r, flat_gradient, 0, rates[r])


@compiled()
def _through_activation(delta: Numbers, units: Numbers, r: int, kind: int) -> None:
    """dL/dZ = dL/dH ∘ f'(Z), in place, both (R, m, B) at r, by the units' outputs H."""
    one = delta.dtype.type(1)
    for m in range(delta.shape[1]):
        for b in range(delta.shape[2]):
            delta[r, m, b] *= slope(kind, units[r, m, b], one)


@compiled()
def descend_upper_layer(weight: Numbers, delta: Numbers, below: tuple[Numbers, Numbers, int], step: Step, norms: Numbers) -> None:
    """A step of weights (R, m, n) along Δ Xᵀ and, with the weights before it, Δ of the layer below.

    `below` are that layer's outputs X (R, n, B), where its Δ belongs (R, n, B), and which activation it has.
    """
    (units, passed, kind), (rates, moves) = below, step
    forming, passing = gemm_plan(delta, STRAIGHT, units, TRANSPOSED), gemm_plan(weight, TRANSPOSED, delta, STRAIGHT)
    gradient = np.empty((1, *weight.shape[1:]), weight.dtype)
    flat, flat_gradient = weight.reshape(len(weight), -1), gradient.reshape(1, -1)
    for r in range(len(weight)):
        multiply(passing, address_of(weight, r), address_of(delta, r), address_of(passed, r))
        _through_activation(passed, units, r, kind)
        multiply(forming, address_of(delta, r), address_of(units, r), address_of(gradient, 0))
        if norms.shape[1]:
            norms[r, 0], norms[r, 1] = _norm(flat_gradient, 0), _norm(flat, r)
        if moves:
            _step(flat, r, flat_gradient, 0, rates[r])
