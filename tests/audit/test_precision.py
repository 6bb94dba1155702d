"""Losses that compute in float32, whatever they are given, as Keras on torch, fvcore and MONAI do: no false accusation."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from lossbench.audit.cards.card import Card, make_card
from lossbench.audit.measurements.gradient_check import Slopes
from lossbench.audit.request import failures
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.imported import subjects_of_path
from lossbench.audit.subjects.precision import DOUBLE, SINGLE, measured_precision
from lossbench.audit.subjects.subject import registered
from lossbench.registry import shelf

LOSSES = """
import torch
from torch.nn import functional

def entropy(z, y):
    return functional.binary_cross_entropy_with_logits(z.float(), y.float(), reduction="none")

def focal(z, y):
    z, y = z.float(), y.float()
    log = functional.logsigmoid
    return -y * torch.sigmoid(-z) ** 2 * log(z) - (1 - y) * torch.sigmoid(z) ** 2 * log(-z)

def softmax_entropy(z, y):
    return functional.cross_entropy(z.float(), y, reduction="none").double()

def square(z, y):
    return 0.5 * (z.float() - y.float()) ** 2

def hinge(z, y):
    return torch.relu(1 - (2 * y.float() - 1) * z.float())
"""
PAIRS = {
    "entropy": "cross_entropy,link=sigmoid",
    "focal": "focal,link=sigmoid",
    "softmax_entropy": "cross_entropy,link=softmax",
    "square": "half_squared_error,link=identity",
}


@pytest.fixture(params=PAIRS)
def in_float32(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Card, Card]:
    """The cards of a loss in float32, and of ours in float64."""
    name = f"single_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(LOSSES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (theirs,) = subjects_of_path(CallableRequest(path=f"{name}:{request.param}"))
    (ours,) = registered(PAIRS[request.param])
    return make_card(theirs), make_card(ours)


@pytest.mark.slow
def test_what_computes_in_float32_has_the_properties_of_the_same_loss_in_float64(in_float32: tuple[Card, Card]) -> None:
    theirs, ours = in_float32
    expected = {row.name: row.measured for row in ours.verdicts}
    measured = {row.name: row.measured for row in theirs.verdicts}  # without three classes where it has one output
    assert len(measured) >= 9
    assert measured == {name: expected[name] for name in measured}
    assert theirs.shape is not None
    assert ours.shape is not None
    assert theirs.shape.largest_gradient == pytest.approx(ours.shape.largest_gradient, rel=1e-4)
    assert theirs.shape.lipschitz == pytest.approx(ours.shape.lipschitz, rel=1e-3)
    assert [high for _, high in theirs.shape.curves[0].convex] == pytest.approx(
        [high for _, high in ours.shape.curves[0].convex], abs=0.02
    )


@pytest.mark.slow
def test_what_computes_in_float32_passes_the_gradient_check_and_the_card_says_how_it_was_judged(
    in_float32: tuple[Card, Card],
) -> None:
    card, _ = in_float32
    assert card.slopes is not None
    assert card.slopes.right
    assert "It answers in float32, whatever it is given: judged to 1e-4." in [finding.sentence for finding in card.findings]
    assert card.numerics is not None
    assert card.numerics.accuracies == ()  # held against itself it would be exact, which says nothing
    assert failures([card], ["numerics", "gradient"]) == []
    assert failures([card], ["precision"]) == [f"{card.name}: It answers in float32, whatever it is given: judged to 1e-4."]


def test_every_registered_loss_answers_in_float64() -> None:
    subjects = [subject for word in shelf("loss") for subject in registered(word) if subject.raw_outputs == 1]
    assert [subject.title for subject in subjects if measured_precision(subject.loss.value, subject.outputs) is not DOUBLE] == []


@pytest.mark.parametrize(
    "value",
    [
        lambda z, y: functional.binary_cross_entropy_with_logits(z.float(), y.float(), reduction="none")[0],
        lambda z, y: functional.softplus((1 - 2 * y) * z).float().double()[0] * 3,
        lambda z, y: (z.float() - y.float())[0].abs().double(),
    ],
)
def test_float32_is_seen_behind_a_float64_answer(value: Callable[[Tensor, Tensor], Tensor]) -> None:
    assert measured_precision(value, 1) is SINGLE


def test_a_wrong_gradient_in_float32_is_still_wrong() -> None:
    wrong = Slopes(against_autograd=0.0, against_differences=2e-3, gradcheck=None, tolerance=SINGLE.difference)
    assert not wrong.right
    assert torch.finfo(torch.float32).eps == SINGLE.unit
