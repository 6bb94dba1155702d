"""What is recorded is what the probes' docstrings say, by a naive count on rows."""

import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from lossbench.engine import train
from lossbench.inits.given import Given
from lossbench.interfaces import Dense, Split
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP, Logistic
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec

LOSSES = [CrossEntropy(link="softmax"), HalfSquaredError(link="softmax"), HalfSquaredError(link="sigmoid")]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture(params=LOSSES, ids=str)
def seen(request, run, blobs, twin):
    """One run's records at its start, its twin there, the batch, and the twin's gradients."""
    spec, split = run(loss=request.param, model=MLP(hidden=(5, 4), activation="tanh"), steps=3), blobs()
    trace = train(Cohort(runs=(spec,), recording=Recording(schedule=RecordingSchedule(kind="every"))), split)[0]
    other = twin(spec, split)
    places = other.batch()
    other.loss(split.train_x[places], split.train_y[places]).backward()
    return {name: curve[0] for name, curve in trace.values.items()}, other, split, places


def probabilities(z, link):
    scale = np.exp(z - z.max(1, keepdims=True)) if link == "softmax" else sigmoid(z)
    return scale / scale.sum(1, keepdims=True)


@pytest.mark.parametrize("part", ["train", "test"])
def test_measures_of_fit_are_means_over_the_whole_data(part, seen):
    start, other, split, _ = seen
    x, y = (split.train_x, split.train_y) if part == "train" else (split.test_x, split.test_y)
    p = probabilities(other.outputs(x)[-1].detach().numpy(), other.run.loss.link)
    true = y.argmax(1)
    assert start[f"{part}_accuracy"] == np.mean(p.argmax(1) == true)
    np.testing.assert_allclose(start[f"{part}_log_loss"], -np.mean(np.log(p[np.arange(len(p)), true])), rtol=1e-12)
    np.testing.assert_allclose(start[f"{part}_brier"], np.mean(((p - y) ** 2).sum(1)), rtol=1e-12)
    np.testing.assert_allclose(start[f"{part}_loss"], other.loss(x, y).item(), rtol=1e-12)


def test_gradient_norms_are_autograd_s(seen):
    start, other, *_ = seen
    for layer, (weight, bias) in enumerate(zip(other.weights, other.biases, strict=True), start=1):
        np.testing.assert_allclose(start[f"gradient_norm_weights/{layer}"], weight.grad.norm().item(), rtol=1e-11)
        np.testing.assert_allclose(start[f"gradient_norm_biases/{layer}"], bias.grad.norm().item(), rtol=1e-11)


def test_the_output_s_gradient_and_its_factors_are_those_of_autograd(seen):
    start, other, split, places = seen
    loss, y = other.run.loss, torch.tensor(split.train_y[places])
    z = other.outputs(split.train_x[places])[-1].detach()
    gradients, errors, slopes = [], [], []
    link = torch.sigmoid if loss.link == "sigmoid" else lambda row: torch.softmax(row, 0)
    for row, target in zip(z, y, strict=True):
        row_ = row.clone().requires_grad_()
        gradients.append(torch.autograd.grad(loss.value(row_[:, None], target[:, None]).sum(), row_)[0].norm().item())
        a = link(row).requires_grad_()
        value = -(target * a.log()).sum() if isinstance(loss, CrossEntropy) else 0.5 * ((a - target) ** 2).sum()
        error = torch.autograd.grad(value, a)[0]
        errors.append((error - error.mean() if loss.link == "softmax" else error).norm().item())
        jacobian = torch.autograd.functional.jacobian(link, row)
        size = jacobian.diagonal().square().mean().sqrt() if loss.link == "sigmoid" else jacobian.norm()
        slopes.append(size.item())
    np.testing.assert_allclose(start["output_gradient"], np.mean(gradients), rtol=1e-10)
    np.testing.assert_allclose(start["output_error"], np.mean(errors), rtol=1e-10)
    np.testing.assert_allclose(start["output_slope"], np.mean(slopes), rtol=1e-10)


def test_units_are_counted_on_the_batch(seen):
    start, other, split, places = seen
    *hidden, z = (h.detach().numpy() for h in other.outputs(split.train_x[places]))
    for layer, h in enumerate(hidden, start=1):
        np.testing.assert_allclose(start[f"saturated/{layer}"], np.mean(1 - h**2 < 0.05))
        np.testing.assert_allclose(start[f"activation_mean/{layer}"], h.mean(), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(start[f"activation_spread/{layer}"], h.std(), rtol=1e-12)
    a = sigmoid(z) if other.run.loss.link == "sigmoid" else probabilities(z, "softmax")
    np.testing.assert_allclose(start[f"saturated/{len(hidden) + 1}"], np.mean(4 * a * (1 - a) < 0.05))


def test_recall_and_slopes_are_those_of_each_class_and_of_each_output(run, blobs, twin):
    named = Recording(schedule=RecordingSchedule(kind="every"), probes=("recall", "output_slopes", "output_gradients"))
    for loss in LOSSES:
        spec, split = run(loss=loss, steps=1), blobs(examples=300)
        start = train(Cohort(runs=(spec,), recording=named), split)[0].values
        other = twin(spec, split)
        batch, z = other.batch(), other.outputs(split.train_x)[-1].detach().numpy()
        p = probabilities(z, "softmax") if loss.link == "softmax" else sigmoid(z)
        y = torch.tensor(split.train_y[batch]).T
        pulls = loss.gradient(torch.tensor(z[batch]).T, y).abs().mean(-1)
        for c in range(3):
            members = split.train_y[:, c] == 1
            np.testing.assert_allclose(start[f"train_recall/{c}"][0], np.mean(z[members].argmax(1) == c), rtol=1e-12)
            np.testing.assert_allclose(start[f"train_output_slopes/{c}"][0], np.mean(p[:, c] * (1 - p[:, c])), rtol=1e-12)
            np.testing.assert_allclose(start[f"output_gradients/{c}"][0], pulls[c], rtol=1e-12)


def test_a_lone_output_has_the_recall_of_both_classes(run, blobs, twin):
    spec, split = run(loss=CrossEntropy(link="sigmoid"), steps=0), blobs(classes=2)
    (trace,) = train(Cohort(runs=(spec,), recording=Recording(probes=("recall", "accuracy"))), split)
    z, y = twin(spec, split).outputs(split.train_x)[-1].detach().numpy(), split.train_y
    for c in (0, 1):
        np.testing.assert_allclose(trace.values[f"train_recall/{c}"], np.mean((z > 0)[y == c] == c))


def test_the_recall_of_a_class_that_does_not_occur_is_no_number(run, blobs):
    split = blobs()
    never = split._replace(test_x=split.test_x[:1], test_y=np.array([[0.0, 0.0, 1.0]]))
    (trace,) = train(Cohort(runs=(run(steps=0),), recording=Recording(probes=("recall",))), never)
    assert np.isnan(trace.values["test_recall/0"][0])
    assert trace.values["test_recall/2"][0] in {0.0, 1.0}


def test_a_probe_that_must_be_named_is_not_recorded_unless_it_is(run, blobs):
    (trace,) = train(Cohort(runs=(run(steps=0),), recording=Recording()), blobs())
    assert not [name for name in trace.values if "recall" in name or "slopes" in name or "gradients" in name]
    assert "test_accuracy" in trace.values


def test_the_update_ratio_is_the_step_over_the_weight(run, blobs):
    spec, split = run(steps=1), blobs()
    kept = Recording(schedule=RecordingSchedule(kind="every"), keep=("parameters",))
    trace = train(Cohort(runs=(spec,), recording=kept), split)[0]
    start = spec.init.draw(
        spec.model.layers(6, 3), np.random.default_rng(np.random.SeedSequence(3, spawn_key=(zlib.crc32(b"init"),)))
    )
    for layer, (old, new) in enumerate(zip(start, trace.parameters, strict=True), start=1):
        ratio = np.linalg.norm(new.weight - old.weight) / np.linalg.norm(old.weight)
        np.testing.assert_allclose(trace.values[f"update_ratio/{layer}"][0], ratio, rtol=1e-9)
        assert np.isnan(trace.values[f"update_ratio/{layer}"][1])


def test_the_schedule_and_the_probes_decide_what_is_kept_and_change_no_training(run, blobs):
    split = blobs()
    few = Recording(schedule=RecordingSchedule(kind="linear", points=3), probes=("accuracy",), keep=("parameters",))
    all_ = Recording(schedule=RecordingSchedule(kind="every"), keep=("parameters",))
    sparse, dense = (train(Cohort(runs=(run(),), recording=recording), split)[0] for recording in (few, all_))
    assert sparse.values.keys() == {"train_accuracy", "test_accuracy"}
    assert sparse.steps == (0, 6, 12)
    np.testing.assert_array_equal(sparse.values["test_accuracy"], dense.values["test_accuracy"][[0, 6, 12]])
    for one, other in zip(sparse.parameters, dense.parameters, strict=True):
        assert isinstance(one, Dense)
        np.testing.assert_array_equal(one.weight, other.weight)


def test_a_curve_by_epoch_is_the_curve_of_every_step_at_the_ends_of_epochs(run, blobs):
    split, spec = blobs(), run(steps=11)
    by_epoch, by_step = (
        train(Cohort(runs=(spec,), recording=Recording(schedule=RecordingSchedule(kind=kind))), split)[0]
        for kind in ("epoch", "every")
    )
    assert by_epoch.steps == (*range(0, 11, len(split.train_x) // spec.batch), 11)
    for name, curve in by_epoch.values.items():
        np.testing.assert_array_equal(curve, by_step.values[name][list(by_epoch.steps)], err_msg=name)


def test_a_bound_on_examples_takes_the_first_of_them(run, blobs):
    split = blobs()
    bounded = Recording(schedule=RecordingSchedule(kind="every"), examples=9)
    short = split._replace(train_x=split.train_x[:9], train_y=split.train_y[:9])
    one = train(Cohort(runs=(run(steps=0),), recording=bounded), split)[0]
    every = Recording(schedule=RecordingSchedule(kind="every"))
    other = train(Cohort(runs=(run(steps=0, batch=None),), recording=every), short)[0]
    assert one.values["train_loss"] == other.values["train_loss"]
    assert one.values["test_loss"] == other.values["test_loss"]


def test_a_gradient_that_has_all_but_vanished_is_still_measured_in_float32():
    split = Split(np.ones((1, 2)), np.zeros((1, 1)), np.ones((1, 2)), np.zeros((1, 1)), "classification")
    spec = RunSpec(
        loss=HalfSquaredError(link="sigmoid"),
        model=Logistic(),
        init=Given(weight=15.0, bias=30.0),
        dataset=None,
        optimizer=SGD(),
        data="",
        seed=0,
        steps=1,
    )
    (trace,) = train(Cohort(runs=(spec,), recording=Recording()), split)
    slope = np.exp(-60.0)
    for name, features in (("gradient_norm_weights/1", 2), ("gradient_norm_biases/1", 1), ("output_gradient", 1)):
        np.testing.assert_allclose(trace.values[name], slope * np.sqrt(features), rtol=1e-5, err_msg=name)
    lost = replace(spec, init=Given(weight=1e39, bias=-1e39))  # whose raw output is no number, and no least of several
    beside, _ = train(Cohort(runs=(spec, lost), recording=Recording()), split)
    for name, curve in trace.values.items():
        np.testing.assert_array_equal(beside.values[name], curve, err_msg=name)
