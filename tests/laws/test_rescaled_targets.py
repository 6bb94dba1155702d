"""Hui & Belkin's rescaling: moving the target must not lose the weight of the true class."""

import pytest
import torch

from lossbench.losses.squared import RescaledSquaredError

Z = torch.randn((10, 64), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
Y = torch.eye(10, dtype=torch.float64)[:, torch.arange(64) % 10]


def masked_too_late(z, y, k, m):
    """As it is sometimes written: the targets are multiplied by m, and then the true class is looked for where they are 1."""
    moved = m * y
    weight = torch.where(moved == 1, k, 1.0)
    return (weight * (z - moved).square()).mean(-2)


@pytest.mark.parametrize(("k", "m"), [(15.0, 30.0), (5.0, 2.0), (1.0, 15.0)])
def test_the_weight_of_the_true_class_is_that_of_the_formula_wherever_its_target_is(k, m):
    weighed, plain = (RescaledSquaredError(k=weight, m=m).value(Z, Y) for weight in (k, 1.0))
    true = (Z * Y).sum(0)
    torch.testing.assert_close(weighed - plain, (k - 1) / 10 * (true - m).square())


def test_a_mask_on_moved_targets_is_the_loss_without_its_weight():
    torch.testing.assert_close(masked_too_late(Z, Y, 15.0, 30.0), RescaledSquaredError(k=1.0, m=30.0).value(Z, Y))
    torch.testing.assert_close(masked_too_late(Z, Y, 15.0, 1.0), RescaledSquaredError(k=15.0, m=1.0).value(Z, Y))
    assert (RescaledSquaredError(k=15.0, m=30.0).value(Z, Y) > 10 * masked_too_late(Z, Y, 15.0, 30.0)).all()
