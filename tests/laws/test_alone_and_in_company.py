"""A run is the same bits alone and in company, for everything on the shelves; what claims so falsely is refused."""

import random
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np
import pytest
import torch

from lossbench import registry
from lossbench.datasets.neuron import Neuron
from lossbench.engine import train
from lossbench.engine.many_runs_trial import optimizer_mixes_runs, probe_mixes_runs
from lossbench.errors import BadInput
from lossbench.inits.uniform import Uniform
from lossbench.interfaces import Dense, Init, Layer, Optimizer, Split
from lossbench.interfaces.links import LINKS
from lossbench.interfaces.probe import Probe
from lossbench.interfaces.recorders import recorder_classes
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec
from lossbench.registry import shelf
from lossbench.schedules.decays import Linear

OUTPUTS = {"identity": 2, "sigmoid": 2, "softmax": 3}
RUN = RunSpec(
    loss=CrossEntropy(link="softmax"),
    model=MLP(hidden=(5,)),
    init=Uniform(),
    dataset=Neuron(),  # only named here: the engine is handed the examples themselves
    optimizer=SGD(lr=0.3),
    data="made up",
    seed=3,
    steps=3,
    batch=7,
)
_before = {noun: dict(classes) for noun, classes in registry._classes.items()}


@dataclass(frozen=True, kw_only=True)
class NormOfAllRuns(Optimizer):
    """Steps of one length, measured over everything that it is handed."""

    lr: float = 0.1
    many_runs: ClassVar[bool] = True

    def start(self, parameter):
        return ()

    def update(self, hyper, parameter, gradient, memory, which):
        parameter -= hyper.lr * gradient / gradient.norm()


@dataclass(frozen=True, kw_only=True)
class LargestOfAllRuns(Probe):
    """The largest gradient of anybody, for everybody."""

    many_runs: ClassVar[bool] = True

    def measure(self, step):
        return {"largest": step.gradients[0].weight.abs().max().expand(len(step.gradient))}


@dataclass(frozen=True, kw_only=True)
class WritingProbe(Probe):
    """Halves gradients while it looks at them."""

    many_runs: ClassVar[bool] = True

    def measure(self, step):
        return {"halved": step.gradients[0].weight.mul_(0.5).flatten(1).sum(1)}


@dataclass(frozen=True, kw_only=True)
class GlobalStreams(Init):
    """Draws from every global stream."""

    def draw(self, layers, rng):
        scale = random.random() + float(torch.rand(()))
        return tuple(Dense(scale * np.random.randn(n.outputs, n.inputs), np.zeros((n.outputs, 1))) for n in layers)  # noqa: NPY002


OUTSIDE = {noun: {word: c for word, c in known.items() if word not in _before[noun]} for noun, known in registry._classes.items()}
for _noun, _words in OUTSIDE.items():
    for _word in _words:
        if not _words[_word].__module__.startswith("lossbench."):
            del registry._classes[_noun][_word]


def split(link: str) -> Split:
    rng = np.random.default_rng(5)
    x, labels = rng.standard_normal((40, 6)), rng.integers(OUTPUTS[link], size=40)
    y = np.eye(OUTPUTS[link])[labels] if link == "softmax" else rng.integers(2, size=(40, OUTPUTS[link])).astype(float)
    return Split(x[:30], y[:30], x[30:], y[30:], "regression" if link == "identity" else "classification")


RECORDERS = tuple(word for word, cls in recorder_classes().items() if cls.__module__.startswith("lossbench."))
OF_STEPS = (
    *(word for word in RECORDERS if word in shelf("probe")),
    "loss",
    "accuracy",
)  # other metrics take longer than a training


def expect_the_same_alone(runs: list[RunSpec], link: str, words: tuple[str, ...] = OF_STEPS) -> None:
    """Every recorded number of every run and its last parameters, in one cohort and by itself."""
    recording = Recording(schedule=RecordingSchedule(kind="every"), probes=words, keep=("parameters",))
    data = split(link)
    together = train(Cohort(runs=tuple(runs), recording=recording), data)
    for spec, company in zip(runs, together, strict=True):
        (alone,) = train(Cohort(runs=(spec,), recording=recording), data)
        assert (alone.outcome, alone.stopped, set(alone.values)) == (company.outcome, company.stopped, set(company.values))
        for name, curve in alone.values.items():
            np.testing.assert_array_equal(company.values[name], curve, err_msg=f"{name} of {spec.loss}")
        for own, other in zip(alone.parameters or (), company.parameters or (), strict=True):
            assert all(map(np.array_equal, own, other))


def variants(cls, link: str):
    """A loss on a link, as it is and with every number another one; none where it has no meaning there."""
    try:
        loss = cls(link=link) if "link" in cls.__dataclass_fields__ else cls()
        loss = loss.on("regression" if link == "identity" else "classification", OUTPUTS[link])
    except BadInput:
        return
    if loss.link != link or loss.raw_outputs(OUTPUTS[link]) != OUTPUTS[link]:
        return
    yield loss
    for field in fields(loss):
        value = getattr(loss, field.name)
        if isinstance(value, float) and value:
            try:
                yield replace(loss, **{field.name: 0.8 * value})
            except BadInput:
                continue


@pytest.mark.slow
@pytest.mark.parametrize("link", LINKS)
def test_every_metric_and_probe_is_the_same_alone(link: str) -> None:
    losses = [HalfSquaredError(link=link), *([] if link == "identity" else [CrossEntropy(link=link)])]
    expect_the_same_alone([replace(RUN, loss=loss, seed=seed) for loss in losses for seed in range(2)], link, RECORDERS)


@pytest.mark.slow
@pytest.mark.parametrize("link", LINKS)
def test_every_loss_with_any_options_is_the_same_alone(link: str) -> None:
    classes = [cls for cls in shelf("loss").values() if cls.__module__.startswith("lossbench.")]
    losses = [loss for cls in classes for loss in variants(cls, link)]
    assert len(losses) > 10
    expect_the_same_alone([replace(RUN, loss=loss, seed=n % 3) for n, loss in enumerate(losses)], link)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"clip_norm": 0.05}, {"schedule": Linear(warmup=1)}, {"clip_norm": 0.05, "batch": None}])
@pytest.mark.parametrize("word", shelf("optimizer"))
def test_every_optimizer_is_the_same_alone(word: str, changes) -> None:
    cls = shelf("optimizer")[word]
    some = [replace(cls(lr=lr), **{f.name: 0.3 for f in fields(cls) if f.name == "momentum"}) for lr in (0.1, 0.02)]
    runs = [replace(RUN, optimizer=rule, seed=seed, **changes) for rule in some for seed in range(2)]
    expect_the_same_alone(runs, "softmax")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_optimizer_and_no_step_probe_of_the_shelf_mixes_runs(dtype) -> None:
    layers = (Layer(6, 5, "tanh"), Layer(5, 3, None))
    for cls in shelf("optimizer").values():
        assert not (cls.many_runs and optimizer_mixes_runs(cls(), dtype)), cls
    for cls in shelf("probe").values():
        if cls.many_runs:
            assert not probe_mixes_runs(cls(), layers, "softmax", dtype), cls


@pytest.fixture
def outside(monkeypatch):
    for noun, words in OUTSIDE.items():
        shelf(noun)
        for word, cls in words.items():
            monkeypatch.setitem(registry._classes[noun], word, cls)


@pytest.mark.parametrize(
    ("changes", "probe", "message"),
    [
        ({"optimizer": NormOfAllRuns()}, "loss", r"NormOfAllRuns cannot be used: update\(\) \(line \d+\) does something else"),
        ({}, "largest_of_all_runs", r"LargestOfAllRuns cannot be used: measure\(\) \(line \d+\) does something else"),
        ({}, "writing_probe", r"WritingProbe cannot be used: measure\(\) \(line \d+\) changed the step in place"),
    ],
)
def test_a_false_claim_of_many_runs_is_refused_before_anything_is_trained(changes, probe, message, outside) -> None:
    steps: list[int] = []
    cohort = Cohort(runs=(replace(RUN, **changes),), recording=Recording(probes=(probe,)))
    with pytest.raises(BadInput, match=message):
        train(cohort, split("softmax"), report=steps.append)
    assert not steps


def test_an_init_that_draws_from_global_streams_is_the_same_alone_and_leaves_them_as_they_were() -> None:
    before = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    expect_the_same_alone([replace(RUN, init=GlobalStreams(), seed=seed) for seed in (4, 2, 0)], "softmax")
    assert random.getstate() == before[0]
    assert torch.equal(torch.get_rng_state(), before[1])
    assert np.random.get_state()[1].tolist() == before[2]  # noqa: NPY002
