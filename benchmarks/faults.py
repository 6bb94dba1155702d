"""Sound runs, and faults planted in them: what `benchmarks.planted_faults` explains. All that is drawn comes from seeds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from lossbench import OUTPUTS, Dense, Init, Layer, Loss
from lossbench.diagnosis.records import Description
from lossbench.planning.instances import instance

SEEDS = 2  # runs a plant, and as many sound ones
# Data, hidden units, steps, and by how much the rates below are multiplied: with these every loss learns. The last are images.
DATA: tuple[tuple[dict[str, Any], int, int, float], ...] = (
    ({"word": "iris"}, 16, 400, 1.0),
    ({"word": "wine"}, 16, 300, 1.0),
    ({"word": "breast_cancer"}, 16, 300, 1.0),
    ({"word": "blobs", "classes": 4, "features": 4}, 16, 300, 1.0),
    ({"word": "moons", "noise": 0.1}, 32, 800, 1.5),
    ({"word": "digits"}, 32, 400, 1.0),
)
CLASSES = {"digits": 10, "blobs": 4, "moons": 2, "breast_cancer": 2, "iris": 3, "wine": 3}
TWO = ("moons", "breast_cancer")  # data with one output, which a softmax cannot have
LOSSES: tuple[tuple[dict[str, Any], float], ...] = (
    ({"word": "cross_entropy", "link": "softmax"}, 0.3),
    ({"word": "cross_entropy", "link": "sigmoid"}, 0.2),
    ({"word": "half_squared_error", "link": "sigmoid"}, 1.5),
    ({"word": "half_squared_error", "link": "softmax"}, 1.0),
    ({"word": "brier", "link": "sigmoid"}, 0.8),
    ({"word": "label_smoothing", "link": "softmax"}, 0.3),
    ({"word": "focal", "link": "softmax"}, 0.4),
    ({"word": "focal", "link": "sigmoid"}, 0.4),
    ({"word": "poly_1", "link": "softmax"}, 0.3),
)
SQUARED = ("half_squared_error", "brier")
# A chain of dense layers is planted in, unless another model is asked for by its word: torch modules train slowly.
MLP = "mlp"
ACTIVATIONS: Mapping[str, tuple[str, ...]] = {
    MLP: ("tanh", "relu", "sigmoid"),
    "perceptron": ("gelu", "softplus"),
    "residual": ("tanh", "relu"),
    "cnn": ("tanh",),
}
CNN_STEPS = 400


@dataclass(frozen=True, kw_only=True)
class ShutUnits(Init):
    """Glorot's start with hidden biases so low that hardly any hidden unit passes anything."""

    bias: float = 30.0

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[np.ndarray], ...]:
        drawn = instance("init", {"word": "glorot"}).draw(layers, rng)  # type: ignore[attr-defined]
        return tuple(
            Dense(each.weight, each.bias - (0.0 if layer.activation is None else self.bias))
            for layer, each in zip(layers, drawn, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class ShiftedOutputs(Init):
    """Glorot's start with one large number added to all output weights: a softmax answers the same, a float runs out."""

    shift: float = 1e5

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[np.ndarray], ...]:
        drawn = instance("init", {"word": "glorot"}).draw(layers, rng)  # type: ignore[attr-defined]
        return tuple(
            Dense(each.weight + (self.shift if layer.activation is None else 0.0), each.bias)
            for layer, each in zip(layers, drawn, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class SureOutputs(Init):
    """Glorot's start with one large number added to all output biases: every class is answered yes."""

    bias: float = 25.0

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[np.ndarray], ...]:
        drawn = instance("init", {"word": "glorot"}).draw(layers, rng)  # type: ignore[attr-defined]
        return tuple(
            Dense(each.weight, each.bias + (self.bias if layer.activation is None else 0.0))
            for layer, each in zip(layers, drawn, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class PlainLogarithm(Loss):
    """Cross entropy as it is first written: from probabilities, whose complement a float rounds to 0.

    Domain: targets y in [0, 1].
    Link: sigmoid.
    Formula: ℓ = −Σ_c [y_c log a_c + (1 − y_c) log(1 − a_c)], with 1 − a_c taken from a rounded a_c.
    Gradient: left to autograd.
    Identities: in exact arithmetic CrossEntropy.
    Properties: those of CrossEntropy, where no a_c rounds to 1.
    Source: folklore.
    """

    per_example: ClassVar[bool] = True
    link: Literal["sigmoid"] = "sigmoid"

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        a = 1 / (1 + (-z).exp())
        return -(torch.xlogy(y, a) + torch.xlogy(1 - y, 1 - a)).sum(OUTPUTS)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What the plants of a part have in common, so that they train together: data, model, link of the loss."""

    dataset: Mapping[str, Any]
    model: Mapping[str, Any]
    steps: int
    faster: float
    link: str


def draw_setting(rng: np.random.Generator, part: int, first_seed: int, word: str = MLP) -> Setting:
    """Data, each kind in turn, a model of this word and a link; what is drawn are examples, activation, depth and link."""
    data, hidden, steps, faster = DATA[-1 if word == "cnn" else (first_seed + part) % len(DATA)]
    model: dict[str, Any] = {"word": word, "activation": str(rng.choice(ACTIVATIONS[word]))}
    model |= {"width": hidden, "blocks": 1} if word == "residual" else {"hidden": [hidden]}
    if word == MLP and model["activation"] != "sigmoid":
        model["hidden"] *= int(rng.integers(1, 3))
    if data["word"] == "moons":  # of the activations those with which a thousand steps are enough
        model["activation"] = ACTIVATIONS[word][0]
    faster *= 4.0 if model["activation"] == "sigmoid" else 1.0
    faster *= 8.0 if (data["word"], model["activation"]) == ("moons", "gelu") else 1.0  # else a straight line is all it learns
    link = "sigmoid" if data["word"] in TWO else str(rng.choice(["sigmoid", "softmax"]))
    steps = CNN_STEPS if word == "cnn" else steps
    return Setting(dataset={**data, "seed": first_seed + part}, model=model, steps=steps, faster=faster, link=link)


def sound_run(setting: Setting, rng: np.random.Generator, seed: int) -> dict[str, Any]:
    """The description of a run that learns: a loss of the setting's link is drawn, and a rate near the one that suits it."""
    losses = [item for item in LOSSES if item[0]["link"] == setting.link]
    loss, rate = losses[rng.integers(len(losses))]
    parts = {"loss": loss, "model": setting.model, "init": {"word": "glorot"}, "dataset": setting.dataset}
    # the rate sets plants apart as well: runs that differ by seed alone are one group
    parts["optimizer"] = {"word": "sgd", "lr": float(f"{rate * setting.faster * 10 ** rng.uniform(-0.1, 0.1):.4g}")}
    described = {noun: instance(noun, value).describe() for noun, value in parts.items()}
    return {**described, "data": "", "seed": seed, "steps": setting.steps, "batch": 16, "order": "shuffled", "dtype": "float32"}


def _changed(run: Description, noun: str, **options: Any) -> dict[str, Any]:
    whole = {**run[noun], **options} if "word" not in options else options
    return {**run, noun: instance(noun, whole).describe()}


def _with_loss(run: Description, rng: np.random.Generator, words: tuple[str, ...], link: str) -> dict[str, Any]:
    """The run with one of some losses, at the rate that suits it."""
    rates = {item[0]["word"]: item[1] for item in LOSSES if item[0]["link"] == run["loss"]["link"]}
    fitting = [item for item in LOSSES if item[0]["word"] in words and item[0]["link"] == link]
    loss, rate = fitting[rng.integers(len(fitting))]
    now = run["optimizer"]["lr"] / rates[run["loss"]["word"]] * rate
    return _changed(_changed(run, "loss", **loss), "optimizer", lr=float(f"{now:.6g}"))


def too_small(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """A rate 50 to 1,000 times too small."""
    return _changed(run, "optimizer", lr=run["optimizer"]["lr"] / 10 ** rng.uniform(1.7, 3))


def too_large(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """A rate 30 to 300 times too large."""
    return _changed(run, "optimizer", lr=run["optimizer"]["lr"] * 10 ** rng.uniform(1.5, 2.5))


def outputs_saturated(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """A squared error on sigmoids that start far out."""
    start = _changed(run, "init", word="scaled", output_bias=float(rng.uniform(8, 14)))
    return _with_loss(start, rng, SQUARED, "sigmoid")


def clamped(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """Cross entropy with a δ, and outputs that start beyond its margin."""
    delta = 10 ** rng.uniform(-5, -2.5)
    start = _changed(run, "init", word="scaled", output_bias=float(-2 * np.log(delta) + rng.uniform(4, 8)))
    start = _with_loss(start, rng, ("cross_entropy",), "sigmoid")
    return _changed(start, "loss", word="clamped_cross_entropy", link="sigmoid", delta=float(f"{delta:.3g}"))


def hidden_flat(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """Hidden units that start dead (relu), or far out on the flat part of their activation."""
    return _changed(run, "init", word="shut_units", bias=float(rng.uniform(20, 60)))


def too_deep(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """Five to eight layers of sigmoids."""
    width = run["model"].get("width") or run["model"]["hidden"][0]
    word = {"residual": MLP}.get(run["model"]["word"], run["model"]["word"])
    hidden = [width] * int(rng.integers(5, 9))
    return _changed(run, "model", word=word, hidden=hidden, activation="sigmoid")


def absorbed(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """Output weights so large that float32 loses what is added to them; of two classes a logarithm of what it rounds to 0."""
    if run["dataset"]["word"] in TWO:
        plain = _changed(_with_loss(run, rng, ("cross_entropy",), "sigmoid"), "loss", word="plain_logarithm")
        return _changed(plain, "init", word="sure_outputs", bias=float(rng.uniform(20, 30)))
    soft = _with_loss(run, rng, ("cross_entropy",), "softmax")
    return _changed(soft, "init", word="shifted_outputs", shift=float(10 ** rng.uniform(8, 9)))


def silenced(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """A class that counts nothing."""
    weights = [1.0] * CLASSES[run["dataset"]["word"]]
    weights[rng.integers(len(weights))] = 0.0
    return {**run, "class_weights": weights}


def mislabelled(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """A third to a half of the training labels wrong; of two classes at most 35 %."""
    rates = (0.3, 0.35) if run["dataset"]["word"] in TWO else (0.35, 0.5)
    return _changed(run, "dataset", word="noisy", of=run["dataset"], rate=float(rng.choice(rates)), seed=0)


def too_narrow(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """One hidden unit for many classes, or none where no straight line parts the classes."""
    del rng
    if run["dataset"]["word"] == "moons":
        return _changed(run, "model", word="logistic")
    if run["model"]["word"] == "residual":
        return _changed(run, "model", width=1)
    return _changed(run, "model", hidden=[1])


Plantable = Callable[[Description, np.random.Generator], dict[str, Any]]
FAULTS: Mapping[str, Plantable] = {
    "wrong labels": mislabelled,
    "clamped logarithm": clamped,
    "outputs saturated on the wrong side": outputs_saturated,
    "hidden units saturated or dead": hidden_flat,
    "the float's end": absorbed,
    "gradient lost with depth": too_deep,
    "learning rate too large": too_large,
    "a class never answered": silenced,
    "learning rate too small": too_small,
    "the data cannot be fitted by this model": too_narrow,
}


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A fault by its name, and the descriptions of its runs and of the sound ones."""

    fault: str
    runs: tuple[Description, ...]
    sound: tuple[Description, ...]


def plants(count: int, part: int, first_seed: int, model: str = MLP) -> list[Plant]:
    """So many plants, each kind of fault in turn, as one part of those of a seed: they have one setting."""
    setting = draw_setting(np.random.default_rng((first_seed, part)), part, first_seed, model)
    faults = [
        name for name, plant in FAULTS.items() if plant is not silenced or setting.model["word"] == MLP
    ]  # others weigh none
    made = []
    for number in range(count):
        fault = faults[number % len(faults)]
        drawn = []
        for offset in range(SEEDS):
            rng = np.random.default_rng((first_seed, part, number))  # the same draws: the runs differ by their seed alone
            run = sound_run(setting, rng, 1000 * first_seed + SEEDS * (count * part + number) + offset)
            drawn.append((run, FAULTS[fault](run, rng)))
        made.append(Plant(fault=fault, runs=tuple(bad for _, bad in drawn), sound=tuple(run for run, _ in drawn)))
    return made
