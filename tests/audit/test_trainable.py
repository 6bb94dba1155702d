"""Callables from outside that train: what the engine is given equals what torch gives, and a changed source is another run."""

import importlib
import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import lossbench as lb
from lossbench.analysis.labels import loss_label
from lossbench.audit.subjects.trainable import trainable
from lossbench.errors import BadInput
from lossbench.execution.verification import refuse_missing_plugins
from lossbench.losses.imported import Imported
from lossbench.planning.instances import instance, known_options

Z = torch.from_numpy(np.random.default_rng(0).normal(0, 2, (3, 40)))
LABELS = torch.arange(40) % 3
ONE_HOT = torch.eye(3, dtype=torch.float64)[:, LABELS]
BITS = (LABELS == 1).double()


def batch_of_classes(logits, targets):
    return functional.cross_entropy(logits, targets)


def soft_overlap(logits, target):
    """A loss of the whole batch: one minus Dice's coefficient."""
    p = torch.sigmoid(logits)
    return 1 - (2 * (p * target).sum() + 1) / (p.sum() + target.sum() + 1)


class Keeps(nn.Module):
    """A module that keeps its argument under its name."""

    def __init__(self, gamma=2.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, logits, target):
        each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
        return ((1 - torch.exp(-each)) ** self.gamma * each).mean()


class Forgets(Keeps):
    """One that does not keep it, so that nobody can make it anew."""

    def __init__(self, gamma):
        super().__init__()
        self.doubled = 2 * gamma


CLASSES = [
    nn.CrossEntropyLoss(),
    nn.CrossEntropyLoss(label_smoothing=0.1),
    nn.MultiMarginLoss(margin=0.5),
    batch_of_classes,
    functional.cross_entropy,
]
MARGINS = [
    nn.BCEWithLogitsLoss(),
    nn.BCEWithLogitsLoss(pos_weight=torch.tensor(3.0)),
    Keeps(gamma=1.0),
    soft_overlap,
    partial(functional.binary_cross_entropy_with_logits, pos_weight=torch.tensor([2.0])),
]


@pytest.mark.slow
def named(given: object) -> str:
    """A name that is the same in every process."""
    return getattr(getattr(given, "func", given), "__name__", str(given))


@pytest.mark.parametrize("given", CLASSES, ids=named)
def test_the_step_on_several_classes_is_the_one_that_a_loop_of_torch_would_take(given):
    loss = trainable(given).on("classification", 3)
    moving = Z.clone().requires_grad_()
    (expected,) = torch.autograd.grad(given(moving.T, LABELS), moving)
    torch.testing.assert_close(loss.gradient(Z, ONE_HOT) / 40, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.slow
@pytest.mark.parametrize("given", MARGINS, ids=named)
def test_the_step_on_two_classes_is_the_one_that_a_loop_of_torch_would_take(given):
    loss = trainable(given).on("classification", 1)
    moving = Z[0].clone().requires_grad_()
    (expected,) = torch.autograd.grad(given(moving, BITS), moving)
    torch.testing.assert_close(loss.gradient(Z[:1], BITS[None])[0] / 40, expected, rtol=1e-6, atol=1e-12)
    torch.testing.assert_close(loss.value(Z[:1], BITS[None]).mean(), given(Z[0], BITS), rtol=1e-6, atol=1e-12)


@pytest.mark.slow
def test_what_takes_several_outputs_is_a_sigmoid_on_two_classes():
    loss = trainable(nn.CrossEntropyLoss).on("classification", 1)
    assert loss.link == "sigmoid"
    torch.testing.assert_close(loss.value(Z[:1], BITS[None]).mean(), functional.binary_cross_entropy_with_logits(Z[0], BITS))


@pytest.mark.slow
def test_only_what_answers_each_example_may_stand_beside_others():
    each, batch = trainable(nn.CrossEntropyLoss), trainable(soft_overlap)
    assert each.per_example
    assert each.answers == "each"
    assert not batch.per_example
    assert batch.answers == "batch"


@pytest.mark.slow
def test_regression_takes_what_imitates_numbers_and_refuses_what_is_for_classes():
    loss = trainable("torch.nn:HuberLoss").on("regression", 2)
    y = Z[:2] + 0.3
    expected = functional.huber_loss(Z[:2], y, reduction="none").sum(0)
    torch.testing.assert_close(loss.value(Z[:2], y), expected)
    with pytest.raises(BadInput, match="data are numbers"):
        trainable("torch.nn:CrossEntropyLoss").on("regression", 1)
    with pytest.raises(BadInput, match="one raw output an example, and the data have 3"):
        trainable(soft_overlap).on("classification", 3)


def test_a_changed_source_is_another_run_and_a_stored_one_is_made_again(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "changing_loss.py"
    file.write_text("def mine(z, y):\n    return ((z - y) ** 2).mean()\n")
    first = Imported(path="changing_loss:mine", answers="batch", link="identity", outputs="one").describe()
    file.write_text("def mine(z, y):\n    return ((z - y) ** 4).mean()\n")
    second = Imported(path="changing_loss:mine", answers="batch", link="identity", outputs="one").describe()
    assert {name for name in first if first[name] != second[name]} == {"source"}
    again = instance("loss", {"word": "imported", **{k: v for k, v in known_options("loss", second).items() if k != "word"}})
    assert again.describe() == second


def no_path():
    def inner(logits, target):
        return ((logits - target) ** 2).mean()

    return inner


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (lambda logits, target: logits - target, "no path"),
        (no_path(), "no path"),
        (Forgets(3.0), "cannot be made anew"),
        (3, "no loss that can be trained"),
        ("sklearn.metrics:log_loss", "no gradient that torch can follow"),
        ("torch.nn:CrossEntropyLos", "CrossEntropyLoss"),
        ("torch.nn:TripletMarginLoss", "torch.nn:TripletMarginLoss,negative=…"),
        ("no_such_module:mine", "no module is called"),
    ],
)
def test_what_cannot_train_is_refused_in_a_sentence(given, sentence):
    with pytest.raises(BadInput, match=sentence):
        trainable(given)


@pytest.mark.slow
@pytest.mark.parametrize("given", ["path", "jitted"])
def test_a_function_of_jax_is_audited_and_refused_for_training_in_a_sentence(given, tmp_path, monkeypatch):
    """What stands in for it answers with arrays of the module jaxlib, wants no tensors, and has a wrapper that is no function."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "losses_like_jax.py").write_text(LIKE_JAX)
    loss = "losses_like_jax:mine" if given == "path" else importlib.import_module("losses_like_jax").mine
    with pytest.raises(BadInput, match=r"losses_like_jax:mine answers with arrays of jax.*written with torch's functions"):
        trainable(loss)


LIKE_JAX = '''
"""A loss as jax has them."""

import functools

import numpy as np


class ArrayImpl:
    """An array that NumPy can read."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


ArrayImpl.__module__ = "jaxlib._jax"


class PjitFunction:
    """What a decorator makes of a function."""

    def __init__(self, function):
        functools.update_wrapper(self, function)

    def __call__(self, *arguments):
        return ArrayImpl(self.__wrapped__(*map(as_jax, arguments)))


def as_jax(given):
    """What jax takes: arrays, and no tensors."""
    if not isinstance(given, np.ndarray):
        raise TypeError(f"Cannot interpret value of type {type(given)} as an abstract array.")
    return given


@PjitFunction
def mine(logits, target):
    """Cross entropy of one output, a number an example."""
    return np.logaddexp(0, logits) - target * logits
'''


def test_what_a_callable_raises_in_training_names_it(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "raising_loss.py").write_text("def mine(z, y):\n    raise ValueError('no  such\\nbatch')\n")
    with pytest.raises(BadInput, match="raising_loss:mine raised ValueError no such batch, for 40 examples with 3 outputs"):
        Imported(path="raising_loss:mine").value(Z, ONE_HOT)


def test_a_strangers_study_runs_no_callable_that_nobody_named():
    spec = {"loss": {"word": "imported", "path": "subprocess:Popen", "given": ['args="true"']}, "init": {"word": "glorot"}}
    assert "subprocess" in sys.modules
    with pytest.raises(BadInput, match=r"would be run\. If you trust it, give --plugin subprocess"):
        refuse_missing_plugins(Path(), {"run": "0", "spec": json.dumps(spec)})


def test_a_callable_is_called_by_its_path_in_a_report():
    assert loss_label([("loss", "imported"), ("loss.path", "my_losses:mine")]) == "my_losses:mine"
    assert loss_label([("loss", "focal"), ("loss.path", ""), ("loss.gamma", "2")]) == "focal (gamma 2)"


@pytest.mark.slow
def test_cross_entropy_under_another_name_trains_to_the_same_numbers(tmp_path):
    study = lb.run(
        loss=["ce", "torch.nn:CrossEntropyLoss", batch_of_classes], dataset="iris", epochs=3, seed=range(2), results=tmp_path
    )
    values = study.records.groupby("run")["test_accuracy"].agg(list)
    by_loss = study.runs.assign(values=study.runs["run"].map(values)).groupby("seed")["values"].agg(list)
    assert all(one == rest[0] for rest in by_loss for one in rest)
