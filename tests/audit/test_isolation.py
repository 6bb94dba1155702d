"""Third-party code that exits, crashes, hangs or returns NaN: the audit goes on, says so, and keeps no card of it."""

import sys
import time
from multiprocessing.spawn import get_preparation_data
from pathlib import Path
from types import ModuleType

import pytest

from lossbench.audit.cards import cache
from lossbench.audit.cards.card import Card
from lossbench.audit.cards.isolation import isolated_cards, without_script
from lossbench.audit.request import failures
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.commands.cli import answer
from lossbench.errors import BadInput

MODULE = """
import os, sys, time
import torch

def entropy(z, y):
    return torch.nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none")

def exits(z, y):
    sys.exit(7)

def exits_far_out(z, y):
    if float(z.detach().abs().max()) > 50:
        sys.exit(7)
    return entropy(z, y)

def crashes(z, y):
    os._exit(9)

def hangs_and_swallows(z, y):
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass

def hangs_on_gradients(z, y):
    if z.requires_grad and z.numel() > 1000:
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass
    return entropy(z, y)

def not_a_number(z, y):
    return torch.where(z.abs() > 100, torch.nan, 1) * entropy(z, y)

def gradient_is_not_a_number(z, y):
    return entropy(z, y) + 0 * (z - z.detach()).square().sqrt()

weighted = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64))
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module in the current folder."""
    (tmp_path / "hostile_losses.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return "hostile_losses"


def card_of(path: str, seconds: float = 5.0) -> Card:
    (card,) = isolated_cards(CallableRequest(path=path, seconds=seconds))
    return card


@pytest.mark.slow
def test_a_loss_that_exits_is_refused_with_exit_code_2_and_not_with_its_own(module: str) -> None:
    assert "SystemExit: 7" in card_of(f"{module}:exits").refused
    assert answer(["audit", f"{module}:exits"]) == 2


@pytest.mark.slow
def test_a_loss_that_exits_far_out_is_measured_elsewhere(module: str) -> None:
    card = card_of(f"{module}:exits_far_out")
    assert any("It raises SystemExit at raw outputs of 100" in note for note in card.notes)
    assert card.shape is not None


@pytest.mark.slow
def test_a_loss_that_ends_its_process_does_not_end_the_audit(module: str) -> None:
    assert card_of(f"{module}:crashes").refused == "It ended its process with exit code 9, and nothing is known of it."


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hangs_and_swallows", "hangs_on_gradients"])
def test_a_loss_that_swallows_the_interruption_is_ended_in_time_and_never_cached(module: str, name: str) -> None:
    started = time.monotonic()
    card = card_of(f"{module}:{name}", seconds=0.5)
    assert "It hangs: no answer within the time limit (--seconds 0.5)" in card.refused
    assert time.monotonic() - started < 60
    assert not list(cache.folder().glob("*.json"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "quantity"), [("not_a_number", "value"), ("gradient_is_not_a_number", "gradient")])
def test_nan_in_a_losss_own_float64_is_a_fault_without_a_claim(module: str, name: str, quantity: str) -> None:
    card = card_of(f"{module}:{name}")
    assert card.numerics is not None
    (row, *_) = [row for row in card.numerics.accuracies if row.dtype == "float64" and row.quantity == quantity]
    assert row.faults > 0
    assert any("is not a number at z" in line for line in failures([card], ["numerics"]))


@pytest.mark.slow
def test_a_loss_of_three_class_weights_is_refused_with_the_reason(module: str) -> None:
    assert "It answers three classes and refuses two" in card_of(f"{module}:weighted").refused


@pytest.mark.slow
def test_a_path_that_leads_nowhere_is_bad_input_from_the_other_process_too(module: str) -> None:
    with pytest.raises(BadInput, match="Did you mean 'exits'"):
        card_of(f"{module}:exit")


def test_a_process_for_cards_does_not_run_the_script_that_asks_for_them(tmp_path, monkeypatch):
    script = ModuleType("__main__")
    script.__file__ = str(tmp_path / "script.py")
    monkeypatch.setitem(sys.modules, "__main__", script)
    assert get_preparation_data("cards")["init_main_from_path"] == script.__file__
    with without_script():
        assert "init_main_from_path" not in get_preparation_data("cards")
    assert sys.modules["__main__"] is script
