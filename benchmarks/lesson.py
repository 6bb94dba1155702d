"""The sweeps that every contestant trains: the same data, starts, orders of examples, losses and rates."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from lossbench.data.loading import load
from lossbench.datasets.classic import BreastCancer, Digits
from lossbench.datasets.mnist import Mnist5k
from lossbench.inits.normal import ScaledNormal
from lossbench.interfaces import Array, Dataset, Dense, Layer, Loss
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.cohorts import run_size
from lossbench.planning.spec import RunSpec
from lossbench.rng import generator

Singles = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Places = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A sweep of losses × seeds × rates by plain gradient descent, in float32; batch None is the full batch."""

    dataset: Dataset
    hidden: tuple[int, ...]
    batch: int | None
    seeds: int
    rates: tuple[float, ...]

    @cached_property
    def losses(self) -> tuple[Loss, Loss]:
        """The two contestants of every lossbench study: cross entropy and half the squared error."""
        split, _ = load(self.dataset)
        task, outputs = split.task, split.train_y.shape[1]
        return CrossEntropy().on(task, outputs), HalfSquaredError().on(task, outputs)

    def runs(self, steps: int) -> tuple[RunSpec, ...]:
        """A run for each loss, seed and rate, the rates varying fastest."""
        _, fingerprint = load(self.dataset)
        return tuple(
            RunSpec(
                loss=loss,
                model=MLP(hidden=self.hidden),
                init=ScaledNormal(),
                dataset=self.dataset,
                optimizer=SGD(lr=rate),
                data=fingerprint,
                seed=seed,
                steps=steps,
                batch=self.batch,
            )
            for loss, seed, rate in product(self.losses, range(self.seeds), self.rates)
        )

    def named(self) -> list[tuple[str, int, float]]:
        """Loss, seed and rate of each run, in the order of `runs`."""
        return [(loss.word, seed, rate) for loss, seed, rate in product(self.losses, range(self.seeds), self.rates)]

    @property
    def count(self) -> int:
        """How many runs there are."""
        return 2 * self.seeds * len(self.rates)

    @cached_property
    def examples(self) -> tuple[Singles, Singles]:
        """Training data x (N, D) and y (N, C), as programs have it that keep examples in rows."""
        split, _ = load(self.dataset)
        return split.train_x.astype(np.float32), split.train_y.astype(np.float32)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The network's layers."""
        x, y = self.examples
        return MLP(hidden=self.hidden).layers(x.shape[1], y.shape[1])

    def start(self, seed: int) -> tuple[Dense[Array], ...]:
        """A seed's initial weights (out, in) and biases (out, 1)."""
        return ScaledNormal().draw(self.layers, generator(seed, "init"))

    def order(self, seed: int, steps: int) -> Places:
        """The examples of each step, (steps, B)."""
        batches = self._batches(seed)
        return np.stack([next(batches) for _ in range(steps)])

    def _batches(self, seed: int) -> Iterator[Places]:
        examples, stream = len(self.examples[0]), generator(seed, "order")
        while self.batch is None:
            yield np.arange(examples)
        whole = examples // self.batch * self.batch
        while True:
            yield from stream.permutation(examples)[:whole].reshape(-1, self.batch)

    @property
    def operations(self) -> int:
        """Multiplications and additions of one step of one run."""
        return run_size(self.runs(1)[0]).operations


def _rates(count: int) -> tuple[float, ...]:
    return tuple(np.geomspace(0.01, 1.0, count).tolist())


DIGITS = Lesson(dataset=Digits(), hidden=(32,), batch=32, seeds=10, rates=_rates(20))
MNIST = Lesson(dataset=Mnist5k(), hidden=(30,), batch=10, seeds=5, rates=_rates(10))
LOGISTIC = Lesson(dataset=BreastCancer(test_fraction=0.3), hidden=(), batch=None, seeds=25, rates=_rates(20))
