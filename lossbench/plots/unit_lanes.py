"""Output units side by side: a lane each, dark as long as its class is never answered; beneath them what that costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lossbench.analysis.comparison import Contender
from lossbench.analysis.statistics import Values
from lossbench.plots import scales
from lossbench.plots.canvas import HEAD_LINE, NAME_LINE, NOTE_LINE, TITLE, write_title
from lossbench.plots.picture import Picture
from lossbench.plots.style import GREY, INK, Stroke, drawable, rendered, styled, wrapped

WIDTH, LEFT, RIGHT, BOTTOM, BETWEEN, APART = 10.0, 1.35, 0.2, 0.5, 0.25, 0.3
EDGE = 0.12  # inches before the title
LANE, FOOT = 0.145, 1.25  # inches that a lane and the panels beneath are high
HALF = 0.5  # of the way from dark to light
_LETTER = 0.062  # inches of a letter in a lane
_DARK = LinearSegmentedColormap.from_list("dark", ["#5b1a00", "#D55E00", "#f3cdb0", "#fbf3ec", "#fdfaf7"])


@dataclass(frozen=True, kw_only=True)
class SilentUnit:
    """A unit, counted from 0, that stays under the level until x; None where it never leaves it."""

    unit: int
    until: float | None


@dataclass(frozen=True, kw_only=True)
class RunUnits:
    """A run's output units: values (units, T) at x (T,), and those that stay under the level for long."""

    x: Values
    values: Values
    silent_units: tuple[SilentUnit, ...]


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """A figure: a column a head, a row a loss with its output units; beneath, each loss's curve (x, y) in the same columns.

    `label` is the beneath's, `shade` says what the lanes hold, `unit` what x counts, `foot` the same under the axis; `sleeps`
    says of a unit what it is, with {} for its name in `units`.
    """

    name: str
    title: str
    note: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Contender, tuple[RunUnits | None, ...]], ...]
    beneath: tuple[Mapping[Contender, tuple[Values, Values]], ...]
    looks: Mapping[Contender, Stroke]
    label: str
    shade: str
    unit: str
    units: tuple[str, ...]
    sleeps: str
    foot: str


def draw_lanes(lanes: Lanes) -> Picture:
    """The figure as a picture."""
    with styled():
        figure, rows = _paper(lanes)
        for (who, groups), line in zip(lanes.rows, rows, strict=False):
            for group, axes in zip(groups, line, strict=True):
                _strips(axes, group, lanes)
            _ahead(line[0], who, lanes)
        _costs(rows[-1], lanes)
        _key(figure, lanes)
        svg, png = rendered(figure)
    return Picture(name=lanes.name, title=lanes.title, svg=svg, png=png)


def _paper(lanes: Lanes) -> tuple[Figure, list[list[Axes]]]:
    units = max(len(group.values) for _, groups in lanes.rows for group in groups if group)
    heights = [*([LANE * units] * len(lanes.rows)), FOOT]
    top = TITLE + NOTE_LINE * (lanes.note.count("\n") + 1) + 2 * HEAD_LINE + 0.1
    height = top + sum(heights) + BETWEEN * len(lanes.rows) + BOTTOM
    width = (WIDTH - LEFT - RIGHT - APART * (len(lanes.heads) - 1)) / len(lanes.heads)
    figure = Figure(figsize=(WIDTH, height))
    write_title(figure, lanes.title, lanes.note, EDGE)
    rows, below = [], height - top
    for high in heights:
        below -= high
        lefts = [LEFT + column * (width + APART) for column in range(len(lanes.heads))]
        rows.append([figure.add_axes((left / WIDTH, below / height, width / WIDTH, high / height)) for left in lefts])
        below -= BETWEEN
    for axes, head in zip(rows[0], lanes.heads, strict=True):
        axes.set_title(drawable(head), loc="left", fontsize=9, fontweight="bold")
    return figure, rows


def _strips(axes: Axes, group: RunUnits | None, lanes: Lanes) -> None:
    axes.grid(visible=False)
    axes.tick_params(labelbottom=False, length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    if group is None:
        axes.set_yticks([])
        return
    units = len(group.values)
    edges = np.concatenate([group.x[:1], (group.x[1:] + group.x[:-1]) / 2, group.x[-1:]])
    axes.pcolormesh(edges, np.arange(units + 1) - 0.5, group.values, cmap=_DARK, vmin=0, vmax=1, rasterized=True)
    axes.set_ylim(units - 0.5, -0.5)
    axes.set_xlim(group.x[0], group.x[-1])
    for edge in np.arange(units - 1) + 0.5:
        axes.axhline(edge, color="white", linewidth=1.2)
    axes.set_yticks(range(units), [drawable(name) for name in lanes.units], fontsize=7.5)
    for silent_unit in group.silent_units:
        _tell(axes, silent_unit, group, lanes)


def _tell(axes: Axes, silent_unit: SilentUnit, group: RunUnits, lanes: Lanes) -> None:
    """Say in the dark stretch of a lane whose it is and how long it lasts; behind it where that is too short."""
    first, last = group.x[0], group.x[-1]
    end = last if silent_unit.until is None else _light(group, silent_unit.unit, silent_unit.until)
    until = "never wakes" if silent_unit.until is None else f"wakes in {lanes.unit} {np.ceil(silent_unit.until):g}"
    text = f"{lanes.sleeps.format(lanes.units[silent_unit.unit])} {until}"
    needed = len(text) * _LETTER / (axes.get_position().width * WIDTH) * (last - first)
    inside = end - first > min(needed, last - end)
    where, align, colour = (end, "right", "white") if inside else (end, "left", INK)
    axes.annotate(
        text,
        (where, silent_unit.unit),
        xytext=(-4 if inside else 4, 0),
        textcoords="offset points",
        ha=align,
        va="center_baseline",
        fontsize=7.5,
        color=colour,
    )


def _light(group: RunUnits, unit: int, until: float) -> float:
    """Where a lane is light for the first time, at or behind `until`: ink is not read on what is still dark."""
    light = group.x[(group.x >= until) & (group.values[unit] > HALF)]
    return float(light[0]) - (group.x[1] - group.x[0]) / 2 if len(light) else until


def _ahead(axes: Axes, who: Contender, lanes: Lanes) -> None:
    name = wrapped(who.label, 14)
    colour = lanes.looks[who].colour
    axes.annotate(
        name,
        (0, 0.5),
        xycoords="axes fraction",
        xytext=(-LEFT * 72 + 8, 0),
        textcoords="offset points",
        va="center",
        color=colour,
        fontweight="bold",
    )


def _costs(line: Sequence[Axes], lanes: Lanes) -> None:
    everything = [pair for column in lanes.beneath for pair in column.values()]
    heights = np.concatenate([y for _, y in everything])
    for index, (axes, column) in enumerate(zip(line, lanes.beneath, strict=True)):
        for who, (x, y) in column.items():
            axes.plot(x, y, color=lanes.looks[who].colour)
        for who, groups in lanes.rows:
            group = groups[index]
            for wake in (
                silent_unit.until for silent_unit in (group.silent_units if group else ()) if silent_unit.until is not None
            ):
                axes.axvline(wake, color=lanes.looks[who].colour, linewidth=0.9, linestyle=(0, (1, 2)))
        scales.even_axis(axes, heights, percent=True)
        axes.set_xlim(min(x[0] for x, _ in everything), max(x[-1] for x, _ in everything))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel(lanes.foot)
        axes.tick_params(labelleft=axes is line[0])
    line[0].set_ylabel(wrapped(lanes.label, 16, 3))


def _key(figure: Figure, lanes: Lanes) -> None:
    """The scale of the lanes, at the right end of the note's line."""
    height = figure.get_figheight()
    y = 1 - (TITLE + NAME_LINE / 2) / height
    bar = figure.add_axes((0.80, y - 0.05 / height, 0.10, 0.1 / height))
    bar.pcolormesh(np.linspace(0, 1, 65), [0, 1], np.linspace(0, 1, 64)[None], cmap=_DARK, vmin=0, vmax=1, rasterized=True)
    bar.set_axis_off()
    for x, side, text in ((0.795, "right", f"{lanes.shade} 0"), (0.905, "left", "100 %")):
        figure.text(x, y, text, ha=side, va="center", fontsize=8, color=GREY)
