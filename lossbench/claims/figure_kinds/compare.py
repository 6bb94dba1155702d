"""Figure kind `compare`: a measure of each loss in each case, as dots with intervals, beside what was published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbench.analysis import formatting
from lossbench.analysis.comparison import Contender
from lossbench.analysis.curves import Curves
from lossbench.claims.figure_kinds.grid import CellIndex, Content, Panelled, cells_of, grid, looks_of, span
from lossbench.claims.figure_kinds.parts import Heading, Part
from lossbench.claims.figure_kinds.scores import MEASURED, score_axis
from lossbench.claims.measurement import Records, measure
from lossbench.claims.schema import measure_of
from lossbench.claims.verdict import estimated
from lossbench.errors import BadInput
from lossbench.plots.chart import Axis
from lossbench.plots.dots import Dots, Mark, draw_dots
from lossbench.plots.picture import Picture

MOST_PANELS = 3
_MEASURES = (*MEASURED, "along", "reduce", "over")
_CONTENT_KEYS = (*_MEASURES, "published")
_SUMMARIES = {"median": "medians", "mean": "means", "share": "shares"}
_CROSS = " Crosses at the edge: diverged, or never got there."


@dataclass(frozen=True, kw_only=True)
class Case(Panelled):
    """What the file says of such a figure: a measure as in claims, for every row, panel and line.

    `published` is a number or a range [low, high], `published_label` names its source.
    """

    column: str | None = None
    across: str | None = None
    score: str | None = None
    scores: Any = None
    value: str | None = None
    along: Any = None
    reduce: str | None = None
    over: str | None = None
    published: Any = None
    published_label: str = "published"


def draw_case(figure: Case, heading: Heading, records: Records) -> Picture:
    """The figure. Raises BadInput where a column or a run is not there, or what is published is no number or range."""
    made = grid(figure, _CONTENT_KEYS, heading.losses, measured="panels")
    if len(made.panels) > MOST_PANELS:
        raise BadInput(f"it has {len(made.panels)} panels; up to {MOST_PANELS} find room side by side.")
    cells = cells_of(made, records)
    strokes = looks_of(made, cells, heading.losses)
    contenders = {who.label: who for who in strokes}
    marks = {
        index: _mark(content, own, contenders[made.lines[index[2]].title], heading)
        for index, (content, own) in sorted(cells.items(), key=lambda cell: cell[0])
    }
    dots = Dots(
        name=heading.name,
        title=heading.title,
        note=_note(figure.over or "median", list(marks.values())),
        rows=tuple(row.title for row in made.rows),
        panels=tuple(
            (panel.title, _axis(records.curves, panel, made.base), _rows(marks, j, len(made.rows)))
            for j, panel in enumerate(made.panels)
        ),
        looks=strokes,
        published=figure.published_label,
    )
    return draw_dots(dots)


def _rows(marks: Mapping[CellIndex, Mark], panel: int, rows: int) -> tuple[tuple[Mark, ...], ...]:
    return tuple(tuple(mark for (i, j, _), mark in marks.items() if (i, j) == (row, panel)) for row in range(rows))


def _mark(content: Content, records: Records, who: Contender, heading: Heading) -> Mark:
    stated = {name: content[name] for name in _MEASURES if content.get(name) is not None}
    measured = measure_of({**stated, "of": content.get("of") or {}}, heading.where)
    values = np.asarray(measure(measured, records), dtype=np.float64)
    _, estimate = estimated(measured, values)
    return Mark(who=who, estimate=estimate, seeds=len(values), published=_published(content.get("published")))


def _note(over: str, marks: Sequence[Mark]) -> str:
    """What dots, lines and crosses are."""
    summary = _SUMMARIES.get(over, f"{over}, as it falls out in the middle,")
    methods = {mark.estimate.method for mark in marks} - {"none", "equal"}
    whole = "from the smallest to the largest"
    intervals = f"95 % intervals{f', with few seeds {whole}' if 'range' in methods else ''}"
    lines = f" Lines: {whole if methods == {'range'} else intervals}." if methods else ""
    crosses = _CROSS if any(np.isinf(mark.estimate.centre) for mark in marks) else ""
    return f"Dots: {summary} of {formatting.spread([mark.seeds for mark in marks], 'seed')}.{lines}{crosses}"


def _published(stated: Any) -> tuple[float, float] | None:
    if stated is None:
        return None
    ends = stated if isinstance(stated, list | tuple) else [stated]
    numbers = [float(end) for end in ends if isinstance(end, int | float) and not isinstance(end, bool)]
    if len(numbers) != len(ends) or len(numbers) not in (1, 2):
        raise BadInput(f"published is {stated!r}; it is a number or a range [low, high].")
    return numbers[0], numbers[-1]


def _axis(curves: Curves, panel: Part, base: Content) -> Axis:
    content = {**base, **panel.over}
    usual = score_axis(curves, content)
    return Axis(
        label=content["label"] or usual.label, scale=content["scale"] or usual.scale, limits=span("limits", content["limits"])
    )
