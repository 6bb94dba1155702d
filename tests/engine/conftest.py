"""A run to vary, data to train it on, and a twin that trains it naively."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import softsign

from lossbench.datasets.neuron import Neuron
from lossbench.inits.uniform import Uniform
from lossbench.interfaces import Dense, Split
from lossbench.losses.entropy import CrossEntropy
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import RunSpec
from lossbench.rng import generator

RUN = RunSpec(
    loss=CrossEntropy(link="softmax"),
    model=MLP(hidden=(5,)),
    init=Uniform(),
    dataset=Neuron(),  # only named here: the engine is handed the examples themselves
    optimizer=SGD(lr=0.5),
    data="made up",
    seed=3,
    steps=12,
    batch=4,
    dtype="float64",
)


@pytest.fixture
def run() -> Callable[..., RunSpec]:
    """The run above, with some of it changed."""
    return lambda **changes: replace(RUN, **changes)


@pytest.fixture
def blobs() -> Callable[..., Split]:
    """Random examples of some classes, which nobody could confuse with another test's."""

    def make(examples: int = 23, features: int = 6, classes: int = 3) -> Split:
        rng = np.random.default_rng(7)
        x = rng.standard_normal((examples + 5, features))
        label = rng.integers(classes, size=examples + 5)
        y = label[:, None].astype(float) if classes == 2 else np.eye(classes)[label]
        return Split(x[:examples], y[:examples], x[examples:], y[examples:], "classification")

    return make


def _activate(z: torch.Tensor, name: str) -> torch.Tensor:
    return {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "softsign": softsign}[name](z)


class Twin:
    """One run, trained the plain way: rows, autograd, torch.optim, a loop."""

    def __init__(self, run: RunSpec, split: Split) -> None:
        self.run, self.split = run, split
        layers = run.model.layers(split.train_x.shape[1], run.loss.raw_outputs(split.train_y.shape[1]))
        self.activations = [layer.activation for layer in layers]
        drawn = run.init.draw(layers, generator(run.seed, "init"))
        dtype = getattr(torch, run.dtype)
        self.weights = [torch.tensor(p.weight, dtype=dtype, requires_grad=True) for p in drawn]
        self.biases = [torch.tensor(p.bias[:, 0], dtype=dtype, requires_grad=True) for p in drawn]
        self.order = generator(run.seed, "order")
        self.waiting: list[int] = []

    def batch(self) -> list[int]:
        examples = len(self.split.train_x)
        size = self.run.batch
        if size is None:
            return list(range(examples))
        if len(self.waiting) < (1 if self.run.last_batch == "kept" else size):
            shuffled = self.run.order == "shuffled"
            self.waiting = self.order.permutation(examples).tolist() if shuffled else list(range(examples))
        places, self.waiting = self.waiting[:size], self.waiting[size:]
        return places

    def outputs(self, x: np.ndarray) -> list[torch.Tensor]:
        """Every layer's activations, (B, units); the last are the raw outputs."""
        seen, h = [], torch.tensor(x, dtype=self.weights[0].dtype)
        for weight, bias, name in zip(self.weights, self.biases, self.activations, strict=True):
            z = h @ weight.T + bias
            h = _activate(z, name) if name else z
            seen.append(h)
        return seen

    def loss(self, x: np.ndarray, y: np.ndarray) -> torch.Tensor:
        return self.run.loss.value(self.outputs(x)[-1].T, torch.tensor(y, dtype=self.weights[0].dtype).T).mean()

    def train(
        self,
        optimizer: Callable[[list[dict[str, Any]]], torch.optim.Optimizer],
        scheduler: Callable[[torch.optim.Optimizer], Any] | None = None,
    ) -> list[Dense[np.ndarray]]:
        """Parameters after all steps; the optimizer is made from the groups weights and biases, the scheduler from it."""
        rule = optimizer([{"params": self.weights}, {"params": self.biases}])
        schedule = scheduler(rule) if scheduler else None
        for _ in range(self.run.steps):
            places = self.batch()
            rule.zero_grad()
            self.loss(self.split.train_x[places], self.split.train_y[places]).backward()
            if self.run.clip_norm is not None:
                torch.nn.utils.clip_grad_norm_([*self.weights, *self.biases], self.run.clip_norm)
            rule.step()
            if schedule:
                schedule.step()
        return [Dense(w.detach().numpy(), b.detach().numpy()[:, None]) for w, b in zip(self.weights, self.biases, strict=True)]


@pytest.fixture
def twin() -> type[Twin]:
    return Twin
