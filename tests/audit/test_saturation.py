import math

import numpy as np
import pytest

from lossbench.audit.measurements.saturation import STARTS, escape_times, saturation
from lossbench.audit.subjects.subject import registered

INF = math.inf


def subject(words):
    (results,) = registered(words)
    return results


def entropy_time(z):
    return z - math.exp(-z) + 1


def square_time(z):
    return 3 * z + math.exp(z) - 3 * math.exp(-z) - 0.5 * math.exp(-2 * z) + 2.5


@pytest.mark.parametrize(
    ("words", "closed", "factor"),
    [
        ("cross_entropy,link=sigmoid", entropy_time, 1),
        ("cross_entropy,link=softmax", entropy_time, 1),
        ("half_squared_error,link=sigmoid", square_time, 1),
        ("half_squared_error,link=softmax", square_time, 0.5),  # two outputs miss by as much each: twice the loss
    ],
)
def test_escape_times_are_the_closed_forms(words, closed, factor):
    expected = factor * np.array([closed(start) for start in STARTS])
    assert escape_times(subject(words), np.array(STARTS)) == pytest.approx(expected, rel=1e-6)


def test_escape_times_are_the_published_numbers():
    starts = np.array([1.0, 2.0, 4.0, 6.0, 8.0, 10.0])
    entropy = [1.6321, 2.8647, 4.9817, 6.9975, 8.9997, 11.0000]
    square = [7.0470, 15.4739, 69.0430, 423.921, 3007.46, 22058.97]
    assert escape_times(subject("cross_entropy,link=sigmoid"), starts) == pytest.approx(entropy, abs=5e-5)
    assert escape_times(subject("half_squared_error,link=sigmoid"), starts) == pytest.approx(square, rel=1e-5)


def test_gradient_descent_takes_as_long_as_the_integral_says():
    results = saturation(subject("half_squared_error,link=sigmoid"))
    reached = [(there, taken) for there, taken in zip(results.predicted, results.descended, strict=True) if not math.isnan(taken)]
    assert len(reached) >= 6
    for predicted, taken in reached:
        assert taken == pytest.approx(predicted, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "exponents"),
    [
        ("cross_entropy,link=sigmoid", (0, 0)),
        ("focal,link=sigmoid", (0, 0)),
        ("poly_1,link=sigmoid", (0, 0)),
        ("generalised_cross_entropy,link=softmax", (0.7, 0.7)),
        ("generalised_cross_entropy,link=softmax,q=0.3", (0.3, 0.3)),
        ("half_squared_error,link=sigmoid", (1, 1)),
        ("half_squared_error,link=identity", (0, 0)),
        ("absolute_error,link=softmax", (1, 1)),
        ("tanimoto,link=softmax", (1, 1)),
        ("exponential", (-1, -1)),
        ("proper_beta,alpha=0.25,beta=0.75", (0.25, 0.75)),
        ("proper_beta,alpha=-0.5,beta=-0.5", (-0.5, -0.5)),
    ],
)
def test_saturation_exponents_are_the_table_of_the_mathematics(words, exponents):
    results = saturation(subject(words))
    assert tuple(tail.exponent for tail in results.wrong) == pytest.approx(exponents, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("delta", [1e-7, 1e-12])
def test_a_delta_in_the_logarithm_brings_the_plateau_back_behind_its_margin(delta):
    results = saturation(subject(f"clamped_cross_entropy,link=sigmoid,delta={delta}"))
    for tail in results.wrong:
        assert (tail.before, tail.exponent) == pytest.approx((0, 1), abs=0.01)
        assert tail.knee == pytest.approx(math.log(1 / delta), abs=1.5)


def test_a_gradient_that_is_0_from_somewhere_on_never_escapes_from_there():
    results = saturation(subject("hinge"))
    assert [tail.exponent for tail in results.right] == [INF, INF]
    assert [tail.exponent for tail in results.wrong] == [0, 0]
    assert results.predicted == pytest.approx(STARTS)
