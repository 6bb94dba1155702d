"""Data that are drawn: their geometry, and their limits."""

import numpy as np
import pytest

from lossbench.data.loading import load
from lossbench.datasets.neuron import Neuron
from lossbench.datasets.synthetic import Blobs, Circles, Moons
from lossbench.datasets.xor import Xor
from lossbench.errors import BadInput


def everything(dataset):
    """All features and targets, training before test."""
    split = load(dataset).split
    return np.concatenate([split.train_x, split.test_x]), np.concatenate([split.train_y, split.test_y])


def test_the_neuron_sees_1_and_should_say_0():
    assert [part.tolist() for part in load(Neuron()).split[:4]] == [[[1.0]], [[0.0]], [[1.0]], [[0.0]]]


def test_xor_is_1_where_exactly_one_input_is():
    x, y = everything(Xor(copies=3))
    assert (y[:, 0] == (x[:, 0] != x[:, 1])).all()
    assert len(x) == 4 * 3 + 4


def test_copies_of_the_corners_scatter_as_asked_and_the_test_corners_do_not():
    split = load(Xor(copies=2000, noise=0.3)).split
    moved = split.train_x - np.tile(split.test_x, (2000, 1))
    assert moved.std() == pytest.approx(0.3, rel=0.05)
    assert set(np.unique(split.test_x)) == {0.0, 1.0}


def test_blobs_without_spread_are_their_centres():
    x, y = everything(Blobs(size=40, classes=4, features=7, spread=0.0, scaling="none"))
    assert x.shape == (40, 7)
    assert len(np.unique(x.round(9), axis=0)) == 4
    assert y.sum(axis=0).tolist() == [10, 10, 10, 10]


def test_a_blob_spreads_as_asked():
    x, y = everything(Blobs(size=3000, classes=2, spread=2.5, scaling="none"))
    assert x[y[:, 0] == 1].std(axis=0) == pytest.approx([2.5, 2.5], rel=0.1)


def test_circles_have_the_radii_1_and_factor():
    x, y = everything(Circles(size=60, noise=0.0, factor=0.3, scaling="none"))
    radius = np.hypot(*x.T)
    np.testing.assert_allclose(radius, np.where(y[:, 0] == 1, 0.3, 1.0))


def test_moons_without_noise_lie_on_half_circles():
    x, y = everything(Moons(size=60, noise=0.0, scaling="none"))
    centre = np.where(y == 1, [[1.0, 0.5]], [[0.0, 0.0]])
    np.testing.assert_allclose(np.hypot(*(x - centre).T), 1.0)


@pytest.mark.parametrize(
    ("cls", "options"),
    [
        (Xor, {"copies": 0}),
        (Xor, {"noise": -1.0}),
        (Xor, {"noise": float("inf")}),
        (Blobs, {"classes": 1}),
        (Blobs, {"size": 5}),
        (Blobs, {"features": 0}),
        (Blobs, {"spread": -0.5}),
        (Moons, {"size": 3}),
        (Moons, {"noise": float("nan")}),
        (Circles, {"size": 3}),
        (Circles, {"noise": -0.1}),
        (Circles, {"factor": 1.0}),
    ],
)
def test_an_option_out_of_range_is_refused_by_name(cls, options):
    with pytest.raises(BadInput, match=rf"dataset\.{next(iter(options))} is "):
        cls(**options)
