"""Steps of plain gradient descent run by run are those of tensor upon tensor, and who looks at one sees it before it is made."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from lossbench import registry
from lossbench.engine import train
from lossbench.errors import BadInput
from lossbench.interfaces.probe import Probe, Step
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP, Logistic
from lossbench.optimizers.adam import Adam
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule

EVERY = Recording(schedule=RecordingSchedule(kind="every"), keep=("parameters",))
EACH = MLP(hidden=(3, 4, 2), activation=("relu", "softsign", "relu"))
MODELS = (Logistic(), MLP(hidden=(5,)), MLP(hidden=(6, 4), activation="tanh"), EACH)


def trained(runs, split, *probes: str):
    return train(Cohort(runs=tuple(runs), recording=replace(EVERY, probes=probes)), split)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [5, None])
@pytest.mark.parametrize("rule", [SGD(lr=0.3), SGD(lr=0.1, momentum=0.9), Adam(lr=0.05)], ids=str)
@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("classes", [2, 3])
def test_what_is_trained_and_recorded_is_what_tensors_say(classes, model, rule, batch, run, blobs, request) -> None:
    link = "sigmoid" if classes == 2 else "softmax"
    losses, split = (CrossEntropy(link=link), HalfSquaredError(link=link)), blobs(classes=classes)
    runs = [run(loss=loss, model=model, optimizer=rule, batch=batch, seed=seed) for loss in losses for seed in (0, 0, 1)]
    looped = trained(runs, split)
    request.getfixturevalue("tensors")
    for one, other in zip(looped, trained(runs, split), strict=True):
        for name, curve in other.values.items():
            np.testing.assert_allclose(one.values[name], curve, rtol=1e-9, atol=1e-12, err_msg=name)
        for mine, theirs in zip(one.parameters, other.parameters, strict=True):
            np.testing.assert_allclose(mine.weight, theirs.weight, rtol=1e-10, atol=1e-13)


@pytest.fixture
def probe(monkeypatch):
    """A probe's class, registered for one test."""

    def known(cls: type[Probe]) -> str:
        monkeypatch.setitem(registry._classes["probe"], cls.word, cls)
        return cls.word

    monkeypatch.setitem(registry._classes, "probe", dict(registry._classes["probe"]))
    return known


@dataclass(frozen=True, kw_only=True)
class Whole(Probe):
    """Norms that are made from parameters, gradients and updates themselves."""

    by_default: ClassVar[bool] = False

    def measure(self, step: Step):
        gradient, parameter = (layers[0].weight.double().norm(dim=(-2, -1)) for layers in (step.gradients, step.parameters))
        update = step.updates[0].weight.double().norm(dim=(-2, -1)) if step.updates else parameter * np.nan
        return {"whole_gradient": gradient, "whole_parameter": parameter, "whole_update": update}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [2, 7])
def test_who_asks_for_more_than_norms_sees_them_as_they_are_before_the_step(batch, dtype, run, blobs, probe) -> None:
    """Whatever is asked first, and with a first layer that is worked out ahead: the same lengths, by another way."""
    spec, split = run(model=MLP(hidden=(9,)), dtype=dtype, batch=batch, optimizer=SGD(lr=0.2)), blobs(features=200)
    word, rounding = probe(Whole), {"float32": 2e-5, "float64": 1e-11}[dtype]
    (plain,) = trained([spec], split, "gradient_norms", "update_ratio")
    for probes in ((word, "gradient_norms", "update_ratio"), ("gradient_norms", "update_ratio", word)):
        (trace,) = trained([replace(spec, steps=spec.steps - 1)], split, *probes)
        seen, ratio = trace.values, plain.values["update_ratio/1"][:-2]
        np.testing.assert_allclose(seen["whole_gradient"], plain.values["gradient_norm_weights/1"][:-1], rtol=rounding)
        np.testing.assert_allclose(seen["whole_update"][:-1] / seen["whole_parameter"][:-1], ratio, rtol=rounding)
        for name, curve in plain.values.items():
            np.testing.assert_array_equal(seen[name][:-1], curve[:-2], err_msg=name)


@dataclass(frozen=True, kw_only=True)
class Liar(Probe):
    """A probe that looks at parameters, and says that it looks at norms only."""

    norms_only: ClassVar[bool] = True
    by_default: ClassVar[bool] = False

    def measure(self, step: Step):
        return {"length": step.gradient_norms.weight[..., 0] + step.parameters[0].weight.sum((-2, -1))}


def test_a_probe_that_says_it_looks_at_norms_only_is_not_shown_what_has_changed_since(run, blobs, probe) -> None:
    with pytest.raises(BadInput, match="norms_only"):
        trained([run()], blobs(), probe(Liar))
