"""Weights of classes and examples: gradients equal torch's own, and a run's bits do not depend on its mates."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import nn

from lossbench.engine.training import train
from lossbench.inits.given import Given
from lossbench.interfaces import Split
from lossbench.losses.entropy import CrossEntropy
from lossbench.models.dense import Logistic
from lossbench.optimizers.sgd import SGD
from lossbench.planning.class_weights import BETA, class_weight_numbers
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec

RATE = 0.3


def split_of(classes, weights=None):
    rng = np.random.default_rng(1)
    label = rng.choice(classes, 40, p=np.arange(1, classes + 1) / (classes * (classes + 1) / 2))
    x = rng.normal(size=(60, 3))
    y = label[:, None].astype(float) if classes == 2 else np.eye(classes)[label]
    return Split(x[:40], y, x[40:], y[:20], "classification", train_weights=weights)


def run_of(split, **options):
    outputs = split.train_y.shape[1]
    loss = CrossEntropy().on("classification", outputs)
    common = {"model": Logistic(), "init": Given(weight=0.3, bias=-0.1), "dataset": None, "data": "0" * 16, "seed": 0}
    return RunSpec(
        **{"loss": loss, "optimizer": SGD(lr=RATE), "steps": 1, "batch": None, "dtype": "float64", **common, **options}
    )


def moved(split, *runs):
    """The parameters of each run after its one step, as (weight, bias)."""
    recording = Recording(schedule=RecordingSchedule(kind="every"), probes=("gradient_norms",), keep=("parameters",))
    return [trace.parameters[0] for trace in train(Cohort(runs=runs, recording=recording), split)]


def by_torch(split, loss):
    """The same step by torch: one linear layer, and a loss that is given raw outputs (N, C) and targets (N, C)."""
    outputs = split.train_y.shape[1]
    layer = nn.Linear(3, outputs, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.fill_(0.3)
        layer.bias.fill_(-0.1)
    loss(layer(torch.tensor(split.train_x)), torch.tensor(split.train_y)).backward()
    with torch.no_grad():
        return layer.weight - RATE * layer.weight.grad, layer.bias - RATE * layer.bias.grad


def assert_equal(dense, expected):
    np.testing.assert_allclose(dense.weight, expected[0].numpy(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(dense.bias[:, 0], expected[1].numpy(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("mean", ["examples", "weights"])
def test_class_weights_are_the_weight_of_torchs_cross_entropy(mean):
    split, weights = split_of(3), (0.5, 2.0, 1.25)
    reduction = {"weights": "mean", "examples": "sum"}[mean]
    torchs = nn.CrossEntropyLoss(torch.tensor(weights, dtype=torch.float64), reduction=reduction)
    (ours,) = moved(split, run_of(split, class_weights=weights, weighted_mean=mean))
    assert_equal(ours, by_torch(split, lambda z, y: torchs(z, y.argmax(1)) / (1 if mean == "weights" else len(z))))


def test_the_weight_of_class_1_is_the_pos_weight_of_torchs():
    split = split_of(2)
    torchs = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(7.0, dtype=torch.float64))
    (ours,) = moved(split, run_of(split, class_weights=(1.0, 7.0)))
    assert_equal(ours, by_torch(split, torchs))


@pytest.mark.parametrize("classes", [2, 4])
def test_weights_of_examples_are_the_weights_that_torch_multiplies_each_loss_by(classes):
    weights = np.random.default_rng(5).uniform(0, 3, 40)
    split = split_of(classes, weights)

    def weighed(z, y):
        losses = (
            nn.functional.binary_cross_entropy_with_logits(z, y, reduction="none").sum(1)
            if classes == 2
            else (nn.functional.cross_entropy(z, y.argmax(1), reduction="none"))
        )
        return (torch.tensor(weights) * losses).mean()

    (ours,) = moved(split, run_of(split))
    assert_equal(ours, by_torch(split, weighed))


def test_balanced_weights_are_scikit_learns():
    counts = (3, 50, 7)
    label = np.repeat([0, 1, 2], counts)
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=label)
    np.testing.assert_allclose(class_weight_numbers("balanced", counts), theirs, rtol=1e-15)


def test_the_effective_number_is_the_sum_of_a_geometric_series():
    counts = (2, 30)
    numbers = np.array([sum(BETA**k for k in range(n)) for n in counts])
    np.testing.assert_allclose(class_weight_numbers("effective_number", counts), 2 / numbers / (1 / numbers).sum(), rtol=1e-9)


@pytest.mark.parametrize("mean", ["examples", "weights"])
def test_a_weighed_run_is_the_same_bits_alone_and_among_others(mean):
    split = split_of(3, np.random.default_rng(2).uniform(0, 2, 40))
    own = run_of(split, class_weights="balanced", weighted_mean=mean, batch=7, steps=9, dtype="float32")
    mates = [replace(own, class_weights=weights, seed=seed) for seed in (0, 1, 2) for weights in (None, (1.0, 0.0, 3.0))]
    (alone,) = moved(split, own)
    among = moved(split, *mates[:3], own, *mates[3:])[3]
    assert alone.weight.tobytes() == among.weight.tobytes()
    assert alone.bias.tobytes() == among.bias.tobytes()


def test_the_recorded_error_times_slope_is_the_weighed_gradient():
    split = split_of(2)
    run = run_of(split, class_weights=(1.0, 5.0), batch=1, steps=20)
    recording = Recording(schedule=RecordingSchedule(kind="every"), probes=("output_factors",))
    (trace,) = train(Cohort(runs=(run,), recording=recording), split)
    values = trace.values
    np.testing.assert_allclose(values["output_error"] * values["output_slope"], values["output_gradient"], rtol=1e-9)
