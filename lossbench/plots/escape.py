"""How long every loss takes to leave saturation: one chart for all, linear or exponential at a glance."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from lossbench.plots import scales
from lossbench.plots.picture import Picture
from lossbench.plots.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, VERMILLION, drawable, rendered, styled

WIDTH, LINE, LEAST = 10.0, 0.155, 5.0
_LABEL = 58  # letters beside the chart
_HIGHEST = 1e10
_FEWEST = 1.0  # what takes less has jumped over the boundary in a step or two, which is no flow
_BOLD = {"cross entropy", "half squared error"}
_KINDS = (
    (GREEN, "gradient grows with the mistake (s < 0)"),
    (BLUE, "gradient stays (s = 0): the time grows linearly, or more slowly"),
    (ORANGE, "gradient dies slowly (0 < s < 1): exponential"),
    (VERMILLION, "gradient dies like e^(−z) (s = 1): exponential"),
    (PURPLE, "gradient dies faster (s > 1), or is 0 from somewhere on"),
)


@dataclass(frozen=True)
class _Line:
    name: str
    start: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"
    time: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"
    colour: str


def draw(escapes: pd.DataFrame, title: str = "How long saturation lasts") -> Picture:
    """The chart of a table with a row for each loss and start: `loss`, `start`, `predicted`, `descended`, `exponent`.

    Times are 2ηT; what never escapes (inf) is left out where it does not.
    """
    lines = [_line(str(name), rows) for name, rows in escapes.groupby("loss", sort=False)]
    groups = _groups([line for line in lines if np.isfinite(line.time).any()])
    with styled():
        figure = Figure(figsize=(WIDTH, max(LEAST, 1.6 + LINE * len(groups))))
        axes = figure.add_axes((0.07, 0.09, 0.5, 0.72))
        for line in lines:
            axes.plot(line.start, line.time, color=line.colour, linewidth=3.0 if line.name in _BOLD else 1.2)
        dots = escapes[np.isfinite(escapes["descended"]) & (escapes["descended"] >= _FEWEST)]
        axes.plot(dots["start"], dots["descended"], "o", color=INK, markersize=1.6, markeredgewidth=0)
        _axes(axes, escapes)
        _labels(axes, groups, float(figure.get_figheight()))
        _legend(figure, title)
        svg, png = rendered(figure)
    return Picture(name="escape", title=title, svg=svg, png=png)


def _line(name: str, rows: pd.DataFrame) -> _Line:
    exponent = float(rows["exponent"].iloc[0])
    kind = 0 if exponent < -0.01 else 1 if exponent < 0.01 else 2 if exponent < 0.99 else 3 if exponent < 1.01 else 4
    time = rows["predicted"].to_numpy(float)
    return _Line(name, rows["start"].to_numpy(float), np.where(time > 0, time, np.nan), _KINDS[kind][0])


def _axes(axes: Axes, escapes: pd.DataFrame) -> None:
    limits = scales.log_limits(escapes["predicted"].to_numpy(float)) or (0.1, 10.0)
    scales.size_axis(axes, (limits[0], min(limits[1], _HIGHEST)))
    axes.set_xlim(0, float(escapes["start"].max()))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_xlabel("how wrong the start is: z₀")
    axes.set_ylabel("time to the boundary: 2ηT")


def _groups(lines: list[_Line]) -> list[tuple[float, str, str]]:
    """End heights, labels and colours; lines that are the same line share a label."""
    groups: list[tuple[float, list[str], str, _Line]] = []
    for line in lines:
        for _, names, colour, first in groups:
            if colour == line.colour and np.allclose(first.time, line.time, rtol=0.02, equal_nan=True):
                names.insert(0 if line.name in _BOLD else len(names), line.name)
                break
        else:
            groups.append((float(line.time[np.isfinite(line.time)][-1]), [line.name], line.colour, line))
    return [(height, _shortened(names), colour) for height, names, colour, _ in sorted(groups, key=lambda group: group[0])]


def _shortened(names: list[str]) -> str:
    text = ", ".join(names)
    shown = len(names)
    while len(text) > _LABEL and shown > 1:
        shown -= 1
        text = ", ".join(names[:shown]) + f" and {len(names) - shown} more"
    return drawable(text)


def _labels(axes: Axes, groups: list[tuple[float, str, str]], height: float) -> None:
    """Names beside the chart of a figure of so many inches, each with a thin line to the end that it names."""
    low, high = (float(np.log(limit)) for limit in axes.get_ylim())
    ends = [min((float(np.log(height)) - low) / (high - low), 1.0) for height, _, _ in groups]
    gap = min(LINE / (height * 0.72), 1 / max(len(groups) - 1, 1))
    for end, position, (_, name, colour) in zip(ends, scales.spread(ends, gap), groups, strict=True):
        axes.plot(
            [1, 1.03, 1.045], [end, position, position], color=colour, linewidth=0.6, transform=axes.transAxes, clip_on=False
        )
        weight = "bold" if name.split(", ")[0] in _BOLD else "normal"
        axes.text(1.05, position, name, color=colour, va="center", fontsize=7, fontweight=weight, transform=axes.transAxes)


def _legend(figure: Figure, title: str) -> None:
    figure.text(0.012, 0.975, title, fontsize=11, fontweight="bold", va="top")
    figure.text(
        0.012,
        0.937,
        "One neuron that trains weight and bias (x = 1, target 0). Lines: the integral of 1/|dℓ/dz|. Dots: gradient descent.",
        color=GREY,
        va="top",
    )
    keys: Mapping[str, str] = {text: colour for colour, text in _KINDS}
    handles = [Line2D([], [], color=colour, linewidth=2) for colour in keys.values()]
    figure.legend(handles, list(keys), loc="upper left", bbox_to_anchor=(0.004, 0.915), ncols=2, frameon=False, fontsize=7.5)
