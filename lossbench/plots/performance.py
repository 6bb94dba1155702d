"""Figure: which share of a loss's runs has reached the level by each step, the performance profile."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lossbench.analysis import formatting
from lossbench.analysis.comparison import Comparison, Setting
from lossbench.analysis.curves import Curves
from lossbench.analysis.profiles import Profile, profiles
from lossbench.analysis.scoreboard import Scoreboard
from lossbench.analysis.statistics import Values
from lossbench.plots import scales
from lossbench.plots.canvas import Layout, fit, name_ends, open_grid
from lossbench.plots.panels import chunks, depth
from lossbench.plots.picture import Picture
from lossbench.plots.style import BAND_OPACITY, drawn_strokes, rendered, styled

TITLE = "How many runs get there, and when"
HEIGHT = 2.3
BANDED = 4  # of more losses bands would hide one another, and names crowd where lines end together
EARLY = 10
MARGIN, END = 1.5, 1.05
_BANDS = "Bands: 95 % interval of the share at each step by itself (Clopper and Pearson)."


def draw_performance(boards: Sequence[Scoreboard], comparison: Comparison, curves: Curves) -> list[Picture]:
    """The share of runs over the steps, a panel a setting that has a level; at most three of them in one figure."""
    profiled = {board.setting: (board, profiles(board)) for board in boards}
    parts = chunks([setting for setting, (_, lines) in profiled.items() if lines])
    names = [f"profiles-{i + 1}" if len(parts) > 1 else "profiles" for i in range(len(parts))]
    with styled():
        return [
            _picture(name, [profiled[s] for s in part], comparison, _last(comparison, part, curves))
            for name, part in zip(names, parts, strict=True)
        ]


def _picture(name: str, panels: Sequence[tuple[Scoreboard, list[Profile]]], comparison: Comparison, last: float) -> Picture:
    present = {line.contender for _, lines in panels for line in lines}
    looks = drawn_strokes(comparison)
    banded = len(present) <= BANDED
    runs = max(line.n for _, lines in panels for line in lines)
    ends = {line.contender: float(line.share[-1]) for line in panels[-1][1]}
    layout = Layout(
        title=TITLE,
        note=f"Each line counts up to {formatting.counted(runs, 'run')}; one that never gets there counts too. "
        + (_BANDS if banded else "No bands: with so many losses they would hide one another."),
        heads=tuple(_head(board) for board, _ in panels),
        labels=("runs that are there (%)",),
        strokes={contender: looks[contender] for contender in comparison.contenders if contender in present},
        direct=set(ends) == present and banded and fit(present, HEIGHT),
        height=HEIGHT,
    )
    grid = open_grid(layout)
    first = _first(np.concatenate([line.steps for _, lines in panels for line in lines]), last)
    for (_, lines), axes in zip(panels, grid.axes[0], strict=True):
        _fill(axes, lines, layout, last=last, banded=banded)
        if first:
            axes.set_xscale("log")
            axes.set_xlim(first, last)
            scales.mark_powers(axes.xaxis, (first, last))
        else:
            scales.step_axis(axes, last)
        scales.even_axis(axes, np.array([0.0, 1.0]), percent=True)
    if layout.direct:
        name_ends(grid.axes[0][-1], ends, layout)
    svg, png = rendered(grid.figure)
    return Picture(name=name, title=TITLE, svg=svg, png=png)


def _first(steps: Values, last: float) -> float | None:
    """Somewhat before the first run arrives, or a decade before the end; None where the start itself must be in view."""
    arrivals = steps[steps > 0]
    return min(float(arrivals.min()) / MARGIN, last / 10) if len(arrivals) and arrivals.min() > EARLY else None


def _last(comparison: Comparison, settings: Sequence[Setting], curves: Curves) -> float:
    """The end of training, with room for a run that arrives there."""
    runs = [run for setting in settings for sample in comparison.within(setting) for run in sample.runs]
    return END * max(float(steps[-1]) for run in runs if len(steps := curves.steps(run)))


def _head(board: Scoreboard) -> str:
    level = f"{formatting.measured(board.level or 0.0, board.measure.quantity)} {board.measure.quantity.title}"
    return f"{board.setting.label}: {level}" if board.setting.label else level


def _fill(axes: Axes, lines: Sequence[Profile], layout: Layout, *, last: float, banded: bool) -> None:
    """Stairs: between two recorded arrivals nothing changes. Each line goes on to the end of the axis."""
    for line in sorted(lines, key=lambda line: depth(layout.strokes[line.contender])):
        look = layout.strokes[line.contender]
        steps = np.append(line.steps, last)
        share, low, high = (np.append(values, values[-1]) for values in (line.share, line.low, line.high))
        if banded:
            axes.fill_between(steps, low, high, step="post", color=look.colour, alpha=BAND_OPACITY)
        axes.plot(steps, share, drawstyle="steps-post", color=look.colour, linestyle=look.linestyle, linewidth=look.width)
