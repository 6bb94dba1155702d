"""Dots with intervals, a row a case: who is where, how sure that is, and what was published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lossbench.analysis.comparison import Contender
from lossbench.analysis.statistics import Estimate, Values
from lossbench.plots.canvas import HEAD_LINE, KEY_HANDLE, KEY_LINE, KEY_PAD, NOTE_LINE, TITLE, write_title
from lossbench.plots.chart import Axis, scale_x
from lossbench.plots.picture import Picture
from lossbench.plots.style import FONT_SIZE, INK, POINTS, Stroke, drawable, rendered, styled, text_width, wrapped

WIDTH, EDGE, RIGHT, BOTTOM, APART = 10.0, 0.15, 0.2, 0.5, 0.3
ROW, DOT = 0.2, 0.14  # inches of a row, and of each dot in it
LETTERS, _LETTER, _AWAY = 32, 0.078, 0.3  # letters in a line of a row's name, inches of one, inches to the panel
_PUBLISHED = "published"
_FAR = 1e12  # past the edge of any axis: where an interval without an end is drawn to
_COLUMNS_APART = 1.5  # of the key, in sizes of its font
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One dot: whose it is, its estimate from so many seeds, and what was published as (low, high), a number twice."""

    who: Contender
    estimate: Estimate
    seeds: int
    published: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Dots:
    """A figure: rows by name, and a panel for each axis with the marks of every row."""

    name: str
    title: str
    note: str
    rows: tuple[str, ...]
    panels: tuple[tuple[str, Axis, tuple[tuple[Mark, ...], ...]], ...]
    looks: Mapping[Contender, Stroke]
    published: str = _PUBLISHED


def draw_dots(dots: Dots) -> Picture:
    """The figure as a picture; the panels share their rows."""
    with styled():
        figure, line = _paper(dots)
        for (_, axis, rows), axes in zip(dots.panels, line, strict=True):
            _fill(axes, rows, dots)
            scale_x(axes, axis, _values(rows))
        svg, png = rendered(figure)
    return Picture(name=dots.name, title=dots.title, svg=svg, png=png)


def _paper(dots: Dots) -> tuple[Figure, Sequence[Axes]]:
    names = [wrapped(row, LETTERS, 2) for row in dots.rows]
    left = EDGE + _AWAY + _LETTER * max(len(part) for name in names for part in name.split("\n"))
    tall = len(dots.rows) * _row(dots)
    key = _entries(dots)
    above = TITLE + NOTE_LINE * (dots.note.count("\n") + 1) + 0.1
    heads = HEAD_LINE if any(head for head, _, _ in dots.panels) else 0.0
    columns = _columns(key)
    top = above + KEY_LINE * -(-len(key) // columns) + heads + 0.15
    height = top + tall + BOTTOM
    n = len(dots.panels)
    width = (WIDTH - left - RIGHT - APART * (n - 1)) / n
    figure = Figure(figsize=(WIDTH, height))
    write_title(figure, dots.title, dots.note, EDGE)
    line = [
        figure.add_axes(((left + index * (width + APART)) / WIDTH, BOTTOM / height, width / WIDTH, tall / height))
        for index in range(n)
    ]
    for axes, (head, axis, _) in zip(line, dots.panels, strict=True):
        axes.set_title(drawable(head), loc="left", fontsize=9, fontweight="bold")
        axes.set_xlabel(drawable(axis.label))
        axes.set_ylim(len(dots.rows) - 0.5, -0.5)
        axes.set_yticks(range(len(dots.rows)), names if axes is line[0] else [""] * len(names), linespacing=1.1)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
    figure.legend(
        handles=key,
        loc="upper left",
        bbox_to_anchor=(EDGE / WIDTH - 0.008, 1 - above / height),
        ncols=columns,
        frameon=False,
        borderpad=0,
        columnspacing=_COLUMNS_APART,
        handletextpad=0.4,
    )
    return figure, line


def _columns(key: Sequence[Line2D]) -> int:
    """Into how many columns the key's names go, so that none is cut off at the right edge."""
    widest = max((text_width(str(entry.get_label())) for entry in key), default=0.0)
    each = widest + FONT_SIZE / POINTS * (KEY_HANDLE + KEY_PAD + _COLUMNS_APART)
    return max(1, min(len(key), int((WIDTH - EDGE - RIGHT) / each)))


def _row(dots: Dots) -> float:
    """How many inches a row takes: as many dots under one another as there are losses in the fullest one."""
    return ROW + DOT * max(len(row) for _, _, rows in dots.panels for row in rows)


def _fill(axes: Axes, rows: Sequence[Sequence[Mark]], dots: Dots) -> None:
    marker = dict(zip(dots.looks, _MARKERS * len(dots.looks), strict=False))
    step = DOT / _row(dots)
    for index, row in enumerate(rows):
        if index % 2:
            axes.axhspan(index - 0.5, index + 0.5, color=INK, alpha=0.035)
        for i, mark in enumerate(row):
            y, look, estimate = index + (i - (len(row) - 1) / 2) * step, dots.looks[mark.who], mark.estimate
            if mark.published:
                low, high = mark.published
                axes.plot([low, high], [y, y], color=INK, linewidth=5, alpha=0.25, solid_capstyle="butt")
                axes.plot([(low + high) / 2], [y], "|", color=INK, markersize=9, markeredgewidth=1.6)
            if np.isinf(estimate.centre):  # diverged, or never: beyond the edge on the side where it would lie
                edge = float(estimate.centre > 0)
                axes.plot([edge], [y], "x", color=look.colour, transform=axes.get_yaxis_transform(), clip_on=False)
                continue
            ends = np.clip([estimate.low, estimate.high], -_FAR, _FAR)
            axes.plot(ends, [y, y], color=look.colour, linewidth=1.6)
            axes.plot([estimate.centre], [y], marker[mark.who], color=look.colour, markersize=4.5)


def _values(rows: Sequence[Sequence[Mark]]) -> Values:
    marks = [mark for row in rows for mark in row]
    measured = [value for mark in marks for value in (mark.estimate.low, mark.estimate.centre, mark.estimate.high)]
    values = np.array([*measured, *(end for mark in marks if mark.published for end in mark.published)])
    known: Values = values[np.isfinite(values)]
    return known


def _entries(dots: Dots) -> list[Line2D]:
    named = [(name, mark.who) for _, _, rows in dots.panels for name, row in zip(dots.rows, rows, strict=True) for mark in row]
    present = {who for _, who in named} if any(name != who.label for name, who in named) else set()  # else rows say it
    marker = dict(zip(dots.looks, _MARKERS * len(dots.looks), strict=False))
    key = [
        Line2D([], [], color=look.colour, marker=marker[who], markersize=4.5, linewidth=1.6, label=drawable(who.label))
        for who, look in dots.looks.items()
        if who in present and len(present) > 1
    ]
    if any(mark.published for _, _, rows in dots.panels for row in rows for mark in row):
        bar = Line2D(
            [], [], color=INK, marker="|", markersize=9, markeredgewidth=1.6, linewidth=0, label=drawable(dots.published)
        )
        key.append(bar)
    return key
