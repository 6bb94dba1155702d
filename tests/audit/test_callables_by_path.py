"""What is held against a claim, made from a class, or negated: callables named by their path."""

from typing import Any

import pytest

from lossbench.audit.cards.card import make_card
from lossbench.audit.cards.verdict import verdict
from lossbench.audit.request import failures
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.detection import detect
from lossbench.audit.subjects.import_path import import_callable
from lossbench.audit.subjects.imported import subjects_of_path
from lossbench.errors import BadInput

MODULE = """
import torch
from torch.nn import functional

def exchanged(pred, y, tau=0.5):
    return torch.maximum((1 - tau) * (y - pred), -tau * (y - pred))

def right(pred, y, tau=0.5):
    return torch.maximum(tau * (y - pred), (tau - 1) * (y - pred))

def focal(pred, y):
    log = functional.logsigmoid
    return -(0.25 * y * torch.sigmoid(-pred) ** 2 * log(pred) + 0.75 * (1 - y) * torch.sigmoid(pred) ** 2 * log(-pred))

def negated(z, y):
    return -functional.binary_cross_entropy_with_logits(z, y, reduction="none")

class Scaled:
    def __init__(self, scale):
        self.scale = scale

    def __call__(self, y_true, y_pred):
        return self.scale * functional.binary_cross_entropy_with_logits(y_pred, y_true, reduction="none")

def needs_variance(pred, y, var):
    return (pred - y) ** 2 / var
"""


@pytest.fixture
def module(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"readings_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.mark.parametrize(("name", "computes"), [("exchanged", False), ("right", True)])
def test_what_is_claimed_has_to_hold_at_other_values_of_an_option(module: str, name: str, computes: bool) -> None:
    (subject,) = subjects_of_path(CallableRequest(path=f"{module}:{name}", claim="pinball"))
    told = [finding.sentence for finding in subject.findings if finding.reason == "claim"]
    assert (told == []) == computes
    assert (subject.reference is not None) == computes
    assert computes or "not at tau=" in told[0]


@pytest.mark.slow
def test_what_depends_on_the_target_alone_is_no_difference_between_losses() -> None:
    (subject,) = subjects_of_path(CallableRequest(path="torch.nn:PoissonNLLLoss", claim="poisson"))  # leaves out log y!
    assert "It computes poisson on the identity." in subject.notes
    (subject,) = subjects_of_path(CallableRequest(path="torch.nn:MSELoss", claim="poisson"))
    assert [finding.reason for finding in subject.findings] == ["claim"]


def test_a_claim_with_an_option_of_the_sigmoid_is_held_on_the_sigmoid(module: str) -> None:
    (subject,) = subjects_of_path(CallableRequest(path=f"{module}:focal", claim="focal,alpha=0.25"))
    assert any("It computes" in note for note in subject.notes)


def test_of_a_negated_loss_no_property_is_claimed_and_it_passes_nothing(module: str) -> None:
    (subject,) = subjects_of_path(CallableRequest(path=f"{module}:negated"))
    card = make_card(subject)
    assert (card.verdicts, card.shape, card.numerics) == ((), None, None)
    assert verdict(card).startswith("It looks negated")
    assert len(failures([card], ["numerics"])) == 1


def test_a_class_of_callable_objects_is_made_first_and_what_it_lacks_is_named(module: str) -> None:
    made = import_callable(f"{module}:Scaled", {"scale": 2})
    call = detect(made, CallableRequest(path="theirs:loss", given={"scale": 2}), ())
    assert (call.adapted.convention.swapped, call.adapted.link) == (True, "sigmoid")
    with pytest.raises(BadInput, match=r"needs scale to be made.*--given scale="):
        import_callable(f"{module}:Scaled", {})
    with pytest.raises(BadInput, match=r"needs more than predictions and targets: var.*--given var="):
        import_callable(f"{module}:needs_variance", {})
    assert import_callable(f"{module}:needs_variance", {"var": 1.0}) is not None
