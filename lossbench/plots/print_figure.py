"""A comparison as a figure for print: as wide as one column or two, without a title, with text that stays text."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lossbench.plots.standings import COLOURS, dots
from lossbench.plots.style import BLACK, BLUE, GREY, drawable, styled, text_width
from lossbench.tables import Quantity

PrintColumns = Literal[1, 2]
WIDTHS: dict[PrintColumns, float] = {1: 3.35, 2: 6.9}  # inches: a column and a page of usual two-column journals
FONT = 8.0  # points, as captions have
ROW, FOOT, HEAD, EDGE, GAP = 0.2, 0.42, 0.08, 0.08, 0.1  # inches
# Type 42 and "none" keep text as text, which programs can edit.
TEXT: dict[Any, Any] = {
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "font.size": FONT,
    "axes.labelsize": FONT,
}
TICKS: dict[Any, Any] = {"xtick.labelsize": FONT - 1, "ytick.labelsize": FONT}


def draw_for_print(
    tables: tuple[pd.DataFrame, pd.DataFrame],
    quantity: Quantity,
    margin: float,
    columns: PrintColumns,
    facts: Mapping[str, str],
) -> tuple[bytes, bytes]:
    """Scoreboard and differences as PDF and SVG, `facts` being the file's metadata: Title, Subject, Keywords.

    Of one column the panels stand one above the other, of two side by side.
    """
    with print_style():
        return as_pdf_and_svg(_figure(tables, quantity, margin, columns), facts)


@contextmanager
def print_style() -> Iterator[None]:
    """Within it, figures are built and drawn for print: text of 8 points that stays text."""
    with styled(), mpl.rc_context({**TEXT, **TICKS}):
        yield


def as_pdf_and_svg(figure: Figure, facts: Mapping[str, str]) -> tuple[bytes, bytes]:
    """A figure in both formats, with facts as metadata: Title, Subject, Keywords."""
    pdf, svg = io.BytesIO(), io.BytesIO()
    figure.savefig(pdf, format="pdf", metadata={**facts, "Creator": "lossbench", "CreationDate": None, "Producer": None})
    held = {"Title": facts["Title"], "Description": facts["Subject"], "Keywords": [facts["Keywords"]]}
    figure.savefig(svg, format="svg", metadata={**held, "Creator": "lossbench", "Date": None})
    return pdf.getvalue(), svg.getvalue()


def _figure(tables: tuple[pd.DataFrame, pd.DataFrame], quantity: Quantity, margin: float, columns: PrintColumns) -> Figure:
    scoreboard, differences = tables
    scale, unit = (100.0, "points") if quantity.share else (1.0, quantity.unit)
    inches = WIDTHS[columns] * (0.5 if columns == 1 else 0.25)
    losses = [shortened(str(name), inches) for name in scoreboard["loss"]]
    pairs = [shortened(f"{a} – {b}", inches) for a, b in zip(differences["first"], differences["second"], strict=True)]
    left = max(text_width(name, FONT) for name in (losses if columns == 2 else [*losses, *pairs])) + GAP + EDGE
    rows = (len(losses), len(pairs))
    width = WIDTHS[columns]
    stacked = columns == 1
    height = sum(rows) * ROW + 2 * (FOOT + HEAD) if stacked else max(rows) * ROW + FOOT + HEAD
    between = max(text_width(pair, FONT) for pair in pairs) + 2 * GAP
    panel = width - left - EDGE if stacked else (width - left - between - EDGE) / 2
    figure = Figure(figsize=(width, height))
    tall = [count * ROW for count in rows] if stacked else [max(rows) * ROW] * 2
    lower = [height - HEAD - tall[0], FOOT] if stacked else [FOOT, FOOT]
    starts = [left, left if stacked else left + panel + between]
    axes = [
        figure.add_axes((start / width, bottom / height, panel / width, high / height))
        for start, bottom, high in zip(starts, lower, tall, strict=True)
    ]
    metric = scoreboard.columns[1]
    _label(axes[0], losses)
    dots(axes[0], [scale * scoreboard[name].to_numpy(float) for name in (metric, "low", "high")], [BLACK] * len(losses))
    axes[0].set_xlabel(f"test {quantity.title} (%)" if quantity.share else f"test {quantity.label}")
    _label(axes[1], pairs)
    axes[1].axvspan(-scale * margin, scale * margin, color=BLUE, alpha=0.1, linewidth=0)
    axes[1].axvline(0, color=GREY, linewidth=0.8)
    colours = [COLOURS[str(outcome)] for outcome in differences["verdict"]]
    dots(axes[1], [scale * differences[name].to_numpy(float) for name in ("difference", "low", "high")], colours)
    axes[1].set_xlabel(f"the first is better by ({unit})" if unit else "the first is better by")
    return figure


def shortened(name: str, inches: float) -> str:
    """A name in so many inches, cut off with "…" where it is longer."""
    name = drawable(name)
    if text_width(name, FONT) <= inches:
        return name
    while name and text_width(f"{name}…", FONT) > inches:
        name = name[:-1]
    return f"{name}…"


def _label(axes: Axes, names: list[str]) -> None:
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.locator_params(axis="x", nbins=4)
