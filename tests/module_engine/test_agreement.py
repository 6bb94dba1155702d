"""The module engine against the dense engine, and against a loop that anybody would write."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lossbench.engine import train
from lossbench.engine.batches import example_indices
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.convolutional import CNN
from lossbench.models.dense import MLP, Logistic
from lossbench.module_engine.cohort import module_cohort
from lossbench.module_engine.engine import ModuleEngine
from lossbench.optimizers.adam import Adam
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule
from lossbench.schedules.decays import Linear
from lossbench.tables import layer_column

STEPS = 200
SOME = Recording(schedule=RecordingSchedule(kind="linear", points=5), keep=("parameters",))
CHAINS = {
    "logistic": {"model": Logistic()},
    "tanh": {"model": MLP(hidden=(6, 5), activation="tanh"), "optimizer": SGD(lr=0.1, momentum=0.9), "clip_norm": 0.5},
    "sigmoid": {"loss": HalfSquaredError(link="softmax"), "schedule": Linear(warmup=3)},
    "each": {"model": MLP(hidden=(6, 5, 4), activation=("softsign", "relu", "sigmoid"))},
    "relu": {"model": MLP(hidden=(7,), activation="relu"), "optimizer": Adam(lr=0.01), "batch": None},
}


def unnamed(column: str) -> str:
    stem, _, place = column.partition("/")
    return layer_column(stem, int(place.partition(":")[0])) if place else stem


@pytest.mark.slow
@pytest.mark.parametrize("chain", CHAINS)
def test_on_a_chain_of_dense_layers_both_engines_agree(chain, run, images) -> None:
    spec = run(steps=STEPS, **CHAINS[chain])
    runs = tuple(replace(spec, seed=seed) for seed in range(2))
    both = (engine(Cohort(runs=runs, recording=SOME), images) for engine in (train, ModuleEngine().train))
    for ours, theirs in zip(*both, strict=True):
        curves = {unnamed(name): curve for name, curve in theirs.values.items()}
        assert curves.keys() == ours.values.keys()
        for name, curve in ours.values.items():
            np.testing.assert_allclose(curves[name], curve, rtol=1e-12, atol=1e-12 * np.nanmax(np.abs(curve)), err_msg=name)
        parts = [part.reshape(-1) for layer in ours.parameters for part in layer]
        for part, array in zip(parts, theirs.parameters.values(), strict=True):
            np.testing.assert_allclose(array.reshape(-1), part, rtol=1e-11, atol=1e-12)


def test_a_convolutional_network_trains_as_in_a_loop_that_anybody_would_write(run, images) -> None:
    spec = run(model=CNN(channels=(3,), hidden=(4,)), optimizer=SGD(lr=0.2, momentum=0.9))
    (trace,) = ModuleEngine().train(Cohort(runs=(spec,), recording=SOME), images)
    cohort = module_cohort(spec, images, "cpu")
    network = cohort.starts.modules.get(0) or cohort.skeleton.module
    start = cohort.starts.state([spec], {})
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(start.parameters[name][0])
    rule = torch.optim.SGD(network.parameters(), lr=0.2, momentum=0.9)
    x, labels = torch.as_tensor(images.train_x).view(-1, 1, 4, 4), torch.as_tensor(images.train_y).argmax(1)
    for _, rows in zip(range(spec.steps), example_indices(spec, [spec.seed], len(x), 1), strict=False):
        rule.zero_grad()
        torch.nn.functional.cross_entropy(network(x[rows]), labels[rows]).backward()
        rule.step()
    for name, parameter in network.named_parameters():
        np.testing.assert_allclose(trace.parameters[name], parameter.detach().numpy(), rtol=1e-10, atol=1e-12, err_msg=name)
