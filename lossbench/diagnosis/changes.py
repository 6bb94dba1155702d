"""Twins: a run's description with one thing changed. None where there is nothing to change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lossbench.analysis import formatting
from lossbench.diagnosis.records import Description

WIDER, WIDEST = 8, 512  # times as many units a layer, and how many at most
FROM_NONE = {"word": "mlp", "hidden": [64], "activation": "tanh"}  # what a model without hidden units is compared with
SLOWER = (1 / 4, 1 / 16)  # rates for what a sigmoid's slope, at most ¼, no longer damps, once or twice
WEIGHING = ("logistic", "mlp")  # models that train with class weights; torch modules do not


@dataclass(frozen=True, kw_only=True)
class Twin:
    """The description of a run in which one thing is another, and what that is: "with cross entropy"."""

    change: str
    description: Description


def with_rate(run: Description, factor: float) -> Twin | None:
    """The same at another learning rate; of a network that one loss trained first, the rate of the second training."""
    rate = run["optimizer"].get("lr")
    if not isinstance(rate, int | float):
        return None
    rule = {**run["optimizer"], "lr": float(f"{rate * factor:.6g}")}
    spoken = formatting.spoken(float(f"{rate * factor:.2g}"))
    return Twin(change=f"at the rate {spoken}", description={**run, "optimizer": rule})


def with_cross_entropy(run: Description) -> Twin | None:
    """The same with cross entropy on the same link."""
    link = run["loss"].get("link")
    if run["loss"]["word"] == "cross_entropy" or link not in ("sigmoid", "softmax"):
        return None
    return Twin(change="with cross entropy", description={**run, "loss": {"word": "cross_entropy", "link": link}})


def with_cross_entropies(run: Description) -> list[Twin]:
    """The same with cross entropy, at the run's rate and where there is one at a quarter and at a sixteenth of it."""
    return _also_slower(with_cross_entropy(run))


def with_gentle_start(run: Description) -> Twin | None:
    """The same from Glorot's start."""
    if run["init"]["word"] in ("glorot", "own", "continued"):
        return None
    return Twin(change="from Glorot's start", description={**run, "init": {"word": "glorot"}})


def with_other_activation(run: Description) -> Twin | None:
    """The same with tanh units, or relu where they are tanh."""
    now = run["model"].get("activation")
    if now is None:
        return None
    other = "relu" if now == "tanh" else "tanh"
    return Twin(change=f"with {other} units", description={**run, "model": {**run["model"], "activation": other}})


def with_other_activations(run: Description) -> list[Twin]:
    """The same with other units, instead of sigmoids also at a quarter and at a sixteenth of the rate: they pass on more."""
    twin = with_other_activation(run)
    return _also_slower(twin) if run["model"].get("activation") == "sigmoid" else [twin] if twin else []


def _also_slower(twin: Twin | None) -> list[Twin]:
    """A twin, and the same at lower rates where there is a rate."""
    if twin is None:
        return []
    slower = [with_rate(twin.description, factor) for factor in SLOWER]
    return [twin, *(replace(one, change=f"{twin.change} {one.change}") for one in slower if one is not None)]


def with_float64(run: Description) -> Twin | None:
    """The same in float64."""
    if run.get("dtype") != "float32":
        return None
    return Twin(change="in float64", description={**run, "dtype": "float64"})


def with_more_units(run: Description) -> Twin | None:
    """The same with eight times the hidden units, or with some where there are none; of a residual model its width."""
    model: dict[str, Any] = dict(run["model"])
    hidden = model.get("hidden")
    if model["word"] == "residual":
        model["width"] = _wider(model["width"])
    if model["word"] == "logistic" or (isinstance(hidden, Sequence) and not hidden and "activation" in model):
        model = FROM_NONE if model["word"] == "logistic" else {**model, "hidden": FROM_NONE["hidden"]}
    elif isinstance(hidden, Sequence) and not isinstance(hidden, str):
        model["hidden"] = [_wider(width) for width in hidden]
    if model == run["model"]:
        return None
    units = "–".join(map(str, model.get("hidden", [model.get("width")])))
    return Twin(change=f"with {units} hidden units", description={**run, "model": model})


def _wider(width: int) -> int:
    return max(width, min(WIDER * width, WIDEST))


def with_right_labels(run: Description) -> Twin | None:
    """The same on the labels as they came, where lossbench made some of them wrong; of others nobody knows which are."""
    if run["dataset"]["word"] != "noisy":
        return None
    return Twin(change="on the right labels", description={**run, "dataset": run["dataset"]["of"]})


def with_other_class_weights(run: Description) -> Twin | None:
    """The same with all examples counted alike where classes were weighed, and with all classes alike where they were not.

    None for models that no engine trains with weights.
    """
    if run["model"]["word"] not in WEIGHING:
        return None
    changed = {name: value for name, value in run.items() if name != "class_weights"}
    if "class_weights" in run:
        return Twin(change="without class weights", description=changed)
    return Twin(change="with all classes counted alike", description={**changed, "class_weights": "balanced"})
