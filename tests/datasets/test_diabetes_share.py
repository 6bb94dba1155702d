"""Diabetes told as a share is diabetes, moved and stretched."""

import numpy as np

from lossbench.datasets.classic import Diabetes, DiabetesShare


def test_a_share_is_the_quantity_between_the_least_and_the_greatest_of_the_training_data():
    whole, share = Diabetes(seed=3).load(), DiabetesShare(seed=3).load()
    np.testing.assert_array_equal(share.train_x, whole.train_x)
    np.testing.assert_array_equal(share.test_x, whole.test_x)
    ends = [whole.train_y.min(), whole.train_y.max()]
    np.testing.assert_allclose(share.train_y, np.interp(whole.train_y, ends, [0, 1]), atol=1e-12)
    np.testing.assert_allclose(share.test_y, np.interp(whole.test_y, ends, [0, 1]), atol=1e-12)  # interp cuts off too
    assert share.task == "classification"
