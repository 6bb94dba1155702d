"""A study as tidy tables: a row an observation, a column a variable, and the same names of columns in every table."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from lossbench.analysis.comparison import Sample
from lossbench.analysis.labels import SEED
from lossbench.analysis.statistics import FEWEST, Values, medians
from lossbench.export.choice import Choice
from lossbench.tables import RUN, STEPS, quantity

RUNS_TABLES = ("runs", "records")  # which are there with single runs only


def tidy_tables(choice: Choice) -> dict[str, pd.DataFrame]:
    """Tables by name: samples, curves and metrics; with single runs also runs and records.

    curves: median and interval over the seeds of each sample, metric and recorded step; `runs` have a number there, and the
    interval is the range of fewer than 6. records: a row a recorded step of a run, a column a metric, NaN where it has none.
    """
    made = {"samples": _samples(choice), "curves": _curves(choice), "metrics": _metrics(choice)}
    return made | (dict(zip(RUNS_TABLES, (choice.study.runs, _records(choice)), strict=True)) if choice.runs else {})


def aggregates(choice: Choice, sample: Sample) -> Iterator[tuple[str, dict[str, Values]]]:
    """Each metric of a sample: its steps, runs, median, low and high, (T,) each, at the steps where some run has a number."""
    for metric in choice.metrics:
        steps, values = choice.curves.matrix(sample.runs, metric)
        runs = (~np.isnan(values)).sum(axis=0)
        columns = dict(zip((STEPS, "runs", "median", "low", "high"), (steps, runs, *medians(values)), strict=True))
        if runs.any():
            yield metric, {name: column[runs > 0] for name, column in columns.items()}


def identity(sample: Sample) -> dict[str, Any]:
    """What tells a sample from others, as the first columns of each table."""
    return {"setting": sample.setting.label, "loss": sample.contender.label, "learning_rate": sample.rate}


def _samples(choice: Choice) -> pd.DataFrame:
    counts = [{"runs": len(sample.runs), "diverged": sum(sample.diverged)} for sample in choice.samples]
    return pd.DataFrame([identity(sample) | count for sample, count in zip(choice.samples, counts, strict=True)])


def _metrics(choice: Choice) -> pd.DataFrame:
    known = [(name, quantity(name, choice.study.quantities)) for name in choice.metrics]
    return pd.DataFrame([{"metric": name, "title": each.title, "unit": each.unit, "better": each.better} for name, each in known])


def _curves(choice: Choice) -> pd.DataFrame:
    parts = [
        pd.DataFrame({**identity(sample), "metric": metric, **columns})
        for sample in choice.samples
        for metric, columns in aggregates(choice, sample)
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.assign(interval=np.where(table["runs"] < FEWEST, "range", "order statistics"))


def _records(choice: Choice) -> pd.DataFrame:
    owners = [
        {RUN: run, **identity(sample), SEED: seed}
        for sample in choice.samples
        for run, seed in zip(sample.runs, sample.seeds, strict=True)
    ]
    return pd.DataFrame(owners).merge(choice.study.records[[RUN, STEPS, *choice.metrics]], on=RUN)
