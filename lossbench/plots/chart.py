"""A chart: panels in rows and columns, lines with their bands, and over them what others published or theory predicts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lossbench.analysis.comparison import Contender
from lossbench.analysis.statistics import Values
from lossbench.plots import scales
from lossbench.plots.canvas import NAMES, Layout, fit, name_ends, open_grid
from lossbench.plots.end_labels import CROWD, beside, ends, name_crowd, needed_height
from lossbench.plots.picture import Picture
from lossbench.plots.style import BAND_OPACITY, BLACK, FAINT, Stroke, rendered, styled

PUBLISHED, DERIVED = Stroke(colour=BLACK, dash=(), width=0.9), Stroke(colour=BLACK, dash=(1.2, 1.8), width=1.1)
HEIGHT = 2.3
_FAR = 1e6
DOT_OPACITY = 0.6
_LETTER, _AWAY = 0.085, 0.25  # inches that a bold letter of a name takes, and that names stand off
_ROOMY = 3.4  # a lone panel
Scale = Literal["auto", "even", "log", "steps", "share"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line (points,) and its band, whose edges may be infinite.

    `dots` (seeds, points) are drawn one by one instead of the band; `cut` ends in a cross: its runs diverged.
    """

    who: Contender
    x: Values
    middle: Values
    low: Values
    high: Values
    seeds: int = 1
    dots: Values | None = None
    cut: bool = False


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A line that nobody trained here: published, or derived from theory."""

    name: str
    x: Values
    y: Values
    derived: bool

    @property
    def look(self) -> Stroke:
        """Thin and black; what is derived is dotted."""
        return DERIVED if self.derived else PUBLISHED


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What stands on one pair of axes."""

    lines: tuple[Line, ...]
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis: its label and scale. Steps run by powers of ten with the start in view; shares are labelled in per cent."""

    label: str
    scale: Scale = "auto"
    limits: tuple[float, float] | None = None

    def by_powers(self, values: Values) -> bool:
        """Whether the axis is logarithmic for these values, of any shape."""
        if self.limits and self.limits[0] <= 0:
            return False
        return self.scale == "log" or (self.scale == "auto" and scales.is_wide(values))


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A figure: a column a head, a row a vertical axis. `groups` explain colours that lines share."""

    name: str
    title: str
    note: str
    heads: tuple[str, ...]
    x: Axis
    rows: tuple[tuple[Axis, tuple[Panel, ...]], ...]
    looks: Mapping[Contender, Stroke]
    groups: Mapping[str, Stroke] = field(default_factory=dict)
    height: float | None = None


def draw_chart(chart: Chart) -> Picture:
    """The chart as a picture; the panels of a row share their vertical axis, and all panels the horizontal one."""
    with styled():
        layout = _layout(chart)
        grid = open_grid(layout)
        for (axis, panels), line in zip(chart.rows, grid.axes, strict=True):
            for panel, axes in zip(panels, line, strict=True):
                _fill(axes, panel, chart.looks)
                scale_x(axes, chart.x, _x_values(chart))
                _scale_y(axes, axis, _y_values(panels))
        if layout.direct:
            _name(grid.axes[0][-1], chart, layout)
        svg, png = rendered(grid.figure)
    named = layout.strokes.items() if layout.direct and len(layout.strokes) <= CROWD else ()
    key = tuple((who.label, look.colour) for who, look in named if look != FAINT)
    return Picture(name=chart.name, title=chart.title, svg=svg, png=png, key=key)


def _layout(chart: Chart) -> Layout:
    everything = [panel for _, panels in chart.rows for panel in panels]
    present = {line.who for panel in everything for line in panel.lines}
    named = {line.who for line in chart.rows[0][1][-1].lines} == present  # whether names may stand beside the last panel
    lone = len(everything) == 1
    height = chart.height or (_ROOMY if lone else HEIGHT)
    crowded = len(present) > CROWD
    if lone and crowded and named:
        height = max(height, needed_height(_last(chart), chart.looks))
    references = {reference.name: reference.look for panel in everything for reference in panel.references}
    short = max(len(who.label) for who in present) * _LETTER
    return Layout(
        title=chart.title,
        note=chart.note,
        heads=chart.heads,
        labels=tuple(axis.label for axis, _ in chart.rows),
        strokes={who: look for who, look in chart.looks.items() if who in present},
        direct=len(present) > 1
        and named
        and (needed_height(_last(chart), chart.looks) <= height if crowded else fit(present, height)),
        height=height,
        foot=chart.x.label,
        also={Contender(word=name, label=name, variant=0): look for name, look in {**chart.groups, **references}.items()},
        beside=beside(_last(chart), chart.looks) if crowded else min(NAMES, _AWAY + short),
    )


def _last(chart: Chart) -> list[tuple[Contender, Values, Values]]:
    """The lines beside which names may stand, up to where the panel ends."""
    end = chart.x.limits[1] if chart.x.limits else np.inf
    lines = chart.rows[0][1][-1].lines
    return [(line.who, line.x[line.x <= end], line.middle[line.x <= end]) for line in lines]


def _name(axes: Axes, chart: Chart, layout: Layout) -> None:
    lines = _last(chart)
    if len(lines) > CROWD:
        name_crowd(axes, lines, chart.looks, layout.height)
    else:
        name_ends(axes, {who: y for who, (_, y) in ends(lines).items()}, layout)


def _fill(axes: Axes, panel: Panel, looks: Mapping[Contender, Stroke]) -> None:
    # Solid lines lie lowest: one that runs under a dashed one can still be seen.
    for line in sorted(panel.lines, key=lambda line: bool(looks[line.who].dash)):
        look = looks[line.who]
        if line.dots is not None:
            for seed in line.dots:
                axes.plot(line.x, seed, "o", color=look.colour, markersize=4, markeredgewidth=0, alpha=DOT_OPACITY)
        elif len(panel.lines) <= CROWD and (line.high > line.low).any():
            _band(axes, line, look)
        width = look.width if line.dots is None else look.width / 2
        marker = "o" if len(line.x) == 1 else None
        axes.plot(line.x, line.middle, color=look.colour, linestyle=look.linestyle, linewidth=width, marker=marker)
        if line.cut:
            axes.plot(line.x[-1:], line.middle[-1:], "x", color=look.colour, markersize=6, markeredgewidth=1.6)
    for reference in panel.references:
        look = reference.look
        axes.plot(reference.x, reference.y, color=look.colour, linestyle=look.linestyle, linewidth=look.width, zorder=3)


def _band(axes: Axes, line: Line, look: Stroke) -> None:
    """The band; an infinite edge lies past the panel's, and where both are infinite there is none."""
    known = np.concatenate([line.low, line.high])
    far = _FAR * float(np.abs(known[np.isfinite(known)]).max(initial=1.0))
    low, high = (np.clip(edge, -far, far) for edge in (line.low, line.high))
    finite = np.isfinite(line.low) | np.isfinite(line.high)
    axes.fill_between(line.x, low, high, where=finite.tolist(), color=look.colour, alpha=BAND_OPACITY)


def _x_values(chart: Chart) -> Values:
    return np.concatenate([line.x for _, panels in chart.rows for panel in panels for line in panel.lines])


def _y_values(panels: Sequence[Panel]) -> Values:
    """What a vertical axis has to hold: lines, bands and dots, and what is published; a theory may leave the panel."""
    measured = [part for panel in panels for line in panel.lines for part in _heights(line)]
    return np.concatenate([*measured, *(r.y for panel in panels for r in panel.references if not r.derived)])


def _heights(line: Line) -> Iterable[Values]:
    return (line.low, line.middle, line.high) if line.dots is None else (line.middle, line.dots.ravel())


def scale_x(axes: Axes, axis: Axis, values: Values) -> None:
    """Give a horizontal axis its scale, limits and ticks for these values (n,), which are finite."""
    around = scales.log_limits(values)
    if axis.scale == "steps" and axis.limits is None:
        scales.step_axis(axes, float(values.max()))
    elif around and axis.by_powers(values):
        axes.set_xscale("log")
        limits = axis.limits or around
        axes.set_xlim(*limits)
        scales.mark_powers(axes.xaxis, limits)
    else:
        low, high = axis.limits or (float(values.min()), float(values.max()))
        margin = 0.02 * (high - low) if axis.limits is None else 0.0
        axes.set_xlim(low - margin, high + margin)
        if axis.scale == "share":
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g}"))
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))


def _scale_y(axes: Axes, axis: Axis, values: Values) -> None:
    around = scales.log_limits(values)
    if around and axis.by_powers(values):
        scales.size_axis(axes, axis.limits or around)
        return
    scales.even_axis(axes, values, percent=axis.scale == "share")
    if axis.limits:
        axes.set_ylim(*axis.limits)
