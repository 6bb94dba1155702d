"""Losses with several raw outputs a target: they train as a naive twin does, and what predicts is made of them."""

import numpy as np
import pytest
import torch
from trained import KEPT, alone, assert_same

from lossbench.engine import train
from lossbench.interfaces import Loss, Split
from lossbench.losses.distributional import GaussianCrps, HlGauss
from lossbench.losses.likelihood import GaussianLearntVariance
from lossbench.planning.spec import Cohort


def numbers(targets: int) -> Split:
    """Random examples of a regression."""
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((28, 6)), rng.standard_normal((28, targets))
    return Split(x[:23], y[:23], x[23:], y[23:], "regression")


@pytest.mark.parametrize("targets", [1, 2])
def test_two_raw_outputs_a_target_train_like_the_twin_and_the_means_alone_predict(targets: int, run, twin):
    spec, split = run(loss=GaussianLearntVariance()), numbers(targets)
    trace, other = alone(spec, split), twin(spec, split)
    for mine, wanted in zip(trace.parameters, other.train(lambda groups: torch.optim.SGD(groups, lr=0.5)), strict=True):
        np.testing.assert_allclose(mine.weight, wanted.weight, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(mine.bias, wanted.bias, rtol=1e-10, atol=1e-13)
    means = other.outputs(split.test_x)[-1].detach().numpy()[:, :targets]
    squares = ((means - split.test_y) ** 2).sum(1)
    np.testing.assert_allclose(trace.values["test_squared_error"][-1], squares.mean(), rtol=1e-10)


@pytest.mark.parametrize("targets", [1, 2])
def test_a_histogram_spans_the_training_targets_and_trains_like_the_twin(targets: int, run, twin):
    split = numbers(targets)
    told = HlGauss(bins=9, least=tuple(split.train_y.min(0).tolist()), greatest=tuple(split.train_y.max(0).tolist()))
    trace, other = alone(run(loss=HlGauss(bins=9)), split), twin(run(loss=told), split)
    for mine, wanted in zip(trace.parameters, other.train(lambda groups: torch.optim.SGD(groups, lr=0.5)), strict=True):
        np.testing.assert_allclose(mine.weight, wanted.weight, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(mine.bias, wanted.bias, rtol=1e-10, atol=1e-13)
    means = told.prediction(other.outputs(split.test_x)[-1].detach().T).T.numpy()
    squares = ((means - split.test_y) ** 2).sum(1)
    np.testing.assert_allclose(trace.values["test_squared_error"][-1], squares.mean(), rtol=1e-10)


@pytest.mark.parametrize("loss", [GaussianLearntVariance(), GaussianCrps(), HlGauss(bins=9)], ids=lambda loss: loss.word)
def test_runs_with_several_raw_outputs_a_target_are_the_same_bits_in_any_company(loss: Loss, run):
    split, seeds = numbers(1), range(3)
    runs = tuple(run(loss=loss, seed=seed, dtype="float32") for seed in seeds)
    for trace in train(Cohort(runs=runs, recording=KEPT), split):
        assert_same(trace, alone(trace.run, split))
