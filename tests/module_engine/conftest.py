"""Small runs of modules, and small images for them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from lossbench.datasets.neuron import Neuron
from lossbench.inits.uniform import Uniform
from lossbench.interfaces import Split
from lossbench.losses.entropy import CrossEntropy
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import RunSpec

RUN = RunSpec(
    loss=CrossEntropy(link="softmax"),
    model=MLP(hidden=(5,)),
    init=Uniform(),
    dataset=Neuron(),  # only named here: the engine is handed the examples themselves
    optimizer=SGD(lr=0.5),
    data="made up",
    seed=3,
    steps=8,
    batch=4,
    dtype="float64",
)


@pytest.fixture
def run() -> Callable[..., RunSpec]:
    return lambda **changes: replace(RUN, **changes)


@pytest.fixture
def images() -> Split:
    """Images of 1 × 4 × 4 pixels in three classes."""
    rng = np.random.default_rng(7)
    x, y = rng.standard_normal((21, 16)), np.eye(3)[rng.integers(3, size=21)]
    return Split(x[:14], y[:14], x[14:], y[14:], "classification", (1, 4, 4))
