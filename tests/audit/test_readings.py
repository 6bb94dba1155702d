"""How somebody's loss is read: by its names, else by its behaviour, else not at all; and what is then said of it.

Stand-ins behave as losses of Keras, MONAI, kornia, optax and torch, and as losses from public bug reports.
"""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from lossbench.audit.references import formula
from lossbench.audit.subjects.behaviour import behaviour_notes
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.detection import DetectedCall, detect
from lossbench.audit.subjects.forms import Unusable
from lossbench.audit.subjects.resemblance import resemblance
from lossbench.losses.absolute import Pinball

Function = Callable[..., Any]


def detected(function: Function, **given: Any) -> DetectedCall:
    asked = partial(function, **given) if given and inspect.isfunction(function) else function
    return detect(asked, CallableRequest(path="theirs:loss", given=given), ())


def keras_entropy(y_true: Tensor, y_pred: Tensor, *, from_logits: bool = False) -> Tensor:
    if from_logits:
        return functional.binary_cross_entropy_with_logits(y_pred.float(), y_true.float(), reduction="none").mean(-1)
    p = y_pred.float().clamp(1e-7, 1 - 1e-7)
    return -(y_true * p.log() + (1 - y_true) * (1 - p).log()).mean(-1)


def keras_divergence(y_true: Tensor, y_pred: Tensor) -> Tensor:
    y, p = y_true.clamp(1e-7, 1), y_pred.clamp(1e-7, 1)
    return (y * (y / p).log()).sum(-1)


def cosine(y_true: Tensor, y_pred: Tensor) -> Tensor:
    return -(functional.normalize(y_true, dim=-1) * functional.normalize(y_pred, dim=-1)).sum(-1)


class Dice:
    """As MONAI's: whether it applies a sigmoid is its option."""

    def __init__(self, *, sigmoid: bool = False, softmax: bool = False) -> None:
        self.sigmoid, self.softmax = sigmoid, softmax

    def __call__(self, output: Tensor, target: Tensor) -> Tensor:
        p = torch.sigmoid(output) if self.sigmoid else output
        return 1 - (2 * (p * target).sum() + 1e-5) / (p.sum() + target.sum() + 1e-5)


def image_focal(pred: Tensor, target: Tensor) -> Tensor:
    if pred.dim() != 4:
        raise ValueError(f"expected BxNxHxW, got {tuple(pred.shape)}")
    log = torch.log_softmax(pred, 1).gather(1, target[:, None])[:, 0]
    return -((1 - log.exp()) ** 2 * log).mean()


def dice_of_logits(z: Tensor, y: Tensor) -> Tensor:
    p = torch.sigmoid(z)
    return 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)


def poisson(pred: Tensor, target: Tensor) -> Tensor:
    return pred.exp() - target * pred


def charbonnier(pred: Tensor, target: Tensor) -> Tensor:
    return ((pred - target) ** 2 + 1e-6).sqrt()


def pinball(pred: Tensor, y: Tensor, tau: float = 0.5) -> Tensor:
    return torch.maximum(tau * (y - pred), (tau - 1) * (y - pred))


def absolute(p: Tensor, y: Tensor) -> Tensor:
    return 1 - p.gather(1, y[:, None])[:, 0]


def linear_likelihood(log_predictions: Tensor, targets: Tensor) -> Tensor:
    return -(targets * log_predictions).sum(-1)


def entropy_of_probabilities(probs: Tensor, y: Tensor) -> Tensor:
    return functional.cross_entropy(probs, y)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "given", "expected"),
    [
        (keras_entropy, {}, ("probabilities", "sigmoid", 1)),
        (keras_entropy, {"from_logits": True}, ("raw", "sigmoid", 1)),
        (keras_divergence, {}, ("probabilities", "softmax", 2)),
        (Dice(), {}, ("probabilities", "sigmoid", 1)),
        (Dice(sigmoid=True), {"sigmoid": True}, ("raw", "sigmoid", 1)),
        (dice_of_logits, {}, ("raw", "sigmoid", 1)),
        (image_focal, {}, ("raw", "softmax", 2)),
        (poisson, {}, ("raw", "identity", 1)),
        (charbonnier, {}, ("raw", "identity", 1)),
        (pinball, {}, ("raw", "identity", 1)),
        (functional.l1_loss, {}, ("raw", "identity", 1)),
        (functional.huber_loss, {}, ("raw", "identity", 1)),
        (functional.nll_loss, {}, ("log-probabilities", "softmax", 2)),
        (functional.kl_div, {}, ("log-probabilities", "softmax", 2)),
        (linear_likelihood, {}, ("log-probabilities", "softmax", 2)),
        (absolute, {}, ("probabilities", "softmax", 2)),
        (entropy_of_probabilities, {}, ("probabilities", "softmax", 2)),
        (lambda z, y: functional.binary_cross_entropy_with_logits(z, 0.9 * y + 0.05), {}, ("raw", "sigmoid", 1)),
        (functional.multi_margin_loss, {}, ("raw", "softmax", 2)),
    ],
)
def test_names_and_behaviour_say_what_the_input_stands_for(
    function: Function, given: dict[str, Any], expected: tuple[str, str, int]
) -> None:
    call = detected(function, **given)
    convention = call.adapted.convention
    assert (convention.takes, convention.link, convention.outputs) == expected
    assert call.fault is None
    assert call.because


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "given", "reason"),
    [
        (lambda y_true, y_pred: (y_pred - y_true, y_true), {}, "the answer is a tuple of 2"),
        (functional.kl_div, {"log_target": True}, "log_target=True"),
        (lambda u, v: torch.maximum(0.3 * (u - v), 0.7 * (v - u)), {}, "Which of its two arguments is the target"),
        (lambda pred, y: pred - y * (pred + 1e-8).log(), {}, "numbers above 0"),
        (functional.hinge_embedding_loss, {}, "distances"),
        (cosine, {}, "neither raw outputs, nor probabilities, nor numbers"),
        (lambda z, y: functional.softplus(-z.gather(1, y[:, None])[:, 0]), {}, "not those of a softmax"),
    ],
)
def test_where_no_reading_fits_or_several_do_nothing_is_claimed(function: Function, given: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unusable, match=reason) as refusal:
        detected(function, **given)
    assert "nothing is claimed of it" in str(refusal.value)


def focal_with_a_wrong_power(x: Tensor, y: Tensor) -> Tensor:
    p = torch.sigmoid(x)
    return -((1 - p) ** 2) * (y * functional.logsigmoid(x) + (1 - y) * functional.logsigmoid(-x))


def quantile_with_a_wrong_sign(pred: Tensor, y: Tensor) -> Tensor:
    return torch.maximum(0.3 * (y - pred), 0.7 * (y - pred))


def negated_entropy(z: Tensor, y: Tensor) -> Tensor:
    return -functional.binary_cross_entropy_with_logits(z, y, reduction="none")


def negated_square(pred: Tensor, y: Tensor) -> Tensor:
    return -((pred - y) ** 2)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (focal_with_a_wrong_power, "For target 0 being more wrong costs less"),
        (quantile_with_a_wrong_sign, "For target 0 being more wrong costs less"),
        (negated_entropy, "Minus its value is cross_entropy."),
        (negated_square, "It looks negated"),
    ],
)
def test_a_wrong_sign_is_a_finding_and_no_reason_for_another_reading(function: Function, sentence: str) -> None:
    call = detected(function)
    (finding,) = resemblance(call.adapted, call.fault)
    assert finding.reason == "sign"
    assert sentence in finding.sentence


@pytest.mark.parametrize(
    ("function", "link"),
    [
        (lambda logits, y: functional.cross_entropy(torch.softmax(logits, 1), y), "softmax"),
        (entropy_of_probabilities, "softmax"),
        (lambda z, y: functional.binary_cross_entropy_with_logits(torch.sigmoid(z), y, reduction="none"), "sigmoid"),
    ],
)
def test_a_link_that_is_applied_twice_is_named(function: Function, link: str) -> None:
    call = detected(function)
    (finding,) = resemblance(call.adapted, call.fault)
    assert finding.reason == "link"
    assert f"cross_entropy of {link}({link}(z))" in finding.sentence


@pytest.mark.slow
def test_an_ordinary_loss_is_accused_of_nothing() -> None:
    for function in (functional.cross_entropy, functional.binary_cross_entropy, functional.mse_loss):
        call = detected(function)
        assert resemblance(call.adapted, call.fault) == []


def test_targets_that_spread_a_batch_to_a_square_are_told_of() -> None:
    def spreads(pred: Tensor, y: Tensor) -> Tensor:
        return (pred - y) ** 2

    def minds(pred: Tensor, y: Tensor) -> Tensor:
        return (pred.reshape(-1) - y.reshape(-1)) ** 2

    spread = "Outputs (B, 1) and targets (B,) are spread to B × B without an error, and give another number."
    assert spread in behaviour_notes(detected(spreads).adapted)
    assert spread not in behaviour_notes(detected(minds).adapted)


def test_class_indices_hold_no_soft_targets_unless_the_loss_takes_distributions_too() -> None:
    assert detected(functional.cross_entropy).soft is not None
    assert detected(functional.nll_loss).soft is None


@pytest.mark.slow
def test_differences_between_numpy_and_torch_change_no_reading() -> None:
    def square(y_true: Any, y_pred: Any) -> Any:
        return np.mean((np.asarray(y_true) - np.asarray(y_pred)) ** 2)

    convention = detected(square).adapted.convention
    assert (convention.library, convention.link, convention.swapped) == ("numpy", "identity", True)


def test_the_claim_decides_the_order_of_nameless_arguments() -> None:
    def nameless(u: Tensor, v: Tensor) -> Tensor:
        return torch.maximum(0.3 * (u - v), 0.7 * (v - u))

    call = detect(nameless, CallableRequest(path="theirs:loss"), [formula(Pinball(tau=0.3))])
    assert call.claimed is not None
