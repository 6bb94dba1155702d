"""Figure kind `curves`: recorded quantities along the training, with bands over the seeds and published curves on top."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from lossbench import tables
from lossbench.analysis.comparison import Contender
from lossbench.analysis.curves import Band, Curves
from lossbench.claims.figure_kinds.grid import LineKind, Panelled, filled, grid, note, span
from lossbench.claims.figure_kinds.groups import emphasised
from lossbench.claims.figure_kinds.parts import Heading
from lossbench.claims.measurement import Records, answering, curve
from lossbench.claims.schema import LONE, Score
from lossbench.errors import BadInput
from lossbench.plots.chart import Axis, Chart, Line, draw_chart
from lossbench.plots.picture import Picture

_CONTENT_KEYS = ("column", "across", "published", "theory")


@dataclass(frozen=True, kw_only=True)
class Course(Panelled):
    """What the file says of such a figure: a recorded column, published curves, formulas.

    With `steps_per_epoch` it counts in epochs. x_scale is even, or log, which keeps the start in view.
    """

    column: str | None = None
    across: str | None = None
    published: Any = None
    theory: Any = None
    steps_per_epoch: float = 1.0
    x_label: str | None = None
    x_scale: Literal["even", "log"] = "even"
    x_limits: tuple[float, ...] | None = None
    height: float | None = None

    def __post_init__(self) -> None:
        if not self.steps_per_epoch > 0:
            raise BadInput(f"steps_per_epoch is {self.steps_per_epoch:g}; it is more than 0.")


def draw_course(figure: Course, heading: Heading, records: Records) -> Picture:
    """The figure. Raises BadInput where a column, a run or a file is not there."""

    def line(content: Mapping[str, Any], own: Records, who: Contender) -> Line | None:
        return _line(_score(content), own, who, figure.steps_per_epoch)

    made = grid(figure, _CONTENT_KEYS, heading.losses)
    shown = filled(made, records, heading, LineKind(draw=line, axis=partial(_axis, records.curves)))
    chart = Chart(
        name=heading.name,
        title=heading.title,
        note=note(shown, "One seed: a line is one run.", dots=False),
        heads=shown.heads,
        x=Axis(
            label=figure.x_label or ("training steps" if figure.steps_per_epoch == 1 else "epochs"),
            scale="steps" if figure.x_scale == "log" else "even",
            limits=span("x_limits", figure.x_limits),
        ),
        rows=shown.rows,
        looks=emphasised(shown.looks),
        height=figure.height,
    )
    return draw_chart(chart)


def _score(content: Mapping[str, Any]) -> Score:
    if not content.get("column"):
        raise BadInput("it names no column for some line: what is drawn?")
    return Score(of=content.get("of") or {}, column=content["column"], across=content.get("across"))


def _axis(curves: Curves, content: Mapping[str, Any]) -> Axis:
    described = curves.quantity(content["column"].partition(tables.LAYER)[0])
    return Axis(label=described.label, scale="share" if described.share and not content.get("across") else "auto")


def _line(score: Score, records: Records, who: Contender, steps_per_epoch: float) -> Line | None:
    runs = answering(score.of, records.runs, records)
    band = _band(score, tuple(runs[tables.RUN]), records.curves)
    if not len(band.steps):
        return None
    diverged = runs[tables.OUTCOME] == "diverged"
    return Line(
        who=who,
        x=band.steps / steps_per_epoch,
        middle=band.middle,
        low=band.low,
        high=band.high,
        seeds=len(runs),
        cut=bool(2 * diverged.sum() > len(runs)),
    )


def _band(score: Score, runs: tuple[str, ...], curves: Curves) -> Band:
    """The band of what becomes of a score's columns."""
    combined = np.full(len(curves.columns[tables.STEPS]), np.nan)
    for run in runs:
        if run in curves.slices:  # a run that diverged at once has no records
            combined[curves.slices[run]] = curve(score, run, curves)
    return Curves({tables.STEPS: curves.columns[tables.STEPS], LONE: combined}, curves.slices).band(runs, LONE)
