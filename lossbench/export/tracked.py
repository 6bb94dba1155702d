"""A study as tracking tools see one: runs with a name, parameters, and numbers by step."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbench.analysis.comparison import Sample
from lossbench.analysis.formatting import spoken
from lossbench.analysis.labels import SEED
from lossbench.analysis.statistics import Values
from lossbench.export.choice import Choice
from lossbench.export.tidy import aggregates, identity
from lossbench.tables import RUN, STEPS, content_hash

ENDS = ("median", "low", "high")


@dataclass(frozen=True, kw_only=True)
class TrackedRun:
    """What a tool lists as one run. `curves` are steps (T,) and values (T,) by name; `parameters` are those that it has."""

    path: str
    parameters: Mapping[str, str | float]
    curves: Mapping[str, tuple[Values, Values]]


def tracked_runs(choice: Choice) -> Iterator[TrackedRun]:
    """A run for each sample, with METRIC/median, /low and /high over its seeds, and where asked for each single run behind it."""
    rows = choice.study.runs.set_index(RUN)
    for sample in choice.samples:
        path = choice.path_of[sample] or choice.study.folder.name
        yield TrackedRun(path=path, parameters=_parameters(choice, sample), curves=_aggregated(choice, sample))
        for run, seed in zip(sample.runs, sample.seeds, strict=True) if choice.runs else ():
            twin = f" {run}" if sample.seeds.count(seed) > 1 else ""
            curves = {name: _finite(choice, run, name) for name in choice.recorded(run)}
            parameters = _known({RUN: run, **{str(name): value for name, value in rows.loc[run].items()}})
            yield TrackedRun(path=f"{path}/{SEED} {seed}{twin}", parameters=parameters, curves=curves)


def content(run: TrackedRun) -> str:
    """A hash of a run's parameters and numbers, by which an export knows what an earlier one wrote."""
    curves = {name: [steps.tolist(), values.tolist()] for name, (steps, values) in run.curves.items()}
    return content_hash(json.dumps([run.parameters, curves], default=str).encode())


def _parameters(choice: Choice, sample: Sample) -> dict[str, str | float]:
    counts = {"runs": len(sample.runs), "diverged": sum(sample.diverged)}
    return _known({"study": choice.study.folder.name} | identity(sample) | counts)


def _known(values: Mapping[str, Any]) -> dict[str, str | float]:
    """The values that there are: numbers as numbers, all else as text."""
    texts = {name: spoken(value) for name, value in values.items()}
    return {name: value if isinstance(value := values[name], int | float) else text for name, text in texts.items() if text}


def _aggregated(choice: Choice, sample: Sample) -> dict[str, tuple[Values, Values]]:
    return {f"{metric}/{end}": (columns[STEPS], columns[end]) for metric, columns in aggregates(choice, sample) for end in ENDS}


def _finite(choice: Choice, run: str, column: str) -> tuple[Values, Values]:
    steps, (values,) = choice.curves.matrix([run], column)
    return steps[~np.isnan(values)], values[~np.isnan(values)]
