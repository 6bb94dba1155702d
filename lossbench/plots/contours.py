"""Maps of a cost over two numbers: lines of equal cost, and how steep it is in between, from flat (dark) to steep (pale)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from lossbench.analysis import formatting
from lossbench.analysis.statistics import Values
from lossbench.plots.canvas import HEAD_LINE, KEY_LINE, NOTE_LINE, TITLE, write_title
from lossbench.plots.picture import Picture
from lossbench.plots.style import GREY, INK, drawable, rendered, styled, wrapped

WIDTH, LEFT, RIGHT, BOTTOM, APART, TALLEST = 10.0, 0.7, 0.15, 0.5, 0.35, 4.2
LEVELS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # of the largest gradient in the panel
_LINES = 12
_SHADES = ("#08306b", "#2a5d9c", "#5f93bd", "#9dc1d8", "#d0e1ea", "#f5f3ee")


@dataclass(frozen=True, kw_only=True)
class ContourPanel:
    """A panel: cost and steepness (y, x) over x and y."""

    head: str
    x: Values
    y: Values
    cost: Values
    steepness: Values | None = None


@dataclass(frozen=True, kw_only=True)
class ContourFigure:
    """A figure: maps side by side. What is less steep than the share `flat` of a map's steepest place is outlined."""

    name: str
    title: str
    note: str
    maps: tuple[ContourPanel, ...]
    x: str
    y: str
    flat: float


def draw_contours(contours: ContourFigure) -> Picture:
    """The figure as a picture; the panels share their axes."""
    with styled():
        figure, line = _paper(contours)
        for panel, axes in zip(contours.maps, line, strict=True):
            _fill(axes, panel, contours)
        svg, png = rendered(figure)
    return Picture(name=contours.name, title=contours.title, svg=svg, png=png)


def _paper(contours: ContourFigure) -> tuple[Figure, Sequence[Axes]]:
    n = len(contours.maps)
    width = (WIDTH - LEFT - RIGHT - APART * (n - 1)) / n
    panel = min(TALLEST, width)
    width = min(width, 1.15 * panel)
    shaded = any(one.steepness is not None for one in contours.maps)
    above = TITLE + NOTE_LINE * (contours.note.count("\n") + 1)
    top = above + (KEY_LINE + 0.1 if shaded else 0.0) + 2 * HEAD_LINE + 0.05
    height = top + panel + BOTTOM
    figure = Figure(figsize=(WIDTH, height))
    write_title(figure, contours.title, contours.note, LEFT)
    lefts = [LEFT + column * (width + APART) for column in range(n)]
    line = [figure.add_axes((left / WIDTH, BOTTOM / height, width / WIDTH, panel / height)) for left in lefts]
    for column, (axes, one) in enumerate(zip(line, contours.maps, strict=True)):
        axes.set_title(wrapped(one.head, 40, 1), loc="left", fontsize=9, fontweight="bold")
        axes.set_xlabel(drawable(contours.x))
        axes.tick_params(labelleft=column == 0)
    line[0].set_ylabel(drawable(contours.y))
    if shaded:
        _key(figure, (height - above - 0.08) / height)
    return figure, line


def _fill(axes: Axes, panel: ContourPanel, contours: ContourFigure) -> None:
    axes.grid(visible=False)
    if panel.steepness is not None:
        share = panel.steepness / np.nanmax(panel.steepness)
        colours = ListedColormap(_SHADES)
        axes.contourf(panel.x, panel.y, share, levels=LEVELS, cmap=colours, norm=BoundaryNorm(LEVELS, len(_SHADES)))
        if contours.flat and (share < contours.flat).any():
            axes.contour(panel.x, panel.y, share, levels=[contours.flat], colors=[INK], linewidths=1.6)
    lines = axes.contour(panel.x, panel.y, panel.cost, levels=_LINES, colors=[GREY], linewidths=0.7)
    axes.clabel(lines, list(lines.levels)[::2], fontsize=6.5, fmt=lambda level: formatting.number(level, 2), inline_spacing=3)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(6, integer=True))


def _key(figure: Figure, top: float) -> None:
    """What the shades mean, from flat to steep."""
    spans = pairwise(LEVELS)
    patches = [
        Patch(facecolor=to_hex(shade), edgecolor=GREY, linewidth=0.4, label=f"{100 * low:g}–{100 * high:g} %")
        for shade, (low, high) in zip(_SHADES, spans, strict=True)
    ]
    figure.legend(
        handles=patches,
        loc="upper left",
        bbox_to_anchor=(LEFT / WIDTH - 0.008, top),
        ncols=len(patches),
        frameon=False,
        borderpad=0,
        handlelength=1.4,
        columnspacing=1.4,
    )
