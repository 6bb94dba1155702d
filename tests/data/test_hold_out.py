"""Holding out, scaling, encoding."""

import subprocess
import sys

import numpy as np
import pytest

from lossbench.data.examples import Examples, encode
from lossbench.data.hold_out import check_range, hold_out, scale
from lossbench.datasets.classic import Iris
from lossbench.errors import BadInput


def examples(*members):
    """As many examples of each class as asked."""
    y = np.repeat(np.arange(len(members)), members)
    return Examples(np.zeros((len(y), 1)), y, tuple("abcdefgh"[: len(members)]))


def test_two_classes_are_one_column_and_more_are_one_hot():
    assert encode(np.array([0, 1, 1]), ("no", "yes")).tolist() == [[0], [1], [1]]
    assert encode(np.array([2, 0, 1]), ("a", "b", "c")).tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
    assert encode(np.array([2.5, -1.0]), None).tolist() == [[2.5], [-1.0]]


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e6 / 3, -7.0])
def test_a_feature_that_is_constant_in_training_becomes_0_there(constant):
    rng = np.random.default_rng(0)
    train, test = (np.column_stack([rng.normal(size=30), np.full(30, constant)]) for _ in range(2))
    test[0, 1] += 2
    scaled_train, scaled_test = scale(train, test, "standard")
    assert np.abs(scaled_train[:, 1]).max() <= 1e-9
    assert scaled_test[0, 1] == pytest.approx(2, abs=1e-9)


def test_scaling_leaves_its_input_alone():
    given = np.arange(12.0).reshape(6, 2)
    for scaling in ("standard", "shared", "byte256", "none", 7.0):
        scale(given, given, scaling)
    assert np.array_equal(given, np.arange(12.0).reshape(6, 2))


@pytest.mark.parametrize(
    ("given", "fraction", "said"),
    [
        (examples(5, 1), 0.25, "class 'b' has 1 example"),
        (examples(5, 0), 0.25, "class 'b' has 0 example"),
        (examples(4, 4, 4), 0.1, "split into 10 to train and 2 to test; 3 classes"),
        (examples(4, 4, 4), 0.9, "split into 1 to train and 11 to test; 3 classes"),
        (Examples(np.zeros((2, 1)), np.zeros(2), None), 0.25, "split into 1 to train and 1 to test; a regression"),
        (Examples(np.zeros((4, 1)), np.zeros(4), None), 0.9, "split into 0 to train and 4 to test; a regression"),
    ],
)
def test_too_few_examples_are_refused(given, fraction, said):
    with pytest.raises(BadInput, match=said):
        hold_out(given, fraction, 0)


@pytest.mark.parametrize("members", [(2, 2), (3, 2, 2), (40, 2)])
def test_what_is_just_enough_is_split(members):
    train, test = hold_out(examples(*members), 0.5, 0)
    assert sorted([*train, *test]) == list(range(sum(members)))


@pytest.mark.parametrize(("value", "low", "high"), [(-1, 0, 1), (2, 0, 1), (float("nan"), 0, 1), (float("inf"), 0, float("inf"))])
def test_a_number_out_of_range_is_refused(value, low, high):
    with pytest.raises(BadInput, match=r"dataset\.rate is .* it must be (between|at least)"):
        check_range("rate", value, low, high)


@pytest.mark.slow
def test_the_shelf_is_imported_without_scikit_learn():
    program = "import sys; from lossbench.registry import shelf; shelf('dataset'); print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("word", "number"), [("byte256", 256.0), ("none", 1.0)])
def test_a_number_divides_as_the_word_of_it_does(word, number):
    given = np.random.default_rng(3).integers(0, 256, (40, 3))
    for by_word, by_number in zip(scale(given[:30], given[30:], word), scale(given[:30], given[30:], number), strict=True):
        assert np.array_equal(by_word, by_number)


@pytest.mark.parametrize(
    ("scaling", "said"),
    [
        (0, "dataset.scaling is 0; a number that features are divided by is above 0"),
        (-16.0, "dataset.scaling is -16"),
        ("standart", "Did you mean 'standard'"),
        (True, "dataset.scaling wants standard, shared, byte256, none or a number and got True"),
    ],
)
def test_a_scaling_that_divides_by_nothing_sensible_is_refused(scaling, said):
    with pytest.raises(BadInput, match=said):
        Iris(scaling=scaling)
