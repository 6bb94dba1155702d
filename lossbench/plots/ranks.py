"""Figure: the losses in the order of their average rank, and which of them are not told apart."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lossbench.analysis import formatting
from lossbench.analysis.comparison import Comparison
from lossbench.analysis.ranking import Ranking
from lossbench.plots.picture import Picture
from lossbench.plots.style import GREY, INK, PALE, drawable, rendered, strokes, styled, wrapped

TITLE = "Average ranks"
WIDTH, LEFT, RIGHT, TOP, BOTTOM = 10.0, 2.6, 0.4, 0.8, 0.5  # inches
ROW = 0.24
BAR = 0.16  # between bars, in ranks of room kept for them
LETTERS = 38
_DOTS = "Large dot: the average over {} {}; small dots: each of them. 1 is best.\n"
_UNTESTED = "Settings share data and are one witness: nothing is tested."
_BARS = (
    "Bars at the right join losses whose average ranks lie closer than the critical difference, {}: they are not told apart{}."
)


def draw_ranks(ranking: Ranking, comparison: Comparison) -> Picture:
    """A critical-difference diagram that stands upright, a row a loss, so that long names and many losses find room."""
    with styled():
        height = TOP + ROW * len(ranking.contenders) + BOTTOM
        figure = Figure(figsize=(WIDTH, height))
        size = (LEFT / WIDTH, BOTTOM / height, (WIDTH - LEFT - RIGHT) / WIDTH, 1 - (TOP + BOTTOM) / height)
        axes = figure.add_axes(size)
        _dots(axes, ranking, comparison)
        _bars(axes, ranking)
        _finish(axes, ranking)
        figure.text(0.08, 1 - 0.1 / height, TITLE, va="top", fontsize=11.5, fontweight="bold")
        note = _DOTS.format(len(ranking.blocks), ranking.among) + _test(ranking)
        figure.text(
            0.08, 1 - 0.32 / height, drawable(note.split("\n")[0]) + "\n" + note.split("\n")[1], va="top", fontsize=8, color=GREY
        )
        svg, png = rendered(figure)
    return Picture(name="ranks", title=TITLE, svg=svg, png=png)


def _test(ranking: Ranking) -> str:
    if ranking.p is None:
        return _UNTESTED
    why = "" if ranking.significant else f", none of them, as Friedman's test finds nothing ({formatting.tested(ranking.p)})"
    return _BARS.format(formatting.number(ranking.distance), why)


def _dots(axes: Axes, ranking: Ranking, comparison: Comparison) -> None:
    looks = strokes(comparison.contenders)
    for row, (contender, average) in enumerate(zip(ranking.contenders, ranking.averages, strict=True)):
        colour = looks[contender].colour
        rank_values, times = np.unique(ranking.ranks[:, row], return_counts=True)
        axes.plot([rank_values.min(), rank_values.max()], [row, row], color=colour, linewidth=0.8, alpha=0.4)
        axes.scatter(rank_values, np.full(len(rank_values), row), s=8 + 8 * (times - 1), color=colour, alpha=0.45, linewidth=0)
        axes.plot([average], [row], "o", color=colour, markersize=8)


def _bars(axes: Axes, ranking: Ranking) -> None:
    """One bar beside another, from the first to the last loss of a group."""
    right = len(ranking.contenders) + 0.5
    for i, (first, last) in enumerate(ranking.groups if ranking.p is not None else ()):
        axes.plot([right + i * BAR] * 2, [first - 0.3, last + 0.3], color=INK, linewidth=3, solid_capstyle="butt", clip_on=False)


def _finish(axes: Axes, ranking: Ranking) -> None:
    k = len(ranking.contenders)
    axes.set_xlim(0.7, k + 0.5 + (BAR * len(ranking.groups) if ranking.p is not None else 0))
    axes.set_ylim(k - 0.4, -0.6)
    axes.set_yticks(range(k), [wrapped(contender.label, LETTERS, 1) for contender in ranking.contenders])
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="x")
    axes.grid(visible=True, axis="y", color=PALE)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("rank")
