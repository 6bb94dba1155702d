"""Figure kind `units`: what becomes of each output unit in single runs, a lane a unit, with what it costs beneath."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lossbench import tables
from lossbench.analysis import formatting
from lossbench.analysis.comparison import Contender
from lossbench.analysis.curves import Curves
from lossbench.analysis.labels import LOSS, SEED, natural
from lossbench.analysis.statistics import Values
from lossbench.claims.figure_kinds.parts import Heading, StudyLosses, joined, looks, parts
from lossbench.claims.measurement import Records, answering
from lossbench.errors import BadInput, unknown
from lossbench.plots.picture import Picture
from lossbench.plots.unit_lanes import Lanes, RunUnits, SilentUnit, draw_lanes

MOST_RUNS = 4  # side by side
Rows = dict[str, tuple[set[str], list[str | None]]]  # title → words of its losses, and the run of each seed
Course = tuple[Values, Values]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """What the file says of such a figure. `column` has a star for the units and holds shares, such as test_recall/*.

    A unit sleeps while its share is below `asleep`; it is told of where that lasts longer than `late`, a share of the training.
    `sleeps` names it, with {} for its number, or the name of its class. Runs of the given seeds stand side by side, one row a
    loss, or a title of `rows`.
    """

    column: str
    beneath: str
    seeds: tuple[int, ...]
    of: Any = field(default_factory=dict)
    rows: Any = LOSS
    asleep: float = 0.05
    late: float = 0.1
    sleeps: str = "{}"
    steps_per_epoch: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.seeds) <= MOST_RUNS:
            raise BadInput(f"seeds names {len(self.seeds)}; one to {MOST_RUNS} find room side by side.")
        if not self.steps_per_epoch > 0:
            raise BadInput(f"steps_per_epoch is {self.steps_per_epoch:g}; it is more than 0.")


def draw_units(figure: Unit, heading: Heading, records: Records) -> Picture:
    """The figure. Raises BadInput where a column was not recorded, or none of the seeds was run."""
    rows = _runs(figure, records, heading.losses)
    strokes = looks(figure.rows, {title: loss_words for title, (loss_words, _) in rows.items()}, heading.losses)
    contenders = {who.label: who for who in strokes}
    if not records.curves.quantity(figure.column).share:
        raise BadInput(
            f"{figure.column} is no share; lanes show shares, such as test_recall/*. The kind `curves` draws the rest."
        )
    columns = _columns(figure.column, records.curves)
    share = records.curves.quantity(figure.beneath)
    if figure.beneath not in records.curves.columns:
        raise unknown("recorded quantity", figure.beneath, set(records.curves.columns) - {tables.STEPS})
    epochs = figure.steps_per_epoch != 1
    lanes = Lanes(
        name=heading.name,
        title=heading.title,
        note="A lane is an output unit, and dark as long as its class is not found. "
        f"It wakes when it is at {100 * figure.asleep:g}{formatting.SPACE}% or more for good.",
        heads=tuple(f"seed {seed}" for seed in figure.seeds),
        rows=tuple(
            (contenders[title], tuple(_run_units(run, columns, figure, records.curves) for run in runs))
            for title, (_, runs) in rows.items()
        ),
        beneath=tuple(_beneath(rows, contenders, number, figure, records.curves) for number in range(len(figure.seeds))),
        looks=strokes,
        label=share.label,
        shade=records.curves.quantity(figure.column.partition(tables.LAYER)[0]).title,
        unit="epoch" if epochs else "step",
        units=_names(columns, records.curves),
        sleeps=figure.sleeps,
        foot="epochs" if epochs else "training steps",
    )
    return draw_lanes(lanes)


def _runs(figure: Unit, records: Records, losses: StudyLosses) -> Rows:
    """For each row the words of its losses, and the run of each seed, None where there is none."""
    rows = {}
    for part in parts(figure.rows, losses, figure.of, ("of",)):
        cell = joined({"of": figure.of}, (part,), records)
        if cell is None:
            continue
        runs = answering(cell[0]["of"], cell[1].runs, records)
        by_seed = dict(zip(runs[SEED], runs[tables.RUN], strict=True))
        if any(seed in by_seed for seed in figure.seeds):
            rows[part.title] = (set(runs[LOSS]), [by_seed.get(seed) for seed in figure.seeds])
    if not rows:
        seeds = sorted({int(seed) for seed in records.runs[SEED]})
        raise BadInput(f"none of the seeds {figure.seeds} was run; seen: {formatting.listed([str(seed) for seed in seeds])}.")
    return rows


def _columns(pattern: str, curves: Curves) -> list[str]:
    matches = [name for name in curves.columns if re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]+"), name)]
    if not matches:
        raise unknown("recorded quantity", pattern, set(curves.columns) - {tables.STEPS})
    return sorted(matches, key=natural)


def _names(columns: list[str], curves: Curves) -> tuple[str, ...]:
    """What the units of the columns are called: by the names of their classes, or else by their numbers."""
    return curves.classes if len(curves.classes) == len(columns) else tuple(map(str, range(len(columns))))


def _run_units(run: str | None, columns: list[str], figure: Unit, curves: Curves) -> RunUnits | None:
    if run is None:
        return None
    x = curves.steps(run) / figure.steps_per_epoch
    values = np.array([curves.values(run, column) for column in columns])
    if np.isnan(values).all() or len(x) < 2:
        raise BadInput(f"{figure.column} was not recorded often enough to be drawn.")
    return RunUnits(x=x, values=values, silent_units=tuple(silent_units(x, values, figure.asleep, figure.late)))


def silent_units(x: Values, values: Values, level: float, late: float) -> list[SilentUnit]:
    """The units below the level at some time after the late share of x, each with when it is above for good, or None.

    x is (T,), values are (units, T).
    """
    silent = []
    for unit, share in enumerate(values):
        below = np.flatnonzero(share < level)
        if len(below) and x[below[-1]] > x[0] + late * (x[-1] - x[0]):
            last = int(below[-1])
            silent.append(SilentUnit(unit=unit, until=float(x[last + 1]) if last + 1 < len(x) else None))
    return silent


def _beneath(rows: Rows, contenders: Mapping[str, Contender], seed: int, figure: Unit, curves: Curves) -> dict[Contender, Course]:
    """The curve beneath the units of one seed, by its position in the figure's `seeds`."""
    run_ids = {title: run for title, (_, runs) in rows.items() if (run := runs[seed]) is not None}
    return {
        contenders[title]: (curves.steps(run) / figure.steps_per_epoch, curves.values(run, figure.beneath))
        for title, run in run_ids.items()
    }
