"""One network, trained on examples that are all there is: what an estimator's fit does, without a study and a store."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from numbers import Integral, Real
from typing import Any

import numpy as np

from lossbench.comparison.given import losses_of
from lossbench.engines import engine_of
from lossbench.errors import BadInput, Failure
from lossbench.interfaces import Array, DataShape, Dense, Loss, Split, Task
from lossbench.interfaces.domain import SPOKEN, target_range
from lossbench.planning.instances import instance
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec
from lossbench.planning.target_contract import settled

Layers = tuple[Dense[Array], ...]
_ENDS = Recording(
    schedule=RecordingSchedule(kind="linear", points=2), probes=("gradient_norms",), keep=("parameters",)
)  # the least that an engine records
_ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "sigmoid": lambda z: 0.5 * (1 + np.tanh(0.5 * z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
}


def settled_loss(given: Any, task: Task, y: Array) -> Loss:
    """The loss with its link settled for targets (N, T). Raises BadInput where it has no meaning for them."""
    known = DataShape(
        rows=len(y), test_rows=0, inputs=(), targets=y.shape[1], task=task, class_counts=(), target_range=target_range(y)
    )
    return settled(loss_of(given), known)


def loss_of(given: Any) -> Loss:
    """The loss of a word with options ("focal,gamma=3"), MODULE:NAME, an instance or a class. Raises BadInput."""
    return _worded(given) if isinstance(given, str) else next(iter(losses_of([given]).values()))


@cache
def _worded(text: str) -> Loss:
    """A loss by its words, which are composed once: a search over a grid fits many times."""
    return next(iter(losses_of([text]).values()))


def refuse_targets(loss: Loss, y: Array) -> None:
    """Raise BadInput where targets (N, T) do not lie in the domain of a loss, its link being settled."""
    if not target_range(y).lies_in(loss.domain):
        raise BadInput(
            f"The loss {loss.word!r} takes as targets {SPOKEN[loss.domain]}; these lie between {y.min():.4g} and {y.max():.4g}."
        )


def trained(split: Split, loss: Loss, settings: Mapping[str, Any]) -> Layers:
    """The layers of a network after training on a split's training data, features (N, D) and targets (N, T).

    `settings` are an estimator's: hidden, activation, optimizer, lr, epochs, batch and seed. Raises BadInput where one makes no
    sense, Failure where training diverged.
    """
    run = _run(len(split.train_x), loss, settings)
    (trace,) = engine_of(run.model).train(Cohort(runs=(run,), recording=_ENDS), split)
    if not isinstance(trace.parameters, tuple):
        raise Failure(f"Training with the loss {loss.word!r} diverged at step {trace.stopped:,}; a smaller lr may mend it.")
    return trace.parameters


def raw_outputs(layers: Layers, activation: str, x: Array) -> Array:
    """z (C, N) of features x (N, D)."""
    units = x.T
    for layer in layers[:-1]:
        units = _ACTIVATIONS[activation](layer.weight @ units + layer.bias)
    z: Array = layers[-1].weight @ units + layers[-1].bias
    return z


def _run(rows: int, loss: Loss, settings: Mapping[str, Any]) -> RunSpec:
    _refuse_kinds(settings)
    batch = min(settings["batch"], rows)
    hidden = {"word": "mlp", "hidden": tuple(settings["hidden"]), "activation": settings["activation"]}
    rule = settings["optimizer"]
    described = {
        "model": hidden if settings["hidden"] else {"word": "logistic"},
        "init": {"word": "glorot"},
        "dataset": {"word": "in_memory", "content": "", "target": "y"},  # which is not looked up
        "optimizer": {"word": rule} if isinstance(rule, str) else rule,
    }
    parts: dict[str, Any] = {noun: instance(noun, given) for noun, given in described.items()}
    parts["optimizer"] = replace(parts["optimizer"], lr=float(settings["lr"]))
    steps = settings["epochs"] * (rows // batch)
    return RunSpec(loss=loss, data="", seed=settings["seed"], steps=steps, batch=batch, **parts)


def _refuse_kinds(settings: Mapping[str, Any]) -> None:
    """Raise BadInput for settings that are no numbers of their kind, before arithmetic would meet them with a TypeError."""
    for name in ("epochs", "batch"):
        value = settings[name]
        if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
            raise BadInput(f"{name} is {value!r}; it is a whole number, 1 or more.")
    if isinstance(settings["lr"], bool) or not isinstance(settings["lr"], Real):
        raise BadInput(f"lr is {settings['lr']!r}; it is a number above 0.")
    if isinstance(settings["hidden"], str) or not isinstance(settings["hidden"], Iterable):
        raise BadInput(f"hidden is {settings['hidden']!r}; it is a tuple of widths, such as (32,), or () for a linear model.")
