"""Label noise: how many, which, and what they become."""

import numpy as np
import pytest

from lossbench.data.loading import load
from lossbench.datasets.classic import BreastCancer, Diabetes, Iris
from lossbench.datasets.noisy import Noisy
from lossbench.datasets.synthetic import Blobs
from lossbench.errors import BadInput


def wrong(of, rate, seed=0):
    """Which training labels differ from the right ones."""
    return (load(Noisy(of=of, rate=rate, seed=seed)).split.train_y != load(of).split.train_y).any(axis=1)


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("of", [Iris(), BreastCancer(), Blobs(classes=5)], ids=lambda of: of.word)
def test_exactly_the_asked_part_of_the_training_labels_is_wrong(of, rate):
    flipped = wrong(of, rate)
    assert flipped.sum() == round(rate * len(flipped))


@pytest.mark.parametrize("of", [Iris(), BreastCancer()], ids=lambda of: of.word)
def test_all_but_the_training_labels_stays_as_it_was(of):
    clean, noisy = load(of).split, load(Noisy(of=of, rate=0.5)).split
    assert np.array_equal(noisy.train_x, clean.train_x)
    assert np.array_equal(noisy.test_x, clean.test_x)
    assert np.array_equal(noisy.test_y, clean.test_y)
    assert set(np.unique(noisy.train_y)) == {0.0, 1.0}


def test_rate_0_is_the_data_set_itself():
    assert load(Noisy(of=Iris(), rate=0.0)).fingerprint == load(Iris()).fingerprint


def test_a_higher_rate_errs_wherever_a_lower_one_does():
    lower, higher = load(Noisy(of=Iris(), rate=0.2)).split.train_y, load(Noisy(of=Iris(), rate=0.6)).split.train_y
    places = wrong(Iris(), 0.2)
    assert np.array_equal(lower[places], higher[places])


def test_another_seed_errs_elsewhere():
    assert (wrong(Iris(), 0.2, seed=0) != wrong(Iris(), 0.2, seed=1)).any()


def test_every_other_class_is_equally_likely():
    of = Blobs(size=8000, classes=4)
    right, noisy = load(of).split.train_y, load(Noisy(of=of, rate=1.0)).split.train_y
    became = right.T @ noisy
    assert np.diagonal(became).tolist() == [0, 0, 0, 0]
    expected = right.sum(axis=0)[:, None] / 3
    off = ~np.eye(4, dtype=bool)
    spread = np.sqrt(expected * 2 / 3)
    assert (np.abs(became - expected) / spread)[off].max() < 4


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan")])
def test_a_rate_that_is_no_share_is_refused(rate):
    with pytest.raises(BadInput, match=r"dataset\.rate is .* (between 0 and 1|no finite number)"):
        Noisy(of=Iris(), rate=rate)


def test_a_regression_has_no_labels_to_flip():
    with pytest.raises(BadInput, match="'diabetes' is a regression"):
        load(Noisy(of=Diabetes(), rate=0.1))
