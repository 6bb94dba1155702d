"""Trainers of others with our callback record what a loop with a witness records, and train what they train without it."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lossbench
from lossbench.errors import BadInput
from lossbench.tables import read_study

WORDS = {"loss": "ce", "seed": 1, "lr": 0.2, "link": "softmax", "model": "small"}


@pytest.fixture(scope="module")
def others():
    """The trainers, which take seconds to import."""
    return importlib.import_module("trainers_of_others")


def loop(others, study: str) -> list[np.ndarray]:
    net = others.network()
    rule = torch.optim.SGD(net.parameters(), lr=others.LR)
    with lossbench.witness(net, study=study, steps=others.BATCHES * others.EPOCHS, **WORDS) as w:
        for x, y in [*others.loader()] * others.EPOCHS:
            loss = cross_entropy(net(x), y)
            loss.backward()
            w.step(loss)
            rule.step()
            rule.zero_grad()
    return parameters(net)


def parameters(net: nn.Module) -> list[np.ndarray]:
    return [p.detach().numpy().copy() for p in net.parameters()]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def same_records(one: str, other: str) -> None:
    """The curves of two studies of one run, bit for bit, but for the loss, which not every trainer tells."""
    first, second = (read_study(Path("results", name)).records.drop(columns="run") for name in (one, other))
    shared = [name for name in first if name in second]
    assert len(shared) > 12
    for name in shared:
        np.testing.assert_array_equal(first[name].to_numpy(), second[name].to_numpy(), err_msg=name)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_lightning_trains_the_same_bits_and_its_callback_records_what_a_loop_does(here, others) -> None:
    ends = loop(others, "loop")
    callback = others.LitWitness(study="lit", module=lambda lit: lit.net, **WORDS)
    for lit in (others.with_lightning(others.Lit(), callback), others.with_lightning(others.Lit())):
        for mine, theirs in zip(parameters(lit.net), ends, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    same_records("loop", "lit")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_training_that_lightning_breaks_off_is_not_stored_and_leaves_no_hooks(here, others) -> None:
    lit = others.Lit()
    lit.fails_at = 5
    with pytest.raises(RuntimeError, match="the disk is full"):
        others.with_lightning(lit, others.LitWitness(study="lit", module=lambda lit: lit.net, **WORDS))
    assert not list(here.glob("results/lit/runs/*"))
    assert not any(inner._forward_hooks for inner in lit.modules())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_strategy_that_cuts_parameters_apart_is_refused(here, others) -> None:
    class FSDPStrategy:
        """As Lightning calls it."""

    class Trainer:
        strategy = FSDPStrategy()

    with pytest.raises(BadInput, match="A training under FSDPStrategy cannot be witnessed"):
        others.LitWitness(study="lit").on_train_start(Trainer(), others.Lit())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_transformers_train_the_same_bits_and_the_callback_records_what_a_loop_does(here, others) -> None:
    ends = loop(others, "loop")
    callback = others.HugWitness(study="hug", module=lambda model: model.net, **WORDS)
    for model in (
        others.with_transformers(others.Answering(), here / "out", callback),
        others.with_transformers(others.Answering(), here / "out"),
    ):
        for mine, theirs in zip(parameters(model.net), ends, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    same_records("loop", "hug")
    others.with_transformers(others.Answering(), here / "out", others.HugWitness(study="whole", **WORDS))
    read = read_study(Path("results/whole")).records
    assert (read.output_error > 0).all()  # found among the model's answers, by their name
