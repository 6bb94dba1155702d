"""Scores by learning rate as a figure for print: as wide as one column or two, without a title, with text that stays text."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lossbench.analysis.comparison import Comparison, Contender
from lossbench.analysis.sensitivity import Sensitivity
from lossbench.plots.print_curves import EDGE, FOOT, KEY, LEFT, LINE_WIDTH, RIGHT, SIDE_BY_SIDE, draw_key, keys_in_a_row
from lossbench.plots.print_figure import FONT, WIDTHS, PrintColumns, as_pdf_and_svg, print_style, shortened
from lossbench.plots.rates import scale_rates
from lossbench.plots.style import BAND_OPACITY, FAINT, Stroke, drawn_strokes

PANEL: dict[PrintColumns, float] = {1: 1.7, 2: 2.0}  # inches high
DOT, RING, CROSS = 2.2, 6.0, 3.5  # points: a rate, the rate that stands for a loss, diverged runs
LOWEST, BETWEEN = 0.04, 0.06  # where crosses stand, in parts of the panel's height
PALEST = 0.25
HEADING = 0.2  # inches above a panel where there are several


def draw_rates_for_print(
    sensitivities: Sequence[Sensitivity], comparison: Comparison, columns: PrintColumns, facts: Mapping[str, str]
) -> tuple[bytes, bytes]:
    """The final measure over the learning rate, a panel a setting, as PDF and SVG, `facts` being the file's metadata.

    A ring stands at the rate that stands for a loss, a cross at the foot at a rate where runs diverged, the paler the fewer.
    In one column the panels stand one above the other, in two up to three side by side.
    """
    with print_style():
        return as_pdf_and_svg(_figure(sensitivities, comparison, columns), facts)


def _figure(sensitivities: Sequence[Sensitivity], comparison: Comparison, columns: PrintColumns) -> Figure:
    strokes, width = drawn_strokes(comparison), WIDTHS[columns]
    looks = {one.contender: strokes[one.contender] for one in sensitivities}
    panels = [[s for s in sensitivities if s.setting == setting] for setting in dict.fromkeys(s.setting for s in sensitivities)]
    across = min(SIDE_BY_SIDE[columns], len(panels))
    keys, over = keys_in_a_row(list(looks), width), HEADING if len(panels) > 1 else 0.0
    head, each = EDGE + KEY * math.ceil(len(looks) / keys), over + PANEL[columns] + FOOT
    height, panel_width = head + math.ceil(len(panels) / across) * each, width / across - LEFT - RIGHT
    made = Figure(figsize=(width, height))
    for index, panel in enumerate(panels):
        row, column = divmod(index, across)
        left, bottom = LEFT + column * width / across, height - head - (row + 1) * each + FOOT
        axes = made.add_axes((left / width, bottom / height, panel_width / width, PANEL[columns] / height))
        _fill(axes, panel, looks, banded=comparison.blocks > 1)
        if over:
            axes.set_title(shortened(panel[0].setting.label, panel_width), fontsize=FONT, loc="left", pad=3)
    draw_key(made, looks, keys, height)
    return made


def _fill(axes: Axes, panel: Sequence[Sensitivity], looks: Mapping[Contender, Stroke], *, banded: bool) -> None:
    """The losses of a setting, and axes that fit them."""
    distinct = [one for one in panel if looks[one.contender] != FAINT]
    for one in panel:
        _draw(axes, one, looks[one.contender], banded=banded and looks[one.contender] != FAINT)
    for index, one in enumerate(distinct):
        _mark(axes, one, looks[one.contender], LOWEST + index * BETWEEN)
    quantity = panel[0].measure.quantity
    values = np.concatenate([part for one in panel for part in ((one.low, one.high) if banded else (one.middle,))])
    scale_rates(axes, np.concatenate([one.rates for one in panel]), values, percent=quantity.share)
    axes.set_xlabel("learning rate")
    axes.set_ylabel(f"final {quantity.label}")


def _draw(axes: Axes, one: Sensitivity, look: Stroke, *, banded: bool) -> None:
    """A loss's line, and its band where it is to have one."""
    if banded:
        axes.fill_between(one.rates, one.low, one.high, color=look.colour, alpha=BAND_OPACITY, linewidth=0)
    line: dict[str, Any] = {
        "color": look.colour,
        "linestyle": look.linestyle,
        "linewidth": LINE_WIDTH,
        "marker": "o",
        "markersize": DOT,
    }
    axes.plot(one.rates, one.middle, **line)


def _mark(axes: Axes, one: Sensitivity, look: Stroke, foot: float) -> None:
    """A loss's ring, and at so much of the panel's height its crosses."""
    ring = one.rates == one.chosen
    axes.plot(one.rates[ring], one.middle[ring], "o", color=look.colour, markersize=RING, markerfacecolor="none")
    for rate, share in zip(one.rates, one.diverged / one.runs, strict=True):
        if share > 0:
            cross: dict[str, Any] = {"color": look.colour, "alpha": max(PALEST, share), "markersize": CROSS}
            axes.plot([rate], [foot], "x", transform=axes.get_xaxis_transform(), **cross)
