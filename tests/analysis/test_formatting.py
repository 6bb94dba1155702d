"""Numbers in words."""

import math

import pytest

from lossbench.analysis import formatting
from lossbench.tables.quantity import quantity


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1.0, "1.00"),
        (0.00123456, "0.00123"),
        (12345.6, "12,300"),
        (-0.5, "−0.500"),
        (1.234e-7, "1.23 × 10⁻⁷"),
        (99.96, "100"),
        (4.5e12, "4.50 × 10¹²"),
        (math.nan, "–"),
        (math.inf, "∞"),
    ],
)
def test_numbers_have_three_digits_that_count(value, text):
    assert formatting.number(value).replace("\xa0", " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(12345.0, "12,345"), (math.inf, "never"), (0.0, "0"), (math.nan, "–"), (31.5, "31.5"), (-1142.5, "−1,142.5"), (31.4, "31")],
)
def test_steps_are_whole_or_halves_or_never(value, text):
    assert formatting.steps(value) == text


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("test_accuracy", 0.9612, "96.1 %"),
        ("test_brier", 0.5, "0.500"),
        ("test_accuracy", -0.0001, "0.0 %"),
        ("test_accuracy", -0.02, "−2.0 %"),
        ("test_accuracy", -math.inf, "diverged"),
    ],
)
def test_measures_come_in_their_units(column, value, text):
    assert formatting.measured(value, quantity(column)).replace("\xa0", " ") == text


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "+3"), (-1200.0, "−1,200"), (0.0, "0"), (-0.3, "0"), (0.4, "0"), (-math.inf, "−∞"), (math.nan, "–")]
)
def test_differences_have_a_sign(value, text):
    assert formatting.signed(value, formatting.steps) == text


@pytest.mark.parametrize(("value", "text"), [(1.0, "1 step"), (2.0, "2 steps"), (2300.0, "2,300 steps"), (0.0, "0 steps")])
def test_one_step_is_no_steps(value, text):
    assert formatting.in_steps(value) == text


@pytest.mark.parametrize(("p", "text"), [(0.0001, "< 0.001"), (0.0312, "0.031"), (0.5, "0.50"), (math.nan, "–")])
def test_p_values_are_short(p, text):
    assert formatting.probability(p).replace("\xa0", " ") == text


@pytest.mark.parametrize(("items", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_lists_end_in_and(items, text):
    assert formatting.listed(items) == text


@pytest.mark.parametrize(("value", "text"), [(None, ""), (math.nan, ""), (32.0, "32"), (0.1, "0.1"), (True, "true"), ("x", "x")])
def test_values_of_a_config_are_spoken_plainly(value, text):
    assert formatting.spoken(value) == text
