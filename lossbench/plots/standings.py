"""A comparison in two panels: each loss on test data, and each pair's difference with its interval and the margin."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lossbench.plots.canvas import write_title
from lossbench.plots.picture import Picture
from lossbench.plots.style import BLACK, BLUE, GREEN, GREY, VERMILLION, rendered, styled, wrapped
from lossbench.tables import Quantity

WIDTH, ROW, TOP, BOTTOM, APART = 10.0, 0.3, 0.75, 0.55, 1.0
LEFT, RIGHT, GAP = 1.75, 0.2, 2.75  # inches: names of losses, an edge, and names of pairs between the panels
NAMES, PAIRS = 22, 40  # letters in a line of a name
COLOURS = {"better": GREEN, "worse": VERMILLION, "practically the same": BLUE, "not enough data": GREY}


def draw_standings(scoreboard: pd.DataFrame, differences: pd.DataFrame, quantity: Quantity, margin: float) -> Picture:
    """The tables of a comparison as a picture: points with intervals, best loss on top."""
    scale, unit = (100.0, " (points)") if quantity.share else (1.0, "")
    title = f"Test {quantity.title}: the losses, and how sure their differences are"
    with styled():
        figure = Figure(figsize=(WIDTH, TOP + BOTTOM + ROW * max(len(scoreboard), len(differences), 2)))
        metric = scoreboard.columns[1]
        width = (WIDTH - LEFT - GAP - RIGHT) / 2
        left = _panel(figure, LEFT, width, [wrapped(str(name), NAMES, 1) for name in scoreboard["loss"]])
        dots(left, [scale * scoreboard[name].to_numpy(float) for name in (metric, "low", "high")], [BLACK] * len(scoreboard))
        left.set_xlabel(f"{quantity.title} (%)" if quantity.share else quantity.label)
        pairs = [f"{a} over {b}" for a, b in zip(differences["first"], differences["second"], strict=True)]
        right = _panel(figure, LEFT + width + GAP, width, [wrapped(pair, PAIRS, 1) for pair in pairs])
        right.axvspan(-scale * margin, scale * margin, color=BLUE, alpha=0.1, linewidth=0)
        right.axvline(0, color=GREY, linewidth=0.8)
        colours = [COLOURS[str(outcome)] for outcome in differences["verdict"]]
        dots(right, [scale * differences[name].to_numpy(float) for name in ("difference", "low", "high")], colours)
        right.set_xlabel(f"better by{unit}")
        write_title(
            figure,
            title,
            "Means over seeds with 95 % intervals; those of differences hold together. Within the band they do not matter.",
            0.15,
        )
        svg, png = rendered(figure)
    return Picture(name="standings", title=title, svg=svg, png=png)


def _panel(figure: Figure, left: float, width: float, names: list[str]) -> Axes:
    _, height = figure.get_size_inches()
    tall = height - TOP - BOTTOM
    axes = figure.add_axes((left / WIDTH, BOTTOM / height, width / WIDTH, tall / height))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    return axes


def dots(axes: Axes, columns: list[Any], colours: list[str]) -> None:
    """Points (K,) with intervals, one a row."""
    for row, (centre, low, high) in enumerate(zip(*columns, strict=True)):
        ends = [end if np.isfinite(end) else centre for end in (low, high)]
        axes.plot(ends, [row, row], color=colours[row], linewidth=1.6)
        axes.plot([centre], [row], "o", color=colours[row], markersize=5)
