"""Scores by learning rate as a figure for print: as wide as one column or two, without a title, with text that stays text."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lossbench.analysis.comparison import Comparison
from lossbench.analysis.sensitivity import Sensitivity
from lossbench.plots.print_curves import EDGE, FOOT, KEY, LEFT, LINE_WIDTH, RIGHT, draw_key, keys_in_a_row
from lossbench.plots.print_figure import WIDTHS, PrintColumns, as_pdf_and_svg, print_style
from lossbench.plots.rates import scale_rates
from lossbench.plots.style import BAND_OPACITY, Stroke, drawn_strokes

PANEL: dict[PrintColumns, float] = {1: 1.7, 2: 2.0}  # inches high
DOT, RING, CROSS = 2.2, 6.0, 3.5  # points: a rate, the rate that stands for a loss, diverged runs
LOWEST, BETWEEN = 0.04, 0.06  # where crosses stand, in parts of the panel's height
PALEST = 0.25


def draw_rates_for_print(
    sensitivities: Sequence[Sensitivity], comparison: Comparison, columns: PrintColumns, facts: Mapping[str, str]
) -> tuple[bytes, bytes]:
    """The final measure over the learning rate in one setting, as PDF and SVG, `facts` being the file's metadata.

    A ring stands at the rate that stands for a loss, a cross at the foot at a rate where runs diverged, the paler the fewer.
    """
    with print_style():
        return as_pdf_and_svg(_figure(sensitivities, comparison, columns), facts)


def _figure(sensitivities: Sequence[Sensitivity], comparison: Comparison, columns: PrintColumns) -> Figure:
    strokes = drawn_strokes(comparison)
    looks = {one.contender: strokes[one.contender] for one in sensitivities}
    width, keys = WIDTHS[columns], keys_in_a_row(list(looks), WIDTHS[columns])
    head = EDGE + KEY * math.ceil(len(looks) / keys)
    height = head + PANEL[columns] + FOOT
    made = Figure(figsize=(width, height))
    axes = made.add_axes((LEFT / width, FOOT / height, (width - LEFT - RIGHT) / width, PANEL[columns] / height))
    for index, one in enumerate(sensitivities):
        _draw(axes, one, looks[one.contender], index, banded=comparison.blocks > 1)
    quantity = sensitivities[0].measure.quantity
    shown = [(one.low, one.high) if comparison.blocks > 1 else (one.middle,) for one in sensitivities]
    values = np.concatenate([part for parts in shown for part in parts])
    scale_rates(axes, np.concatenate([one.rates for one in sensitivities]), values, percent=quantity.share)
    axes.set_xlabel("learning rate")
    axes.set_ylabel(f"final {quantity.label}")
    draw_key(made, looks, keys, height)
    return made


def _draw(axes: Axes, one: Sensitivity, look: Stroke, index: int, *, banded: bool) -> None:
    """A loss's line, its ring and its crosses."""
    if banded:
        axes.fill_between(one.rates, one.low, one.high, color=look.colour, alpha=BAND_OPACITY, linewidth=0)
    line = {"color": look.colour, "linestyle": look.linestyle, "linewidth": LINE_WIDTH, "marker": "o", "markersize": DOT}
    axes.plot(one.rates, one.middle, **line)
    ring = one.rates == one.chosen
    axes.plot(one.rates[ring], one.middle[ring], "o", color=look.colour, markersize=RING, markerfacecolor="none")
    for rate, share in zip(one.rates, one.diverged / one.runs, strict=True):
        if share > 0:
            axes.plot(
                [rate], [LOWEST + index * BETWEEN], "x", color=look.colour, alpha=max(PALEST, share), markersize=CROSS,
                transform=axes.get_xaxis_transform(),
            )  # fmt: skip
