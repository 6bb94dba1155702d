"""The closed forms of the escape law against quadrature over the losses' own gradients."""

import math

import pytest
import torch
from scipy.integrate import quad

from lossbench.diagnosis.escape_law import start_of, times_as_long
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.reshaped import ClampedCrossEntropy
from lossbench.losses.squared import Brier, HalfSquaredError

LINK = {"link": "sigmoid"}
LOSSES = [HalfSquaredError(**LINK), Brier(**LINK), ClampedCrossEntropy(**LINK, delta=1e-3), ClampedCrossEntropy(**LINK)]


def time(loss, start):
    """2ηT from a start to a = ½, for target 0."""

    def inverse(z):
        column = torch.tensor([[z]], dtype=torch.float64)
        return 1 / float(loss.gradient(column, torch.zeros_like(column)))

    return quad(inverse, 0, start, epsabs=0, epsrel=1e-9, limit=200)[0]


@pytest.mark.parametrize("start", [0.5, 6.0, 14.0])
@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: f"{loss.word}-{getattr(loss, 'delta', '')}")
def test_how_many_times_as_long_as_cross_entropy_is_the_ratio_of_the_integrals(loss, start):
    ratio = time(loss, start) / time(CrossEntropy(**LINK), start)
    assert times_as_long(loss.word, start, getattr(loss, "delta", 0.0)) == pytest.approx(ratio, rel=1e-6)


@pytest.mark.parametrize("start", [0.0, 0.3, 5.0, 30.0])
def test_the_start_is_where_the_sigmoid_has_the_slope(start):
    a = torch.sigmoid(torch.tensor(-start, dtype=torch.float64))
    assert start_of(float(a * torch.sigmoid(torch.tensor(start, dtype=torch.float64)))) == pytest.approx(start, abs=1e-6)


def test_of_a_loss_without_a_closed_form_nothing_is_said():
    assert math.isnan(times_as_long("focal", 5.0, 0.0))
