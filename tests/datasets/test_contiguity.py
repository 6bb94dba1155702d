"""The contiguity problem, against a count by splitting strings."""

from math import comb

import numpy as np
import pytest

from lossbench.datasets.contiguity import Contiguity
from lossbench.errors import BadInput


def as_text(x):
    return ["".join("1" if bit > 0 else "0" for bit in row) for row in x]


@pytest.mark.parametrize("bits", [5, 8, 10])
def test_every_string_with_two_or_three_clumps_is_there_once(bits):
    split = Contiguity(bits=bits).load()
    counted = {text: len(text.replace("0", " ").split()) for text in (f"{n:0{bits}b}" for n in range(2**bits))}
    assert sorted(as_text(split.train_x)) == sorted(text for text, clumps in counted.items() if clumps in {2, 3})
    assert [2 + y for y in split.train_y[:, 0]] == [counted[text] for text in as_text(split.train_x)]
    # c clumps have 2c borders among the bits + 1 places where one can be
    assert (1 - split.train_y).sum() == comb(bits + 1, 4)
    assert split.train_y.sum() == comb(bits + 1, 6)


def test_of_ten_bits_there_are_the_published_counts():
    y = Contiguity().load().train_y
    assert (len(y), y.sum()) == (792, 462)


def test_strings_to_train_with_are_not_tested_with():
    split = Contiguity(train=300).load()
    train, test = set(as_text(split.train_x)), set(as_text(split.test_x))
    assert (len(train), len(test), len(train | test)) == (300, 492, 792)


def test_training_with_more_than_there_are_is_refused():
    with pytest.raises(BadInput, match=r"dataset\.train is 792; it must be between 1 and 791"):
        Contiguity(train=792)


def test_bits_are_minus_one_and_one():
    assert set(np.unique(Contiguity().load().train_x)) == {-1.0, 1.0}
