"""Figure kind `compare`: a measure of each loss in each case, as dots with intervals, beside what was published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lossbench.analysis import prose
from lossbench.analysis.claims.kinds.grid import AXIS, span
from lossbench.analysis.claims.kinds.parts import Heading, Part, joined, looks, parts
from lossbench.analysis.claims.kinds.scores import MEASURED, score_axis
from lossbench.analysis.claims.measuring import Records, measure
from lossbench.analysis.claims.statement import measure_of
from lossbench.analysis.claims.verdict import estimated
from lossbench.analysis.comparison import Contender
from lossbench.analysis.labels import LOSS
from lossbench.analysis.plots.chart import Axis, Scale
from lossbench.analysis.plots.dots import Dots, Mark, draw_dots
from lossbench.analysis.plots.picture import Picture
from lossbench.analysis.statistics import Estimate
from lossbench.errors import BadInput

MOST_PANELS = 3
_MEASURES = (*MEASURED, "along", "reduce", "over")
_SAID = ("of", *_MEASURES, "published")
_TOLD = {"median": "medians", "mean": "means", "share": "shares"}
_CROSS = " Crosses at the edge: diverged, or never got there."
Content = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What the file says of such a figure: a measure as in claims, for every row, panel and line.

    Each of the three is a spec column, or titles with what each says; `published` is a number or a range [low, high],
    `published_label` names its source.
    """

    of: Any = field(default_factory=dict)
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
    rows: Any = None
    panels: Any = None
    lines: Any = "loss"
    label: str | None = None
    scale: Scale | None = None
    limits: tuple[float, ...] | None = None


def draw_case(figure: Case, heading: Heading, records: Records) -> Picture:
    """The figure. Raises BadInput where a column or a run is not there, or what is published is no number or range."""
    base = {name: getattr(figure, name) for name in (*_SAID, *AXIS)}
    of, cast = base["of"], heading.cast
    rows, lines = (parts(split, cast, of, _SAID) for split in (figure.rows, figure.lines))
    panels = parts(figure.panels, cast, of, (*_SAID, *AXIS))
    if len(panels) > MOST_PANELS:
        raise BadInput(f"it has {len(panels)} panels; up to {MOST_PANELS} find room side by side.")
    words: dict[str, set[str]] = {}
    cells = {}
    for i, row in enumerate(rows):
        for j, panel in enumerate(panels):
            for line in lines:
                if cell := joined(base, (row, panel, line), records):
                    cells[i, j, line.title] = cell
                    words.setdefault(line.title, set()).update(cell[1].runs[LOSS])
    strokes = looks(figure.lines, {line.title: words[line.title] for line in lines if line.title in words}, cast)
    people = {who.label: who for who in strokes}
    marks = {place: _mark(content, own, people[place[2]], heading) for place, (content, own) in cells.items()}
    if not marks:
        raise BadInput("no run has what it asks for, so that there is nothing to draw.")
    dots = Dots(
        name=heading.name,
        title=heading.title,
        note=_note(figure.over or "median", [mark.estimate for mark in marks.values()]),
        rows=tuple(row.title for row in rows),
        panels=tuple(
            (
                panel.title,
                _axis(panel, base),
                tuple(tuple(marks[i, j, line.title] for line in lines if (i, j, line.title) in marks) for i in range(len(rows))),
            )
            for j, panel in enumerate(panels)
        ),
        looks=strokes,
        published=figure.published_label,
    )
    return draw_dots(dots)


def _mark(content: Content, records: Records, who: Contender, heading: Heading) -> Mark:
    said = {name: content[name] for name in _MEASURES if content.get(name) is not None}
    measured = measure_of({**said, "of": content.get("of") or {}}, heading.where)
    _, estimate = estimated(measured, np.asarray(measure(measured, records), dtype=np.float64))
    return Mark(who=who, estimate=estimate, published=_published(content.get("published")))


def _note(over: str, estimates: Sequence[Estimate]) -> str:
    """What dots, lines and crosses are."""
    told = f"Dots: {_TOLD.get(over, over)} of {prose.counted(max(estimate.n for estimate in estimates), 'seed')}."
    methods = {estimate.method for estimate in estimates} - {"none", "equal"}
    lines = f" Lines: {'from the smallest to the largest' if methods == {'range'} else '95 % intervals'}." if methods else ""
    return told + lines + (_CROSS if any(np.isinf(estimate.centre) for estimate in estimates) else "")


def _published(said: Any) -> tuple[float, float] | None:
    if said is None:
        return None
    ends = said if isinstance(said, list | tuple) else [said]
    numbers = [float(end) for end in ends if isinstance(end, int | float) and not isinstance(end, bool)]
    if len(numbers) != len(ends) or len(numbers) not in (1, 2):
        raise BadInput(f"published is {said!r}; it is a number or a range [low, high].")
    return numbers[0], numbers[-1]


def _axis(panel: Part, base: Content) -> Axis:
    said = {**base, **panel.over}
    usual = score_axis(said)
    return Axis(label=said["label"] or usual.label, scale=said["scale"] or usual.scale, limits=span("limits", said["limits"]))
