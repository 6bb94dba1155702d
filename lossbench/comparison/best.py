"""The loss that is placed first, trained again: a threshold by validation data, and a network that learnt from every row."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lossbench.comparison.choice import Chosen, Contestant
from lossbench.comparison.fitted import PART, FittedModel
from lossbench.data.in_memory import from_frame
from lossbench.data.loading import describe, load
from lossbench.data.tabular import Tabular
from lossbench.engines import engine_of
from lossbench.errors import BadInput, Failure
from lossbench.interfaces import Array, Dense, says_layers
from lossbench.interfaces.dataset import training_targets
from lossbench.interfaces.metric import Outputs
from lossbench.kernels.activations import ACTIVATIONS
from lossbench.planning.spec import Cohort, Recording, RecordingSchedule, RunSpec
from lossbench.planning.target_contract import innermost
from lossbench.registry import find

MOST_SEEDS = 5  # whose validation data choose a threshold
DECIDED_BY = ("accuracy", "balanced_accuracy", "macro_f1", "matthews_correlation")  # metrics that a threshold changes
OTHERWISE = "macro_f1"  # what chooses the threshold where the metric that judges needs none
CANDIDATES = 199  # thresholds that are tried, at even shares of the validation examples
_SPLIT = ("seed", "test_fraction", "folds", "fold", "test_rows", "held_out", "split_column", "split_file")
Layers = tuple[tuple[Array, Array, str | None], ...]


def fitted_model(one: Contestant, specs: Mapping[str, RunSpec], metric: str) -> FittedModel:
    """The network of a loss, trained on every row of its table for as many steps as were judged; `specs` are runs by id.

    Raises BadInput where the data are no table, or the model is no chain of dense layers, Failure where it diverges.
    """
    run = specs[one.usual.run]
    table = innermost(run.dataset)
    if not isinstance(table, Tabular) or not says_layers(run.model):
        raise BadInput(
            f"The best model is made for tables and chains of dense layers; this is {table.word} and {run.model.word}."
        )
    frame, options = _every_row(table, run)
    dataset = from_frame(frame.assign(**{PART: ["train"] * (len(frame) - 1) + ["test"]}), split_column=PART, **options)
    steps = int(np.median([chosen.step for chosen in one.chosen if one.usually(chosen)]))
    again = replace(run, dataset=dataset, data=describe(dataset).fingerprint, steps=steps)
    return FittedModel(
        loss=one.label,
        described=None if run.loss.foreign_module else run.loss.informed(training_targets(load(dataset).split)).describe(),
        link=run.loss.link,
        rate=one.usual.rate,
        threshold=threshold(one, specs, metric),
        layers=trained_layers(again, steps),
        table=frame.iloc[:-1],
        options=options,
        classes=describe(run.dataset).shape.classes,
    )


def _every_row(table: Tabular, run: RunSpec) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The rows of a table, the first once more as the one that a split must test, and the options by which it is read."""
    frame, _ = table.table()
    shape = describe(run.dataset).shape
    known = {field.name for field in fields(Tabular)} - {*_SPLIT, "ignore"}
    options = {name: getattr(table, name) for name in known}
    options |= {"task": shape.task}
    if shape.classes is not None and len(shape.classes) == 2 and shape.task == "classification":
        options["positive"] = shape.classes[1]
    left = [name for name in (*table.ignore, table.split_column) if name is not None]
    frame = frame.drop(columns=left).reset_index(drop=True)
    if table.missing == "drop":
        frame = frame.dropna().reset_index(drop=True)
    return pd.concat([frame, frame.head(1)], ignore_index=True), options


def threshold(one: Contestant, specs: Mapping[str, RunSpec], metric: str) -> float:
    """The raw output above which class 1 of two is decided for: what does best on the validation data of the first seeds.

    It is chosen by the metric that judges, where decisions change it, else by macro F1; of thresholds that do as well the one
    nearest to the loss's own boundary. The boundary itself, where there are several classes or none.
    """
    runs = [(specs[choice.run], choice) for choice in one.chosen[:MOST_SEEDS] if not choice.diverged]
    loss = runs[0][0].loss if runs else None
    if loss is None or describe(runs[0][0].dataset).shape.task != "classification":
        return 0.0 if loss is None else loss.boundary
    sides = [_validation_outputs(run, choice) for run, choice in runs]
    if any(len(z) > 1 or len(y) > 1 for z, y in sides):
        return loss.boundary
    word = metric if metric in DECIDED_BY else OTHERWISE
    judge = find("metric", word)()
    pooled = torch.cat([z[0] for z, _ in sides])
    shares = torch.linspace(0, 1, CANDIDATES + 2, dtype=pooled.dtype)[1:-1]
    tried = [loss.boundary, *np.unique(torch.quantile(pooled, shares).numpy()).tolist()]
    worth = [np.mean([_measured(judge, z - at + loss.boundary, y, loss) for z, y in sides]) for at in tried]
    best = [at for at, value in zip(tried, worth, strict=True) if value == max(worth)]
    return float(min(best, key=lambda at: abs(at - loss.boundary)))


def spoken_threshold(at: float, link: str) -> str:
    """A threshold as it is read: a probability where the link gives one, else a raw output."""
    return f"probability {1 / (1 + np.exp(-at)):.3g}" if link == "sigmoid" else f"raw output {at:.3g}"


def threshold_sentence(one: Contestant, specs: Mapping[str, RunSpec], metric: str) -> str:
    """The threshold and how it was chosen, in words; "" where there are not two classes, or the network is no chain."""
    run = specs[one.chosen[0].run]
    shape = describe(run.dataset).shape
    if shape.task != "classification" or shape.targets != 1 or not says_layers(run.model) or run.loss.raw_outputs(1) != 1:
        return ""
    word = metric if metric in DECIDED_BY else OTHERWISE
    at = spoken_threshold(threshold(one, specs, metric), run.loss.link)
    name = "" if shape.classes is None else f" for {shape.classes[1]}"
    return f", and decide{name} above {at}, which validation data chose by {find('metric', word).quantity.title}"  # type: ignore[attr-defined]


def _measured(judge: Any, z: Tensor, y: Tensor, loss: Any) -> float:
    return float(judge.measure(Outputs(z, y, loss, "classification")).mean())


def _validation_outputs(run: RunSpec, choice: Chosen) -> tuple[Tensor, Tensor]:
    """Raw outputs (C, N) and targets (T, N) of the validation data of a run, trained again to the step that was chosen."""
    split = load(run.dataset).split
    if not says_layers(run.model) or split.validation_x is None or split.validation_y is None:
        empty = torch.zeros(2, 0)
        return empty, empty
    units = torch.from_numpy(split.validation_x.T.copy())
    for weight, bias, word in trained_layers(run, int(choice.step)):
        units = torch.from_numpy(weight) @ units + torch.from_numpy(bias)
        ACTIVATIONS[word].apply(units)
    return units, torch.from_numpy(split.validation_y.T.copy())


def trained_layers(run: RunSpec, step: int) -> Layers:
    """The layers of a run's network at a step. Raises Failure where it diverged."""
    split = load(run.dataset).split
    word = f"step:{step}"
    recording = Recording(schedule=RecordingSchedule(kind="linear", points=2), probes=("gradient_norms",), keep=(word,))
    (trace,) = engine_of(run.model).train(Cohort(runs=(run,), recording=recording), split)
    parameters: Sequence[Dense[Array]] | Any = trace.moments.get(word)
    if not isinstance(parameters, tuple):
        raise Failure(f"Training {run.loss.word} again on every row diverged at step {trace.stopped:,}.")
    layers = run.model.layers(split.train_x.shape[1], run.loss.raw_outputs(split.train_y.shape[1]))
    return tuple(
        (part.weight.astype(np.float64), part.bias.astype(np.float64), layer.activation)
        for part, layer in zip(parameters, layers, strict=True)
    )
