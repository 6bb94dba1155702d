"""What a page keeps of a study's records: every run, at some of its steps, by the quantities that figures show."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench import tables
from lossbench.analysis import formatting, labels
from lossbench.analysis.comparison import Comparison
from lossbench.analysis.curves import Curves
from lossbench.analysis.factors import FACTORS, factored
from lossbench.analysis.results import Results
from lossbench.plots.convergence import shared_columns
from lossbench.plots.factors import LABELS
from lossbench.plots.style import strokes
from lossbench.report.explorer.packing import packed
from lossbench.report.speeds import most_apart

RecordNumbers = NDArray[np.int64]
NUMBERS = 600_000  # that a page holds at most; each takes 2.7 letters
FEWEST_STEPS = 8  # a curve of fewer says nothing
RUN_COLUMNS = ("id", "setting", "loss", "rate", "seed", "split", "diverged", "judges")
NOT_WORDS = ("data", tables.RUN)  # of a run's description: a fingerprint, and its id, which stands beside it


def explorer_data(results: Results) -> dict[str, Any] | None:
    """The data of the explorer as JSON has it; None where nothing was recorded, or runs are so many that no page holds them."""
    curves, everything = factored(results.curves), results.everything
    columns = _columns(results, curves)
    runs = [run for sample in everything.samples for run in sample.runs]
    most = NUMBERS // max(1, len(runs) * len(columns))
    if not columns or most < FEWEST_STEPS:
        return None
    kept_records = _kept_records(everything, curves, most)
    kept, recorded = (sum(map(len, part)) for part in (kept_records.values(), (curves.steps(run) for run in runs)))
    looks = strokes(everything.contenders)
    return {
        "losses": [{"label": c.label, "colour": looks[c].colour, "dash": looks[c].dash} for c in everything.contenders],
        "settings": [setting.label for setting in everything.settings],
        "plainest": _plainest(results),
        "rates": _rates(everything),
        "own": len(results.chosen.settings) == len(everything.settings),
        "measures": [_measure(column, curves, kept_records) for column in columns],
        "runs": _runs(results, curves, kept_records),
        "words": _descriptions(results, list(kept_records)),
        "thinned": _thinned(kept, recorded, curves, columns),
    }


def _columns(results: Results, curves: Curves) -> list[str]:
    """The quantities of the report's figures that were recorded, those that rank first."""
    first = [board.measure.column for board in results.boards]
    own = [name for name in (tables.TRAIN + tables.LOSS, tables.TEST + tables.LOSS) if name in curves.columns]
    factors = [name for name in FACTORS if name in curves.columns]
    layers = [name for stem in (tables.GRADIENT_WEIGHTS, tables.SATURATED) for name in curves.layers(stem)]
    named = dict.fromkeys([*first, *shared_columns(curves), *own, *factors, *layers])
    return [name for name in named if np.isfinite(curves.columns[name]).any()]


def _rates(everything: Comparison) -> list[float]:
    """The learning rates that were tried, ascending; an optimizer without one has none."""
    return sorted({sample.rate for sample in everything.samples if np.isfinite(sample.rate)})


def _kept_records(everything: Comparison, curves: Curves, most: int) -> dict[str, RecordNumbers]:
    """Which of a run's records are kept, by run: steps that its setting has in common, and its last one."""
    kept_records: dict[str, RecordNumbers] = {}
    for setting in everything.settings:
        runs = [run for sample in everything.within(setting) for run in sample.runs]
        steps = np.unique(np.concatenate([curves.steps(run) for run in runs]))
        grid = steps[np.unique(np.rint(np.linspace(0, len(steps) - 1, min(most, len(steps)))).astype(int))]
        for run in runs:
            own = curves.steps(run)
            kept = np.isin(own, grid)
            kept[-1:] = True
            kept_records[run] = np.flatnonzero(kept)
    return kept_records


def _measure(column: str, curves: Curves, kept_records: dict[str, RecordNumbers]) -> dict[str, Any]:
    quantity = curves.quantity(column)
    values = [curves.values(run, column)[kept] for run, kept in kept_records.items()]
    return {
        "column": column,
        "title": LABELS.get(column, quantity.title if quantity.share else quantity.label).lstrip("×= "),
        "share": quantity.share,
        "better": quantity.better,
        "geometric": column in FACTORS,
        **asdict(packed(np.concatenate(values))),
    }


def _runs(results: Results, curves: Curves, kept_records: dict[str, RecordNumbers]) -> dict[str, Any]:
    """A list for each thing that is known of a run, in the order in which `kept_records` has the runs."""
    everything = results.everything
    rates = _rates(everything)
    judging = {run for sample in results.chosen.samples for run in sample.runs}
    rows = {}
    for sample in everything.samples:
        setting, loss = everything.settings.index(sample.setting), everything.contenders.index(sample.contender)
        rate = rates.index(sample.rate) if np.isfinite(sample.rate) else -1
        for run, block, diverged in zip(sample.runs, sample.blocks, sample.diverged, strict=True):
            rows[run] = (run, setting, loss, rate, *block, int(diverged), int(run in judging))
    columns = zip(*(rows[run] for run in kept_records), strict=True)
    steps = [tuple(map(int, curves.steps(run)[kept])) for run, kept in kept_records.items()]
    grids = {own: number for number, own in enumerate(dict.fromkeys(steps))}
    return {
        **dict(zip(RUN_COLUMNS, map(list, columns), strict=True)),
        "grid": [grids[own] for own in steps],
        "grids": [list(own) for own in grids],
    }


def _descriptions(results: Results, runs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What runs differ in, by word or option: the values there are, and which of them each run has."""
    texts = labels.spell(results.study.runs).set_index(results.study.runs[tables.RUN]).loc[list(runs)]
    coded = {}
    for name in (name for name in texts.columns if name not in NOT_WORDS and texts[name].nunique() > 1):
        values = sorted(set(texts[name]), key=labels.natural)
        number = {value: index for index, value in enumerate(values)}
        coded[str(name)] = {"values": values, "codes": [number[value] for value in texts[name]]}
    return coded


def _plainest(results: Results) -> int:
    """The setting that is shown first: that in which losses differ most."""
    ranked = [board for board in results.boards if board.ranked]
    settings = results.everything.settings
    plainest = most_apart(ranked).setting if ranked else settings[0]
    return settings.index(plainest) if plainest in settings else 0


def _thinned(kept: int, recorded: int, curves: Curves, columns: Sequence[str]) -> str:
    """What of the records this page holds, in a sentence or two."""
    every = [name for name in curves.columns if name != tables.STEPS]
    steps = "every recorded step" if kept == recorded else f"{kept:,} of {recorded:,} recorded steps of all runs together"
    left = len(every) - len(columns)
    stay = "stays" if left == 1 else "stay"
    others = f" {formatting.counted(left, 'other recorded column')} {stay} in the study's folder." if left else ""
    return (
        f"This part of the page holds {steps}, by {formatting.counted(len(columns), 'quantity', 'quantities')}, "
        f"each number to about four digits.{others}"
    )
