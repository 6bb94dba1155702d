import math

import pytest
import torch

from lossbench.audit.measurements.margin import shape
from lossbench.audit.subjects.subject import Subject, registered


def form(words):
    (results,) = registered(words)
    return shape(results)


def test_the_squared_error_on_a_sigmoid_is_convex_up_to_two_thirds():
    results = form("half_squared_error,link=sigmoid")
    edge = math.log(2)  # σ(log 2) = 2/3
    assert not results.convex
    assert results.curves[0].convex[0] == pytest.approx((-15, edge), abs=1e-3)
    assert results.curves[1].convex[0] == pytest.approx((-edge, 15), abs=1e-3)
    assert results.largest_gradient == pytest.approx(4 / 27, rel=1e-4)
    assert results.largest_value == pytest.approx(0.5)


@pytest.mark.slow
def test_cross_entropy_is_convex_and_canonical_with_a_curvature_of_a_quarter():
    results = form("cross_entropy,link=softmax")
    assert results.convex
    assert results.canonical
    assert results.lipschitz == pytest.approx(0.25, rel=1e-4)
    assert results.largest_gradient == pytest.approx(1)
    assert results.largest_value == math.inf


def test_a_gradient_is_the_error_times_the_slope():
    for curve in form("half_squared_error,link=sigmoid").curves:
        for error, slope, gradient in zip(curve.error, curve.slope, curve.gradient, strict=True):
            assert error * slope == pytest.approx(gradient, rel=1e-9)


@pytest.mark.parametrize(
    ("words", "corners"),
    [("hinge", (-1, 1)), ("perceptron", (0,)), ("absolute_error,link=identity", (0, 1)), ("squared_hinge", ()), ("huber", ())],
)
def test_corners_are_where_the_slope_jumps(words, corners):
    results = form(words)
    assert results.corners == pytest.approx(corners)
    assert (results.lipschitz == math.inf) == bool(corners)


def test_what_grows_like_a_logarithm_is_unbounded_and_what_tends_to_a_limit_is_bounded():
    assert form("log_cosh").largest_value == math.inf
    assert form("tangent").largest_value == pytest.approx((math.pi + 1) ** 2, rel=0.01)
    assert form("savage").largest_value == pytest.approx(1)


class Crossed:
    """Convex along every single output and not in two together: z₀ z₁ has a saddle."""

    link = "identity"

    def value(self, z, y):
        return (z.square() * 0.1).sum(-2) + z[0] * z[1]

    def gradient(self, z, y):
        return 0.2 * z + torch.stack([z[1], z[0], 0 * z[2]] if len(z) == 3 else [z[1], z[0]])


def test_convexity_is_looked_for_between_all_raw_outputs():
    results = shape(Subject(title="crossed", loss=Crossed(), outputs=2, several=True))
    assert [curve.convex for curve in results.curves] == [((-15, 15),)] * 2
    assert not results.convex
    assert form("squentropy").convex
