"""A network that was compared, trained on everything, and what it takes to use it on rows as they come."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lossbench.atomic import write_whole
from lossbench.data.in_memory import from_frame
from lossbench.data.loading import load
from lossbench.errors import BadInput
from lossbench.files.json import parse_json
from lossbench.files.npz import read_npz
from lossbench.interfaces import Array
from lossbench.interfaces.links import LINKS, OUTPUTS
from lossbench.interfaces.metric import Outputs
from lossbench.kernels.activations import ACTIVATIONS
from lossbench.registry import find

FACTS = ("loss", "described", "link", "rate", "threshold", "options", "classes")  # what is stored as text
PARTS = ("weight", "bias")  # of a layer, numbered from the input on
PART = "lossbench part"  # the column that says which rows fitted the preprocessing, and which are new


@dataclass(frozen=True, kw_only=True, eq=False)
class FittedModel:
    """A trained network with the table that it was trained on, by which new rows are prepared as its own were.

    loss: how the comparison calls it. described: its word and options, None of somebody's own loss. rate: its learning rate.
    threshold: the raw output above which class 1 of two is decided for. layers: weight (out, in), bias (out, 1) and activation
    of each. table: the rows it learnt from, target included; options: how a table is read, as `from_frame` takes them.
    """

    loss: str
    described: Mapping[str, Any] | None
    link: str
    rate: float
    threshold: float
    layers: tuple[tuple[Array, Array, str | None], ...]
    table: pd.DataFrame
    options: Mapping[str, Any]
    classes: tuple[str, ...] | None

    def predict(self, rows: Any) -> Array:
        """The class by name, or the number in its own unit, of each row of a data frame as it came (N,): (N,) or (N, T).

        Of several labels at once 1 or 0 for each, (N, T); of several numbers each in its own unit.
        """
        z, scale = self._raw_outputs(rows)
        if self.classes is None:
            numbers: Array = self._after_link(z).T.numpy()
            if numbers.shape[1] == 1:
                alone: Array = numbers[:, 0] * scale.factor + scale.offset
                return alone
            # Of several each has a unit of its own, that of the rows that taught the network.
            learnt = self.table[list(self.options["target"])].to_numpy(np.float64)
            deviations = np.where(learnt.std(0) > 0, learnt.std(0), 1.0)
            own: Array = numbers * deviations + learnt.mean(0)
            return own
        if self.options["task"] == "multilabel":
            labels: Array = (z > self.threshold).long().T.numpy()
            return labels
        index = (z[0] > self.threshold).long() if len(self.classes) == 2 else self._decisions(z)
        names: Array = np.array(self.classes)[index.numpy()]
        return names

    def predict_proba(self, rows: Any) -> Array:
        """Probabilities (N, K) of classes or labels, in the order of `classes`. Raises BadInput where the loss gives none."""
        p = None if self.classes is None else self._probabilities(self._raw_outputs(rows)[0])
        if p is None:
            raise BadInput(f"{self.loss} gives no probabilities. `predict` decides.")
        return p.T.numpy()

    def save(self, path: str | Path) -> Path:
        """Write the model to one file, which `lossbench.load_model` reads; it holds the rows that the model learnt from."""
        table, archive = io.BytesIO(), io.BytesIO()
        self.table.to_parquet(table)
        facts = {name: getattr(self, name) for name in FACTS} | {"activations": [word for _, _, word in self.layers]}
        arrays: dict[str, Any] = {f"{name}{n}": layer[i] for n, layer in enumerate(self.layers) for i, name in enumerate(PARTS)}
        for name, content in (("facts", json.dumps(facts).encode()), ("table", table.getvalue())):
            arrays[name] = np.frombuffer(content, np.uint8)
        np.savez(archive, **arrays)
        write_whole(Path(path), archive.getvalue())
        return Path(path)

    def _decisions(self, z: Tensor) -> Tensor:
        """The number of the class that is decided for (N,), of three classes or more, by raw outputs (C, N)."""
        return z.argmax(OUTPUTS) if self.described is None else self._outputs(z).decisions

    def _probabilities(self, z: Tensor) -> Tensor | None:
        """Probabilities (K, N) of classes or labels by raw outputs (C, N); None where there are none."""
        if self.described is not None:
            return self._outputs(z).probabilities
        if not LINKS[self.link].probabilities:
            return None
        p = LINKS[self.link].value(z)
        if self.options["task"] == "multilabel":
            return p
        p = torch.cat([1 - p, p]) if len(p) == 1 else p
        return p / p.sum(OUTPUTS, keepdim=True)

    def _outputs(self, z: Tensor) -> Outputs:
        """Raw outputs (C, N) as metrics see them, with no truth: a loss of lossbench's own says what they stand for."""
        nothing = z.new_zeros(len(self.classes or ()), z.shape[-1])
        return Outputs(z, nothing, _loss_of(self.described or {}), self.options["task"])

    def _raw_outputs(self, rows: Any) -> tuple[Tensor, Any]:
        """Raw outputs z (C, N) of rows as they came, and the unit of a regression's targets."""
        features, scale = self._features(rows)
        units = torch.from_numpy(features.T.copy())
        for weight, bias, word in self.layers:
            units = torch.from_numpy(weight) @ units + torch.from_numpy(bias)
            ACTIVATIONS[word].apply(units)
        return units, scale

    def _features(self, rows: Any) -> tuple[Array, Any]:
        """Features (N, D) of rows, prepared by what is measured on the model's own, and the unit of its targets."""
        frame = pd.DataFrame(rows, columns=None if hasattr(rows, "columns") else self._feature_names).rename(columns=str)
        lacking = [name for name in self._feature_names if name not in frame.columns]
        if lacking:
            raise BadInput(f"The rows have no column {lacking[0]!r}; the model learnt from {', '.join(self._feature_names)}.")
        others = {name: self.table[name].iloc[0] for name in self.table.columns if name not in self._feature_names}
        new = frame[self._feature_names].assign(**others)[list(self.table.columns)]
        together = pd.concat([self.table.assign(**{PART: "train"}), new.assign(**{PART: "test"})], ignore_index=True)
        split = load(from_frame(together, split_column=PART, **self.options)).split
        if len(split.test_x) != len(frame):
            raise BadInput("Some of the rows have empty cells, and the model learnt from rows that have none.")
        return split.test_x, split.scale

    @cached_property
    def _feature_names(self) -> list[str]:
        target = self.options["target"]
        left = {*([target] if isinstance(target, str) else target), self.options.get("weights")}
        return [name for name in self.table.columns if name not in left]

    def _after_link(self, z: Tensor) -> Tensor:
        a = LINKS[self.link].value(z)
        return a if self.described is None else _loss_of(self.described).prediction(a)


def load_model(path: str | Path) -> FittedModel:
    """The model that `study.best.save` wrote. It runs no code of its file's. Raises BadInput where the file is none."""
    arrays = read_npz(Path(path))
    try:
        facts = parse_json(arrays["facts"].tobytes().decode(), str(path))
        activations = facts.pop("activations")
        layers = tuple((*(arrays[f"{name}{n}"] for name in PARTS), word) for n, word in enumerate(activations))
        table = pd.read_parquet(io.BytesIO(arrays["table"].tobytes()))
        classes = None if facts["classes"] is None else tuple(facts["classes"])
        return FittedModel(**{**facts, "classes": classes}, table=table, layers=layers)
    except BadInput:
        raise
    except Exception as error:  # whatever an archive that holds something else makes its readers raise
        raise BadInput(f"{path} is no model that study.best.save wrote: {type(error).__name__}.") from error


def _loss_of(described: Mapping[str, Any]) -> Any:
    return find("loss", described["word"]).build({name: value for name, value in described.items() if name != "word"})
