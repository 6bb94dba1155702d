"""Curves over training steps as a figure for print: as wide as one column or two, without a title, with text that stays text."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lossbench.analysis.comparison import Comparison, Contender
from lossbench.analysis.curves import Curves
from lossbench.plots import scales
from lossbench.plots.panels import CurveFigure, limits_of, panel_of, values_of
from lossbench.plots.print_figure import FONT, WIDTHS, PrintColumns, as_pdf_and_svg, print_style
from lossbench.plots.style import BAND_OPACITY, Stroke, drawable, drawn_strokes, text_width

SIDE_BY_SIDE: dict[PrintColumns, int] = {1: 1, 2: 3}  # panels in a row
PANEL, LEFT, RIGHT, FOOT, BETWEEN, KEY, EDGE = 1.15, 0.55, 0.08, 0.42, 0.3, 0.17, 0.06  # inches
HANDLE = 0.4  # inches of a key's line and what is beside it
LINE_WIDTH = 1.1  # points


def draw_curves_for_print(
    figure: CurveFigure, comparison: Comparison, curves: Curves, columns: PrintColumns, facts: Mapping[str, str]
) -> tuple[bytes, bytes]:
    """The rows of a figure of the comparison's one setting as PDF and SVG, `facts` being the file's metadata.

    In one column the panels stand one above the other, in two up to three side by side; the losses' names stand above.
    """
    with print_style():
        return as_pdf_and_svg(_figure(figure, comparison, curves, columns), facts)


def _figure(figure: CurveFigure, comparison: Comparison, curves: Curves, columns: PrintColumns) -> Figure:
    rows = [(row, panel) for row in figure.rows if (panel := panel_of(row, comparison.settings[0], comparison, curves))]
    across = min(SIDE_BY_SIDE[columns], len(rows))
    down = math.ceil(len(rows) / across)
    looks, width = drawn_strokes(comparison), WIDTHS[columns]
    keys = keys_in_a_row(comparison.contenders, width)
    head = EDGE + KEY * math.ceil(len(comparison.contenders) / keys)
    height = head + down * (PANEL + FOOT) + (down - 1) * EDGE
    panel_width = (width - across * (LEFT + RIGHT)) / across
    made = Figure(figsize=(width, height))
    last = max(float(band.steps[-1]) for _, panel in rows for _, band, _ in panel)
    everything = [panel for _, panel in rows]
    limits = limits_of(figure, [(row, [panel]) for row, panel in rows])
    for index, (row, panel) in enumerate(rows):
        line, column = divmod(index, across)
        left, bottom = LEFT + column * (panel_width + LEFT + RIGHT), height - head - line * (PANEL + FOOT + EDGE) - PANEL
        axes = made.add_axes((left / width, bottom / height, panel_width / width, PANEL / height))
        for contender, band, _ in panel:
            look = looks[contender]
            if comparison.blocks > 1:
                axes.fill_between(band.steps, band.low, band.high, color=look.colour, alpha=BAND_OPACITY)
            axes.plot(band.steps, band.middle, color=look.colour, linestyle=look.linestyle, linewidth=LINE_WIDTH)
        scales.step_axis(axes, last)
        if (ends := limits[index]) is None:
            values = values_of([panel] if figure.agree == "row" else everything)
            scales.even_axis(axes, values, percent=row.scale == "share")
        else:
            scales.size_axis(axes, ends)
        axes.set_ylabel(row.label)
        axes.set_xlabel("steps")
    draw_key(made, looks, keys, height)
    return made


def keys_in_a_row(contenders: Sequence[Contender], width: float) -> int:
    """How many losses' names stand beside one another in a figure of a width in inches."""
    return max(1, int((width - 2 * EDGE) / max(HANDLE + text_width(drawable(one.label), FONT) for one in contenders)))


def draw_key(figure: Figure, looks: Mapping[Contender, Stroke], keys: int, height: float) -> None:
    """The losses' names above the panels, so many in a row, of a figure of a height in inches."""
    handles = [
        Line2D([], [], color=look.colour, linestyle=look.linestyle, linewidth=LINE_WIDTH, label=drawable(contender.label))
        for contender, look in looks.items()
    ]
    figure.legend(
        handles=handles, loc="upper center", ncols=min(keys, len(handles)), frameon=False, borderaxespad=0.0, borderpad=0.0,
        bbox_to_anchor=(0.5, 1 - 0.5 * EDGE / height), handlelength=2.0, columnspacing=1.2, labelspacing=0.2,
    )  # fmt: skip
