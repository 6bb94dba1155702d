"""Every loss that is a measure, up to a factor and a constant, is known as its owner, so that it is never ranked by it."""

import numpy as np
import pytest
import torch
from torch import Tensor

from lossbench.errors import BadInput
from lossbench.interfaces.links import LINKS, OUTPUTS
from lossbench.registry import find, shelf
from lossbench.tables.quantity import quantity

MEASURES = {
    "log_loss": lambda p, y: -(y * p.log()).sum(OUTPUTS),
    "brier": lambda p, y: (p - y).square().sum(OUTPUTS),
    "squared_error": lambda a, y: (a - y).square().sum(OUTPUTS),
}
WORDS = [word for word, cls in shelf("loss").items() if cls.__module__.startswith("lossbench.losses")]


def example(measure: str, outputs: int) -> tuple[Tensor, Tensor]:
    """Raw outputs and targets (outputs, 50): classes one-hot, or 0 and 1 where there is one output, or real numbers."""
    z = torch.randn(outputs, 50, dtype=torch.float64)
    if measure == "squared_error":
        return z, torch.randn_like(z)
    y = torch.rand_like(z).round() if outputs == 1 else torch.eye(outputs, dtype=z.dtype)[torch.arange(50) % outputs].T
    return z, y


def is_the_measure(word: str, measure: str, outputs: int) -> bool:
    """Whether the loss with its own options is factor · measure + constant, where it has a meaning and that many outputs."""
    torch.manual_seed(0)
    if find("loss", word).tasks == ("ordinal",):
        return outputs > 1 and measure != "squared_error" and is_the_measure_of_an_order(word, measure, outputs)
    z, y = example(measure, outputs)
    try:
        loss = find("loss", word)().on("regression" if measure == "squared_error" else "classification", outputs)
    except BadInput:
        return False
    if loss.raw_outputs(outputs) != outputs:
        return False
    a = z if measure == "squared_error" else LINKS["sigmoid" if outputs == 1 else "softmax"].value(z)
    if measure != "squared_error" and outputs == 1:
        a, both = torch.cat([a, 1 - a]), torch.cat([y, 1 - y])
    else:
        both = y
    measured = MEASURES[measure](a, both).numpy()
    value = loss.value(z, y).detach().numpy()
    fit = np.polynomial.Polynomial.fit(measured, value, 1)
    return bool(np.abs(fit(measured) - value).max() < 1e-9) and np.ptp(value) > 1e-9


def is_the_measure_of_an_order(word: str, measure: str, outputs: int) -> bool:
    """The same of a loss for classes in an order, by the probabilities that it makes of its raw outputs."""
    loss = find("loss", word)().on("ordinal", outputs)
    z, y = torch.randn(outputs - 1, 50, dtype=torch.float64), example(measure, outputs)[1]
    measured = MEASURES[measure](loss.class_log_probabilities(z).exp(), y).numpy()
    fit = np.polynomial.Polynomial.fit(measured, loss.value(z, y).numpy(), 1)
    return bool(np.abs(fit(measured) - loss.value(z, y).numpy()).max() < 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("measure", MEASURES)
def test_a_measure_belongs_to_every_loss_that_is_it(measure):
    same = {word for word in WORDS if any(is_the_measure(word, measure, outputs) for outputs in (1, 3))}
    assert same == set(quantity(measure).owners)
