"""Figure kind `scores`: what became of the runs, over a swept number such as a start, a rate or a share of wrong labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from lossbench.analysis.comparison import Contender
from lossbench.analysis.curves import Curves, band_ends
from lossbench.analysis.labels import RATE, SEED, title
from lossbench.analysis.statistics import Values
from lossbench.claims.figure_kinds.grid import LineKind, Panelled, filled, grid, note, span
from lossbench.claims.figure_kinds.groups import grouped
from lossbench.claims.figure_kinds.parts import Heading
from lossbench.claims.formula import evaluate
from lossbench.claims.measurement import Records, score_runs
from lossbench.claims.schema import Measure, measure_of
from lossbench.errors import BadInput
from lossbench.plots.chart import Axis, Chart, Line, draw_chart
from lossbench.plots.picture import Picture

MEASURED = ("column", "across", "score", "scores", "value")
_CONTENT_KEYS = (*MEASURED, "published", "theory")
_FINAL = {"final": "final {}", "best": "best {}", "highest": "highest {}", "lowest": "lowest {}", "first": "{} at the start"}


@dataclass(frozen=True, kw_only=True)
class Sweep(Panelled):
    """What the file says of such a figure: a score as in claims, over the spec column x. In formulas `rate` is the learning rate.

    `groups` are titles with a filter each: lines share the colour of the first group that has their runs, which keeps forty
    of them readable.
    """

    x: str
    column: str | None = None
    across: str | None = None
    score: str | None = None
    scores: Any = None
    value: str | None = None
    published: Any = None
    theory: Any = None
    groups: Any = None
    x_label: str | None = None
    x_scale: Literal["even", "log"] | None = None  # log for a learning rate, else even
    x_limits: tuple[float, ...] | None = None
    seeds: Literal["band", "dots"] = "band"
    height: float | None = None


def draw_sweep(figure: Sweep, heading: Heading, records: Records) -> Picture:
    """The figure. Raises BadInput where a column or a run is not there, or x holds no numbers."""

    def line(content: Mapping[str, Any], own: Records, who: Contender) -> Line | None:
        return _line(_measured(content, heading.where), own, who, figure)

    made = grid(figure, _CONTENT_KEYS, heading.losses)
    shown = filled(made, records, heading, LineKind(draw=line, axis=partial(score_axis, records.curves)))
    looks, groups = grouped(figure.groups, shown.looks, made, records)
    chart = Chart(
        name=heading.name,
        title=heading.title,
        note=note(shown, "One seed: a point is one run.", dots=figure.seeds == "dots"),
        heads=shown.heads,
        x=Axis(
            label=figure.x_label or title(figure.x),
            scale=figure.x_scale or ("log" if figure.x == RATE else "even"),
            limits=span("x_limits", figure.x_limits),
        ),
        rows=shown.rows,
        looks=looks,
        groups=groups,
        height=figure.height,
    )
    return draw_chart(chart)


def _measured(content: Mapping[str, Any], where: str) -> Measure:
    stated = {name: content[name] for name in MEASURED if content.get(name) is not None}
    return measure_of({**stated, "of": content.get("of") or {}}, where)


def score_axis(curves: Curves, content: Mapping[str, Any]) -> Axis:
    """The label of a plain score; of a formula, the formula, which is seldom what a reader wants to see."""
    if content.get("value") or not content.get("column"):
        return Axis(label=content.get("value") or "", scale="auto")
    score, described = content.get("score") or "final", curves.quantity(content["column"])
    if score.startswith(("steps", "step of")):
        return Axis(label="training steps", scale="auto")
    label = "{} at the start" if score == "at 0" else _FINAL.get(score, "{} " + score.replace("at ", "at step "))
    share = described.share and not content.get("across")
    return Axis(label=label.format(described.label), scale="share" if share else "auto")


def _line(measured: Measure, records: Records, who: Contender, figure: Sweep) -> Line | None:
    """The median over the seeds at each x that all scores have. What never happened is infinite."""
    if figure.x not in records.runs or pd.to_numeric(records.runs[figure.x], errors="coerce").isna().any():
        raise BadInput(f"x is {figure.x!r}, which is no number in every run it is about.")
    scored = [score_runs(score, records, figure.x).rename(score.name) for score in measured.scores]
    frame = pd.concat(scored, axis=1, join="inner").reset_index()
    frame["rate"] = _rates(records, figure.x, frame)
    values = pd.Series(evaluate(measured.value, frame, "value"), index=[frame[SEED], frame["x"]]).unstack()  # noqa: PD010
    if values.isna().to_numpy().all():
        return None
    low, high = band_ends(len(values))
    ends = values.quantile([low, high], interpolation="nearest").to_numpy(float)
    return Line(
        who=who,
        x=values.columns.to_numpy(float),
        middle=_finite(values.median().to_numpy(float)),
        low=ends[0],
        high=ends[1],
        seeds=len(values),
        dots=_finite(values.to_numpy(float)) if figure.seeds == "dots" else None,
    )


def _rates(records: Records, x: str, frame: pd.DataFrame) -> "pd.Series[float]":
    """The learning rate at each row's x; NaN where several were tried."""
    if RATE not in records.runs:
        return pd.Series(np.nan, index=frame.index)
    rates = records.runs.groupby(x)[RATE].agg(["min", "max"])
    return frame["x"].map(rates["min"].where(rates["min"] == rates["max"]))


def _finite(values: Values) -> Values:
    return np.where(np.isfinite(values), values, np.nan)
