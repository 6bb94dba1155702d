"""Losses that torch or the textbook has too: the same numbers, the constants that names hide written out."""

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor, nn

from lossbench.audit.references import textbook
from lossbench.audit.references.textbook import Array
from lossbench.interfaces import Loss
from lossbench.interfaces.links import OUTPUTS
from lossbench.losses.absolute import AbsoluteError, Huber
from lossbench.losses.entropy import CrossEntropy, KullbackLeibler, LabelSmoothing
from lossbench.losses.likelihood import Bernoulli, Gaussian, GaussianLearntVariance, Poisson
from lossbench.losses.margin import LogisticMargin
from lossbench.losses.multiclass import MulticlassHinge
from lossbench.losses.squared import HalfSquaredError

torch.manual_seed(0)
CLASSES, EXAMPLES = 5, 40
Z = 2 * torch.randn(CLASSES, EXAMPLES, dtype=torch.float64)
INDEX = torch.arange(EXAMPLES) % CLASSES
HOT = nn.functional.one_hot(INDEX, CLASSES).T.double()
SOFT = torch.randn(CLASSES, EXAMPLES, dtype=torch.float64).softmax(OUTPUTS)
BITS = torch.rand(CLASSES, EXAMPLES).round().double()
REAL = torch.randn(CLASSES, EXAMPLES, dtype=torch.float64)
COUNTS = torch.randint(0, 9, (CLASSES, EXAMPLES)).double()


def rows(loss: Callable[[Tensor, Tensor], Tensor], y: Tensor) -> Callable[[Tensor], Tensor]:
    """torch's own layout: an example a row; numbers an element are summed."""

    def value(z: Tensor) -> Tensor:
        result = loss(z.T, y if y.dim() == 1 else y.T)
        return result.sum(1) if result.dim() == 2 else result

    return value


PAIRS: dict[str, tuple[Loss, Tensor, Callable[[Tensor], Tensor], float]] = {  # ours, targets, torch's, ours over torch's
    "CrossEntropyLoss": (CrossEntropy(link="softmax"), HOT, rows(nn.CrossEntropyLoss(reduction="none"), INDEX), 1),
    "CrossEntropyLoss, soft targets": (CrossEntropy(link="softmax"), SOFT, rows(nn.CrossEntropyLoss(reduction="none"), SOFT), 1),
    "CrossEntropyLoss, smoothed": (
        LabelSmoothing(smoothing=0.2, link="softmax"),
        HOT,
        rows(nn.CrossEntropyLoss(reduction="none", label_smoothing=0.2), INDEX),
        1,
    ),
    "NLLLoss": (
        CrossEntropy(link="softmax"),
        HOT,
        rows(lambda z, y: nn.NLLLoss(reduction="none")(z.log_softmax(1), y), INDEX),
        1,
    ),
    "BCEWithLogitsLoss": (CrossEntropy(link="sigmoid"), SOFT, rows(nn.BCEWithLogitsLoss(reduction="none"), SOFT), 1),
    "BCELoss": (Bernoulli(), SOFT, rows(lambda z, y: nn.BCELoss(reduction="none")(z.sigmoid(), y), SOFT), 1),
    "KLDivLoss": (
        KullbackLeibler(link="softmax"),
        SOFT,
        rows(lambda z, y: nn.KLDivLoss(reduction="none")(z.log_softmax(1), y), SOFT),
        1,
    ),
    "MSELoss": (HalfSquaredError(link="identity"), REAL, rows(nn.MSELoss(reduction="none"), REAL), 0.5),
    "MSELoss on a sigmoid": (
        HalfSquaredError(link="sigmoid"),
        BITS,
        rows(lambda z, y: nn.MSELoss(reduction="none")(z.sigmoid(), y), BITS),
        0.5,
    ),
    "MSELoss on a softmax": (
        HalfSquaredError(link="softmax"),
        HOT,
        rows(lambda z, y: nn.MSELoss(reduction="none")(z.softmax(1), y), HOT),
        0.5,
    ),
    "L1Loss": (AbsoluteError(link="identity"), REAL, rows(nn.L1Loss(reduction="none"), REAL), 1),
    "L1Loss on a softmax": (
        AbsoluteError(link="softmax"),
        HOT,
        rows(lambda z, y: nn.L1Loss(reduction="none")(z.softmax(1), y), HOT),
        1,
    ),
    "HuberLoss": (Huber(delta=0.7), REAL, rows(nn.HuberLoss(reduction="none", delta=0.7), REAL), 1),
    "SmoothL1Loss": (Huber(delta=0.7), REAL, rows(nn.SmoothL1Loss(reduction="none", beta=0.7), REAL), 0.7),
    "PoissonNLLLoss": (
        Poisson(),
        COUNTS,
        rows(lambda z, y: nn.PoissonNLLLoss(reduction="none")(z, y) + (y + 1).lgamma(), COUNTS),
        1,
    ),
    "GaussianNLLLoss": (
        Gaussian(variance=0.6),
        REAL,
        rows(lambda z, y: nn.GaussianNLLLoss(reduction="none", full=True)(z, y, torch.full_like(y, 0.6)), REAL),
        1,
    ),
    "SoftMarginLoss": (LogisticMargin(), BITS, rows(nn.SoftMarginLoss(reduction="none"), 2 * BITS - 1), 1),
    "MultiLabelSoftMarginLoss": (
        CrossEntropy(link="sigmoid"),
        BITS,
        rows(nn.MultiLabelSoftMarginLoss(reduction="none"), BITS),
        CLASSES,
    ),
    "MultiMarginLoss": (
        MulticlassHinge(form="weston_watkins", margin=0.8),
        HOT,
        rows(nn.MultiMarginLoss(reduction="none", margin=0.8), INDEX),
        CLASSES,
    ),
    "MultiMarginLoss, p = 2": (
        MulticlassHinge(form="weston_watkins", power=2),
        HOT,
        rows(nn.MultiMarginLoss(reduction="none", p=2), INDEX),
        CLASSES,
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_torch_says_the_same(name: str) -> None:
    loss, y, theirs, factor = PAIRS[name]
    free = Z.clone().requires_grad_()
    value = theirs(free)
    (gradient,) = torch.autograd.grad(value.sum(), free)
    torch.testing.assert_close(loss.value(Z, y), factor * value.detach(), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(loss.gradient(Z, y), factor * gradient, rtol=1e-10, atol=1e-12)


def test_torch_and_scipy_say_the_same_of_a_learnt_variance() -> None:
    loss, z = GaussianLearntVariance(), torch.cat([Z, REAL.flip(OUTPUTS)])
    free = z.clone().requires_grad_()
    theirs = nn.GaussianNLLLoss(full=True, eps=1e-30, reduction="none")(free[:CLASSES], REAL, free[CLASSES:].exp()).sum(OUTPUTS)
    (gradient,) = torch.autograd.grad(theirs.sum(), free)
    torch.testing.assert_close(loss.value(z, REAL), theirs.detach(), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(loss.gradient(z, REAL), gradient, rtol=1e-11, atol=1e-13)
    density = scipy.stats.norm.logpdf(REAL, Z, (z[CLASSES:] / 2).exp())
    np.testing.assert_allclose(loss.value(z, REAL), -density.sum(OUTPUTS), rtol=1e-12)
    torch.testing.assert_close(loss.prediction(z), Z, rtol=0, atol=0)


def per_row(cost: Callable[[Array, Array], float]) -> Callable[[Array, Array], Array]:
    """A cost's value for each example alone."""
    return lambda z, y: np.array([cost(z[[n]], y[[n]]) for n in range(len(z))])


TEXTBOOK: dict[str, tuple[Loss, Tensor, Callable[[Array, Array], float], Callable[[Array, Array], Array]]] = {
    "cross entropy on the softmax": (
        CrossEntropy(link="softmax"),
        HOT,
        textbook.categorical_cross_entropy,
        textbook.categorical_cross_entropy_gradient,
    ),
    "half squared error": (
        HalfSquaredError(link="identity"),
        REAL,
        textbook.half_squared_error,
        textbook.half_squared_error_gradient,
    ),
    "half squared error on the sigmoid": (
        HalfSquaredError(link="sigmoid"),
        BITS,
        lambda z, y: textbook.half_squared_error(textbook.sigmoid(z), y),
        textbook.half_squared_error_sigmoid_gradient,
    ),
    "half squared error on the softmax": (
        HalfSquaredError(link="softmax"),
        HOT,
        lambda z, y: textbook.half_squared_error(textbook.softmax(z), y),
        textbook.half_squared_error_softmax_gradient,
    ),
}


@pytest.mark.parametrize("name", TEXTBOOK)
def test_the_textbook_says_the_same(name: str) -> None:
    loss, y, cost, gradient = TEXTBOOK[name]
    rows_z, rows_y = Z.T.numpy(), y.T.numpy()
    np.testing.assert_allclose(loss.value(Z, y).numpy(), per_row(cost)(rows_z, rows_y), rtol=1e-10)
    np.testing.assert_allclose(loss.gradient(Z, y).T.numpy() / EXAMPLES, gradient(rows_z, rows_y), rtol=1e-9, atol=1e-15)


def test_the_textbook_says_the_same_of_one_output() -> None:
    loss, z, y = CrossEntropy(link="sigmoid"), Z[:1], BITS[:1]
    np.testing.assert_allclose(
        loss.value(z, y).mean().item(), textbook.binary_cross_entropy(z[0].numpy(), y[0].numpy()), rtol=1e-12
    )
    np.testing.assert_allclose(
        loss.gradient(z, y)[0].numpy() / EXAMPLES, textbook.binary_cross_entropy_gradient(z[0].numpy(), y[0].numpy()), rtol=1e-9
    )
