"""Small multiples of curves over training steps: a column a setting, a row a quantity, a line a loss."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from matplotlib.axes import Axes

from lossbench.analysis import formatting
from lossbench.analysis.comparison import Comparison, Contender, Setting
from lossbench.analysis.curves import FEW, Band, Curves
from lossbench.analysis.factors import geometric_band
from lossbench.analysis.statistics import Values
from lossbench.plots import scales
from lossbench.plots.canvas import Layout, fit, name_ends, open_grid
from lossbench.plots.picture import Picture
from lossbench.plots.style import BAND_OPACITY, FAINT, Stroke, drawable, drawn_strokes, rendered, styled

COLUMNS = 3  # settings in one figure
FEW_LOSSES = 3  # of so many a note can give the learning rates
Scale = Literal["auto", "log", "share"]
Panel = list[tuple[Contender, Band, bool]]  # whether the line ends because its runs diverged


@dataclass(frozen=True, kw_only=True)
class Row:
    """One quantity and how its axis goes; auto is logarithmic where the values range far.

    Lines are medians over the runs, or geometric means, which multiply as their quantities do.
    """

    column: str
    label: str
    scale: Scale = "auto"
    geometric: bool = False


@dataclass(frozen=True, kw_only=True)
class CurveFigure:
    """What a figure shows. Vertical axes agree along a row, or in the whole figure, or have the same number of decades."""

    name: str
    title: str
    rows: tuple[Row, ...]
    agree: Literal["row", "figure", "decades"] = "row"
    height: float = 1.75


Shown = Sequence[tuple[Row, Sequence[Panel]]]  # the rows that have data, with a panel for each setting


def draw(figure: CurveFigure, comparison: Comparison, curves: Curves) -> list[Picture]:
    """The plate as one figure, or as several of at most three settings each; settings without any of it are left out."""
    with_data = [s for s in comparison.settings if any(panel_of(row, s, comparison, curves) for row in figure.rows)]
    parts = chunks(with_data)
    names = [f"{figure.name}-{i + 1}" if len(parts) > 1 else figure.name for i in range(len(parts))]
    with styled():
        return [_picture(replace(figure, name=name), part, comparison, curves) for name, part in zip(names, parts, strict=True)]


def chunks(settings: Sequence[Setting]) -> list[list[Setting]]:
    """Settings in groups of at most three and as even as can be, those of a family together and tasks apart."""
    families = [setting.family for setting in settings]
    shared = max(map(families.count, families), default=1) > 1
    groups: list[list[Setting]] = []
    for kind in dict.fromkeys((setting.task, setting.family if shared else "") for setting in settings):
        own = [setting for setting in settings if kind == (setting.task, setting.family if shared else "")]
        groups += [[own[i] for i in part] for part in np.array_split(np.arange(len(own)), -(-len(own) // COLUMNS))]
    return groups


def note(comparison: Comparison, *, geometric: bool = False) -> str:
    """What a line and its band are."""
    middle = "geometric means" if geometric else "medians"
    if comparison.splits == 1:
        return note_on(comparison.seeds_of_each, middle)
    return f"Lines: {middle} of {comparison.spoken_blocks}. Bands: {_band(comparison.blocks)} over the blocks."


def note_on(seeds: Collection[int], middle: str = "medians") -> str:
    """What lines and their bands are, each over so many seeds."""
    if max(seeds) == 1:
        return "One seed: a line is one run, and there is no band."
    return f"Lines: {middle} of {formatting.spread(seeds, 'seed')}. Bands: {_band(max(seeds))} over the seeds."


def _band(runs: int) -> str:
    return "10th to 90th percentile" if runs >= FEW else "smallest to largest"


def rates_note(comparison: Comparison) -> str:
    """At which learning rates the lines were trained, where they differ."""
    rates = {c: {s.rate for s in comparison.samples if s.contender == c and not np.isnan(s.rate)} for c in comparison.contenders}
    if len(set().union(*rates.values())) < 2:
        return ""
    if len(rates) <= FEW_LOSSES and all(len(own) == 1 for own in rates.values()):
        return "Learning rate: " + ", ".join(f"{min(own):g} ({drawable(c.label)})" for c, own in rates.items()) + "."
    return "Each loss at its own learning rate."


def panel_of(row: Row, setting: Setting, comparison: Comparison, curves: Curves) -> Panel:
    """A line for each loss of a setting that has the quantity."""
    if row.column not in curves.columns:
        return []
    samples = comparison.within(setting)
    band = partial(geometric_band, curves) if row.geometric else curves.band
    panel = [(s.contender, band(s.runs, row.column), 2 * sum(s.diverged) > len(s.runs)) for s in samples]
    return [line for line in panel if len(line[1].steps)]


def _picture(figure: CurveFigure, settings: Sequence[Setting], comparison: Comparison, curves: Curves) -> Picture:
    grid = [[panel_of(row, setting, comparison, curves) for setting in settings] for row in figure.rows]
    shown = [(row, panels) for row, panels in zip(figure.rows, grid, strict=True) if any(panels)]
    layout = _layout(figure, settings, shown, comparison)
    opened = open_grid(layout)
    everything = [panel for _, panels in shown for panel in panels]
    last = max(float(band.steps[-1]) for panel in everything for _, band, _ in panel)
    for (row, panels), line, limit in zip(shown, opened.axes, limits_of(figure, shown), strict=True):
        for panel, axes in zip(panels, line, strict=True):
            fill(axes, panel, layout, banded=comparison.blocks > 1)
            scales.step_axis(axes, last)
            if limit is None:
                scales.even_axis(axes, values_of(panels if figure.agree == "row" else everything), percent=row.scale == "share")
            else:
                scales.size_axis(axes, limit)
    if layout.direct:
        name_ends(opened.axes[0][-1], {contender: float(band.middle[-1]) for contender, band, _ in shown[0][1][-1]}, layout)
    svg, png = rendered(opened.figure)
    return Picture(name=figure.name, title=figure.title, svg=svg, png=png)


def _layout(figure: CurveFigure, settings: Sequence[Setting], shown: Shown, comparison: Comparison) -> Layout:
    """Names stand at the ends of the lines where they find room and all lines are in the panel beside which they stand."""
    present = {contender for _, panels in shown for panel in panels for contender, _, _ in panel}
    looks = drawn_strokes(comparison)
    return Layout(
        title=figure.title,
        note=f"{note(comparison, geometric=all(row.geometric for row in figure.rows))} {rates_note(comparison)}".strip(),
        heads=tuple(setting.label for setting in settings),
        labels=tuple(row.label for row, _ in shown),
        strokes={contender: looks[contender] for contender in comparison.contenders if contender in present},
        direct=not comparison.emphasised
        and present == {contender for contender, _, _ in shown[0][1][-1]}
        and fit(present, figure.height),
        height=figure.height,
    )


def fill(axes: Axes, panel: Panel, layout: Layout, *, banded: bool) -> None:
    """Bands and lines; a line that ends because its runs diverged ends in a cross."""
    # Faint lines lie lowest, then solid ones: one that runs under a dashed one can still be seen.
    for contender, band, diverged in sorted(panel, key=lambda line: depth(layout.strokes[line[0]])):
        look = layout.strokes[contender]
        if banded and look != FAINT:
            axes.fill_between(band.steps, band.low, band.high, color=look.colour, alpha=BAND_OPACITY)
        axes.plot(band.steps, band.middle, color=look.colour, linestyle=look.linestyle, linewidth=look.width)
        if diverged:
            axes.plot(band.steps[-1:], band.middle[-1:], "x", color=look.colour, markersize=6, markeredgewidth=1.6)


def depth(look: Stroke) -> tuple[bool, bool]:
    """In which order lines are drawn, those that others may cover first."""
    return look != FAINT, bool(look.dash)


def limits_of(figure: CurveFigure, shown: Shown) -> list[tuple[float, float] | None]:
    """For each row the ends of a logarithmic axis, or None where it is an even one."""
    rows = [values_of(panels) for _, panels in shown]
    if figure.agree == "figure":
        rows = [np.concatenate(rows)] * len(rows)
    limits = [
        scales.log_limits(values) if row.scale == "log" or (row.scale == "auto" and scales.is_wide(values)) else None
        for (row, _), values in zip(shown, rows, strict=True)
    ]
    known = [high / low for low, high in filter(None, limits)]
    if figure.agree != "decades" or not known:
        return limits
    return [limit and widened(limit, max(known)) for limit in limits]


def widened(limits: tuple[float, float], ratio: float) -> tuple[float, float]:
    """Ends as far apart as the ratio says, with the same middle."""
    low, high = limits
    factor = (ratio / (high / low)) ** 0.5
    return low / factor, high * factor


def values_of(panels: Sequence[Panel]) -> Values:
    """Everything that an axis has to hold, (n,)."""
    parts = [part for panel in panels for _, band, _ in panel for part in (band.low, band.middle, band.high)]
    return np.concatenate(parts) if parts else np.empty(0)
