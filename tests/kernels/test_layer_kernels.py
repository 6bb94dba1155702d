"""Passes over layers: each run's products, gradients, lengths and steps are those of a naive loop, and its bits are its own."""

import numpy as np
import pytest

from lossbench.kernels import activations, layer_kernels

RUNS, OUT, IN, BATCH = 5, 4, 7, 6
SHARED = np.array([0, 0, 1, 2, 1])
TOLERANCE = {"float32": 3e-6, "float64": 1e-13}
MOVING, STILL = True, False
UNTOLD = np.empty((RUNS, 0))


@pytest.fixture(params=TOLERANCE)
def draw(request):
    """Random numbers of one kind."""
    rng = np.random.default_rng(8)
    return lambda *shape: rng.standard_normal(shape).astype(request.param)


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=TOLERANCE[str(found.dtype)], atol=TOLERANCE[str(found.dtype)])


def test_a_layer_s_outputs_are_those_of_each_run_with_its_own_examples(draw):
    weight, bias, fed, units, sums = draw(RUNS, OUT, IN), draw(RUNS, OUT), draw(3, IN, BATCH), draw(RUNS, OUT, BATCH), draw(RUNS)
    z = weight @ fed[SHARED] + bias[..., None]
    wanted = {
        activations.SIGMOID: 1 / (1 + np.exp(-z)),
        activations.RELU: np.maximum(z, 0),
        activations.IDENTITY: z,
        activations.TANH: z,
    }
    for kind, h in wanted.items():
        layer_kernels.forward_hidden((weight, bias), (fed, SHARED), kind, units)
        close(units, h)
    layer_kernels.forward_output((weight, bias), (fed, SHARED), units, sums)
    close(units, z)
    close(sums, z.sum((1, 2)))
    units[:] = weight @ fed[SHARED]
    layer_kernels.add_bias(bias, units, sums)
    close(units, z)
    close(sums, z.sum((1, 2)))


def test_sums_tell_of_a_number_that_is_none(draw):
    weight, bias, fed, units, sums = draw(RUNS, OUT, IN), draw(RUNS, OUT), draw(3, IN, BATCH), draw(RUNS, OUT, BATCH), draw(RUNS)
    weight[1, 2, 3], weight[3, 0, 0] = np.nan, np.inf
    layer_kernels.forward_output((weight, bias), (fed, SHARED), units, sums)
    assert np.isfinite(sums).tolist() == [True, False, True, False, True]


def strides(draw):
    """Every kind of stride, with its parameter, and the gradient that it goes along."""
    weight, bias, delta = draw(RUNS, OUT, IN), draw(RUNS, OUT), draw(RUNS, OUT, BATCH)
    rows, units, passed = draw(3, BATCH, IN), draw(RUNS, IN, BATCH), draw(RUNS, IN, BATCH)
    slope = draw(RUNS, OUT * IN)
    yield layer_kernels.descend_first_layer, weight.copy(), (delta, (rows, SHARED)), delta @ rows[SHARED]
    for kind in (activations.SIGMOID, activations.TANH, activations.RELU):
        yield layer_kernels.descend_upper_layer, weight.copy(), (delta, (units, passed, kind)), delta @ units.swapaxes(1, 2)
    yield layer_kernels.descend_biases, bias, (delta,), delta.sum(-1)
    yield layer_kernels.descend, weight.reshape(RUNS, -1), (slope,), slope


def test_a_stride_measures_and_only_if_told_to_moves(draw):
    rates = np.linspace(0.1, 0.5, RUNS).astype(draw(1).dtype)
    for stride, parameter, rest, gradient in strides(draw):
        before, told = parameter.copy(), np.empty((RUNS, 2))
        lengths = [np.linalg.norm(part.reshape(RUNS, -1).astype(float), axis=1) for part in (gradient, before)]
        stride(parameter, *rest, (rates, STILL), told)
        np.testing.assert_array_equal(parameter, before)
        np.testing.assert_allclose(told.T, lengths, rtol=TOLERANCE[str(parameter.dtype)])
        still = told.copy()
        stride(parameter, *rest, (rates, MOVING), told)
        close(parameter, before - rates.reshape(-1, *[1] * (before.ndim - 1)) * gradient)
        np.testing.assert_array_equal(told, still)


def test_what_is_measured_changes_no_step(draw):
    rates = np.linspace(0.1, 0.5, RUNS).astype(draw(1).dtype)
    for stride, parameter, rest, _ in strides(draw):
        other = parameter.copy()
        stride(parameter, *rest, (rates, MOVING), np.empty((RUNS, 2)))
        stride(other, *rest, (rates, MOVING), UNTOLD)
        np.testing.assert_array_equal(parameter, other)


def test_dl_dz_of_the_layer_below_is_what_passes_back_times_the_slope(draw):
    weight, delta, units, passed = draw(RUNS, OUT, IN), draw(RUNS, OUT, BATCH), draw(RUNS, IN, BATCH), draw(RUNS, IN, BATCH)
    back = weight.swapaxes(1, 2) @ delta
    slopes = {activations.SIGMOID: units * (1 - units), activations.TANH: 1 - units**2, activations.RELU: units > 0}
    ones = np.ones(RUNS, weight.dtype)
    for kind, slope in slopes.items():
        layer_kernels.descend_upper_layer(weight.copy(), delta, (units, passed, kind), (ones, MOVING), UNTOLD)
        close(passed, back * slope)


@pytest.mark.parametrize("scale", [1e-30, 1e-12, 1.0, 1e25])
def test_lengths_are_exact_though_a_square_would_leave_float32(scale: float):
    rows = (np.random.default_rng(2).standard_normal((3, 50)) * scale).astype(np.float32)
    wanted, told, out = np.linalg.norm(rows.astype(float), axis=1), np.empty((3, 2)), np.empty(3)
    layer_kernels.norms_of(rows, out)
    layer_kernels.descend(rows.copy(), rows, (np.zeros(3, np.float32), STILL), told)
    np.testing.assert_allclose(out, wanted, rtol=1e-6)
    np.testing.assert_allclose(told, np.stack([wanted, wanted], 1), rtol=1e-6)


def only(part):
    """Run 3's share of what a stride is told: what all runs share is left as it is."""
    if isinstance(part, tuple):
        return tuple(only(some) for some in part)
    return part[3:4].copy() if np.ndim(part) and len(part) == RUNS else part


def test_a_run_s_bits_are_its_own(draw):
    rates = np.linspace(0.1, 0.5, RUNS).astype(draw(1).dtype)
    for stride, parameter, rest, _ in strides(draw):
        alone, told, own = parameter[3:4].copy(), np.empty((RUNS, 2)), np.empty((1, 2))
        mine = [only(part) for part in rest]
        stride(parameter, *rest, (rates, MOVING), told)
        stride(alone, *mine, (rates[3:4], MOVING), own)
        np.testing.assert_array_equal(parameter[3:4], alone)
        np.testing.assert_array_equal(told[3:4], own)
