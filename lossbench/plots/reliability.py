"""Figure: whether probabilities mean what they say, the reliability diagram."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from lossbench.analysis import formatting
from lossbench.analysis.comparison import Comparison, Setting
from lossbench.analysis.curves import Curves
from lossbench.analysis.reliability import Reliability, recorded_side, reliabilities
from lossbench.plots import scales
from lossbench.plots.canvas import Layout, open_grid
from lossbench.plots.panels import chunks, depth
from lossbench.plots.picture import Picture
from lossbench.plots.style import GREY, drawn_strokes, rendered, styled
from lossbench.tables import TEST

HEIGHT = 2.9
SMALLEST, LARGEST = 2.0, 9.0  # of the dots, in points
FEW = 0.01  # of the examples: a bin with less says nothing, and is not drawn
_SIDES = {True: "test", False: "training"}


def draw_reliability(comparison: Comparison, curves: Curves) -> list[Picture]:
    """Accuracy over probability at the end of training, a panel a setting, at most three of them in one figure."""
    panels = {setting: reliabilities(setting, comparison, curves) for setting in comparison.settings}
    parts = chunks([setting for setting, lines in panels.items() if lines])
    names = [f"reliability-{i + 1}" if len(parts) > 1 else "reliability" for i in range(len(parts))]
    side = _SIDES[recorded_side(curves) == TEST]
    with styled():
        return [
            _picture((name, side), [(s, panels[s]) for s in part], comparison) for name, part in zip(names, parts, strict=True)
        ]


def _picture(called: tuple[str, str], panels: Sequence[tuple[Setting, list[Reliability]]], comparison: Comparison) -> Picture:
    name, side = called
    present = {line.contender for _, lines in panels for line in lines}
    looks = drawn_strokes(comparison)
    title = f"Do the probabilities mean what they say? On {side} data, at the end of training"
    runs = max(line.runs for _, lines in panels for line in lines)
    layout = Layout(
        title=title,
        note=f"Up to {formatting.counted(runs, 'run')} a loss, together. The larger a dot, the more examples lie in its bin. "
        "Bins with less than 1 % are not drawn.\nBelow the diagonal the model is too sure.",
        heads=tuple(setting.label for setting, _ in panels),
        labels=("right (%)",),
        strokes={contender: looks[contender] for contender in comparison.contenders if contender in present},
        direct=False,
        height=HEIGHT,
        foot="probability of the class that is decided for (%)",
    )
    grid = open_grid(layout)
    low = min(float(line.probability[line.share >= FEW].min()) for _, lines in panels for line in lines)
    for (_, lines), axes in zip(panels, grid.axes[0], strict=True):
        _fill(axes, lines, layout, low)
    svg, png = rendered(grid.figure)
    return Picture(name=name, title=title, svg=svg, png=png)


def _fill(axes: Axes, lines: Sequence[Reliability], layout: Layout, low: float) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
    for line in sorted(lines, key=lambda line: depth(layout.strokes[line.contender])):
        look, drawn = layout.strokes[line.contender], line.share >= FEW
        at = line.probability[drawn], line.accuracy[drawn]
        axes.plot(*at, color=look.colour, linestyle=look.linestyle, linewidth=look.width)
        sizes = SMALLEST + (LARGEST - SMALLEST) * np.sqrt(line.share[drawn])
        axes.scatter(*at, s=sizes**2, color=look.colour, linewidths=0, clip_on=False, zorder=3)
    scales.even_axis(axes, np.array([0.0, 1.0]), percent=True)
    axes.set_xlim(max(0.0, low - 0.05), 1.0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}")
