"""What fills no whole mini-batch, trained on: equal to a naive loop, and the same bits in any company."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lossbench.engine import train
from lossbench.engine.batches import example_indices
from lossbench.interfaces import Split
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP, Logistic
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule

KEPT = Recording(schedule=RecordingSchedule(kind="epoch"), probes=("loss", "gradient_norms"), keep=("parameters",))


def trained(split, *runs):
    return train(Cohort(runs=runs, recording=KEPT), split)


@pytest.mark.parametrize("order", ["shuffled", "sequential"])
@pytest.mark.parametrize("model", [Logistic(), MLP(hidden=(4, 3), activation="tanh")], ids=str)
@pytest.mark.parametrize("rule", [SGD(lr=0.3), SGD(lr=0.1, momentum=0.9)], ids=str)
def test_training_equals_a_loop_over_every_example_of_an_epoch(order, model, rule, run, blobs, twin):
    spec, split = run(model=model, optimizer=rule, order=order, batch=5, last_batch="kept", steps=13), blobs()  # 23 examples
    (trace,) = trained(split, spec)
    assert trace.steps == (0, 5, 10, 13)
    expected = twin(spec, split).train(lambda groups: torch.optim.SGD(groups, lr=rule.lr, momentum=rule.momentum))
    for mine, wanted in zip(trace.parameters, expected, strict=True):
        np.testing.assert_allclose(mine.weight, wanted.weight, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(mine.bias, wanted.bias, rtol=1e-10, atol=1e-13)


def test_an_epoch_has_every_example_once_and_the_rest_is_filled_up_by_its_own(run):
    seeds, examples = (1, 2), 23
    blocks = example_indices(run(batch=5, last_batch="kept"), seeds, examples, 1)
    epoch = np.stack([next(blocks).reshape(len(seeds), 5) for _ in range(5)], 1)
    for steps in epoch:
        assert sorted(steps[:4].ravel().tolist() + (steps[4, :3] - examples).tolist()) == list(range(examples))
        assert set(steps[4, 3:] - 2 * examples) <= set(steps[4, :3] - examples)


@pytest.mark.parametrize("mean", ["examples", "weights"])
def test_weights_of_classes_are_in_the_rest_as_in_every_mini_batch(mean, run, blobs):
    split, weights = blobs(examples=7), (0.5, 2.0, 1.0)
    whole = run(batch=4, last_batch="kept", order="sequential", steps=2, class_weights=weights, weighted_mean=mean)
    (both,) = trained(split, whole)
    (first,) = trained(split, replace(whole, steps=1))
    counts = torch.tensor(weights, dtype=torch.float64)[torch.tensor(split.train_y[4:]).argmax(1)]
    reduction = 1 / counts.sum() if mean == "weights" else 1 / 3
    parameters = [torch.tensor(part, requires_grad=True) for layer in first.parameters for part in layer]
    hidden = torch.sigmoid(parameters[0] @ torch.tensor(split.train_x[4:]).T + parameters[1])
    z = parameters[2] @ hidden + parameters[3]
    losses = torch.nn.functional.cross_entropy(z.T, torch.tensor(split.train_y[4:]).argmax(1), reduction="none")
    (counts * losses * reduction).sum().backward()
    after = [part for layer in both.parameters for part in layer]
    for mine, start in zip(after, parameters, strict=True):
        np.testing.assert_allclose(mine, (start - 0.5 * start.grad).detach().numpy(), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("rule", [SGD(lr=0.3), SGD(lr=0.1, momentum=0.9)], ids=str)
def test_a_runs_bits_are_the_same_alone_and_in_company(rule, run):
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((35, 200)), np.eye(3)[rng.integers(3, size=35)]  # wide enough to be worked out ahead
    split = Split(x[:30], y[:30], x[30:], y[30:], "classification")
    losses = (CrossEntropy(link="softmax"), HalfSquaredError(link="softmax"))
    specs = [
        run(loss=loss, seed=seed, optimizer=rule, batch=4, last_batch="kept", steps=20, dtype="float32", model=MLP(hidden=(16,)))
        for loss in losses
        for seed in (0, 1, 1, 2)
    ]
    for spec, among in zip(specs, trained(split, *specs), strict=True):
        (alone,) = trained(split, spec)
        for mine, other in zip(alone.parameters, among.parameters, strict=True):
            assert mine.weight.tobytes() == other.weight.tobytes()
        for name, curve in alone.values.items():
            np.testing.assert_array_equal(curve, among.values[name], err_msg=name)
