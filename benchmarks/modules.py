"""Torch modules: an MLP and a small convolutional network through the module engine, and as anybody would train them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from joblib import Parallel, delayed
from torch import nn

from benchmarks.agreement import difference
from benchmarks.contest import Contest, Contestant, Goal, times_slower
from benchmarks.lesson import DIGITS, MNIST, Lesson, Singles
from benchmarks.rivals import eager
from benchmarks.training import NORMS, WORKERS, sample
from lossbench.data.loading import load
from lossbench.engines import engine_of
from lossbench.models.convolutional import CNN
from lossbench.models.feedforward import Perceptron
from lossbench.module_engine.cohort import module_cohort
from lossbench.module_engine.mapping import CONVOLUTIONAL_TILES, TILES
from lossbench.planning.plan import cohorts
from lossbench.planning.spec import Cohort, RunSpec, Trace
from lossbench.tables import GRADIENT_BIASES, GRADIENT_WEIGHTS

STEPS, CNN_STEPS, MNIST_STEPS, CHECKED_STEPS = 1000, 200, 60, 20
LESSON = replace(DIGITS, seeds=4, rates=DIGITS.rates[:16])  # 128 runs
FEW = replace(DIGITS, seeds=2, rates=DIGITS.rates[:4])
FEW_LARGE = replace(MNIST, hidden=(32,), batch=FEW.batch, seeds=FEW.seeds, rates=FEW.rates)
NETWORK, IMAGES = Perceptron(hidden=DIGITS.hidden, activation="sigmoid"), CNN(channels=(8, 16), hidden=(32,))
MLP_OURS, MLP_EAGER = "MLP 64-32-10, lossbench", "MLP 64-32-10, eager PyTorch"
CNN_OURS, CNN_EAGER = "cnn on digits, lossbench", "cnn on digits, eager PyTorch"
MNIST_OURS, MNIST_EAGER = "cnn on MNIST, lossbench", "cnn on MNIST, eager PyTorch"


def modules() -> Contest:
    """Runs of digits by the module engine and by an eager loop, each in two processes, all gradient norms kept."""
    mlp = tuple(replace(run, model=NETWORK) for run in LESSON.runs(STEPS))
    images = tuple(replace(run, model=IMAGES) for run in FEW.runs(CNN_STEPS))
    large = tuple(replace(run, model=IMAGES) for run in FEW_LARGE.runs(MNIST_STEPS))
    return Contest(
        title="Torch modules, two processes",
        text=(
            f"The module engine against a loop in eager PyTorch, both in {WORKERS} processes of one thread; the norm of every "
            f"parameter's gradient is kept at every step. The MLP's {len(mlp)} runs on digits are mapped in tiles of "
            f"{TILES[-1]}, and the convolutional network's {len(images)} on digits in tiles of {CONVOLUTIONAL_TILES[-1]}, its "
            f"convolutions as products of matrices. Its {len(large)} runs on MNIST are trained one after the other, for a "
            "convolution of that size fills a core."
        ),
        unit="µs a run-step",
        scale=1e6,
        contestants=[
            Contestant(name=MLP_OURS, units=len(mlp) * STEPS, work=partial(_ours, mlp)),
            _eager(MLP_EAGER, partial(eager.train, LESSON), sample(LESSON), STEPS),
            Contestant(name=CNN_OURS, units=len(images) * CNN_STEPS, work=partial(_ours, images)),
            _eager(CNN_EAGER, partial(train_images, FEW), sample(FEW), CNN_STEPS),
            Contestant(name=MNIST_OURS, units=len(large) * MNIST_STEPS, work=partial(_ours, large)),
            _eager(MNIST_EAGER, partial(train_images, FEW_LARGE), sample(FEW_LARGE), MNIST_STEPS),
        ],
        goals=[
            Goal(label="MLP, times as fast as eager PyTorch", number=times_slower(MLP_EAGER, MLP_OURS), shown="{:.1f}×", bound=8),
            *(
                Goal(label=f"{name}, times as fast as eager PyTorch", number=times_slower(*pair), shown="{:.2f}×", bound=bound)
                for name, pair, bound in (
                    ("cnn on digits", (CNN_EAGER, CNN_OURS), 1.5),
                    ("cnn on MNIST", (MNIST_EAGER, MNIST_OURS), 0.95),
                )
            ),
        ],
        check=agreed,
    )


def train_images(lesson: Lesson, loss: str, seed: int, rate: float, steps: int) -> Singles:
    """The gradients' norms of the convolutional network at every step, (steps, 2L), by autograd and torch.optim."""
    spec = next(run for run in lesson.runs(steps) if run.loss.word == loss)
    spec = replace(spec, model=IMAGES, seed=seed, optimizer=replace(spec.optimizer, lr=rate))
    split = load(spec.dataset).split
    inputs = split.inputs or split.train_x.shape[1:]
    model = _started(module_cohort(spec, split, "cpu").starts.state([spec], {}).parameters, inputs)
    (x, y), order = (torch.from_numpy(part) for part in lesson.examples), torch.from_numpy(lesson.order(seed, steps))
    images, targets = x.view(-1, *inputs), y.argmax(1) if loss == "cross_entropy" else y
    cost = eager.COSTS[loss, True]
    rule = torch.optim.SGD(model.parameters(), lr=rate)
    norms = []
    for step in range(steps):
        rule.zero_grad()
        cost(model(images[order[step]]), targets[order[step]]).backward()
        norms.append(torch.stack([torch.linalg.vector_norm(parameter.grad) for parameter in model.parameters()]))
        rule.step()
    return torch.stack(norms).numpy()


def agreed() -> str:
    """Compare the norms of the first steps. Raises Disagreement where they are not the same but for rounding."""
    sizes = []
    for name, model, lesson, train in (
        (MLP_EAGER, NETWORK, LESSON, partial(eager.train, LESSON)),
        (CNN_EAGER, IMAGES, FEW, partial(train_images, FEW)),
        (MNIST_EAGER, IMAGES, FEW_LARGE, partial(train_images, FEW_LARGE)),
    ):
        run = replace(lesson.runs(CHECKED_STEPS)[0], model=model)
        (trace,) = engine_of(model).train(Cohort(runs=(run,), recording=NORMS), load(run.dataset).split)
        theirs = train(run.loss.word, run.seed, run.optimizer.lr, CHECKED_STEPS)
        sizes.append(difference(name, theirs, _norms(trace)[:CHECKED_STEPS]))
    return f"The norms of the first {CHECKED_STEPS} steps agree; largest relative difference: {max(sizes):.0e}."


def _norms(trace: Trace) -> Singles:
    """Norms (T, 2L) of weights and biases in turn, in the order of data."""
    numbers = sorted(int(name.partition("/")[2].partition(":")[0]) for name in trace.values if name.startswith(GRADIENT_WEIGHTS))
    columns = [
        next(curve for name, curve in trace.values.items() if name.startswith(f"{stem}/{number}:"))
        for number in numbers
        for stem in (GRADIENT_WEIGHTS, GRADIENT_BIASES)
    ]
    return np.stack(columns, -1).astype(np.float32)


def _started(parameters: dict[str, torch.Tensor], inputs: tuple[int, ...]) -> nn.Module:
    model = IMAGES.module(inputs, 10)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(parameters[name][0])
    return model


def _ours(runs: tuple[RunSpec, ...]) -> None:
    side_by_side = Parallel(n_jobs=WORKERS, batch_size=1, inner_max_num_threads=1, backend="loky")
    side_by_side(delayed(_train)(cohort) for cohort in cohorts(runs, NORMS, None))


def _train(cohort: Cohort) -> None:
    engine_of(cohort.runs[0].model).train(cohort, load(cohort.runs[0].dataset).split)


def _eager(name: str, train: Callable[..., Singles], some: list[tuple[str, int, float]], steps: int) -> Contestant:
    def work() -> None:
        side_by_side = Parallel(n_jobs=WORKERS, batch_size=1, inner_max_num_threads=1, backend="loky")
        side_by_side(delayed(train)(*run, steps) for run in some)

    return Contestant(name=name, units=len(some) * steps, work=work, note=f"{len(some)} runs in {WORKERS} processes")
