"""Figure: the answer at one glance, how well each loss does and the factors of its gradient side by side."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from lossbench.analysis.comparison import Comparison, Setting
from lossbench.analysis.curves import Curves
from lossbench.analysis.factors import FACTORS, factored
from lossbench.analysis.selection import Measure
from lossbench.plots import scales
from lossbench.plots.canvas import Layout, open_grid
from lossbench.plots.factors import LABELS
from lossbench.plots.panels import Panel, Row, fill, note, panel_of, rates_note, values_of, widened
from lossbench.plots.picture import Picture
from lossbench.plots.style import drawn_strokes, rendered, styled

HEIGHT = 1.5
TITLE = "How well each loss does, and why: error × slope = gradient at the outputs"
_BETWEEN = 0.55  # inches between columns, each of which has an axis of its own


def draw_overview(settings: Sequence[Setting], measure: Measure, comparison: Comparison, curves: Curves) -> list[Picture]:
    """The measure, error, slope and gradient in a row for each setting; none where these were not recorded."""
    whole = factored(curves)
    if whole is curves:
        return []
    title = measure.quantity.title + (" (%)" if measure.quantity.share else "")
    rows = [Row(column=measure.column, label=title)]
    rows += [Row(column=name, label=LABELS[name], scale="log", geometric=True) for name in FACTORS]
    panels = {setting: [panel_of(row, setting, comparison, whole) for row in rows] for setting in settings}
    grid = {setting: line for setting, line in panels.items() if all(line)}
    return [_picture(grid, rows, measure, comparison)] if grid else []


def _picture(grid: Mapping[Setting, Sequence[Panel]], rows: Sequence[Row], measure: Measure, comparison: Comparison) -> Picture:
    with styled():
        layout = _layout(grid, rows, comparison)
        opened = open_grid(layout)
        columns, axes = list(zip(*grid.values(), strict=True)), list(zip(*opened.axes, strict=True))
        for panels, own in zip(columns, axes, strict=True):
            _column(panels, own, layout, comparison)
        _scale_measure(columns[0], axes[0], percent=measure.quantity.share)
        _scale_factors(columns[1:], axes[1:])
        svg, png = rendered(opened.figure)
    return Picture(name="overview", title=TITLE, svg=svg, png=png)


def _layout(grid: Mapping[Setting, Sequence[Panel]], rows: Sequence[Row], comparison: Comparison) -> Layout:
    present = {contender for line in grid.values() for panel in line for contender, _, _ in panel}
    looks = drawn_strokes(comparison)
    return Layout(
        title=TITLE,
        note=f"{note(comparison)}\nOf the factors: geometric means, which multiply. {rates_note(comparison)}".strip(),
        heads=tuple(row.label for row in rows),
        labels=tuple(setting.label for setting in grid),
        strokes={contender: looks[contender] for contender in comparison.contenders if contender in present},
        direct=False,
        height=HEIGHT,
        between=_BETWEEN,
    )


def _column(panels: Sequence[Panel], axes: Sequence[Axes], layout: Layout, comparison: Comparison) -> None:
    last = max(float(band.steps[-1]) for panel in panels for _, band, _ in panel)
    for panel, one in zip(panels, axes, strict=True):
        fill(one, panel, layout, banded=comparison.blocks > 1)
        scales.step_axis(one, last)
        one.tick_params(labelleft=True)


def _scale_measure(panels: Sequence[Panel], axes: Sequence[Axes], *, percent: bool) -> None:
    values = values_of(panels)
    limits = None if percent or not scales.is_wide(values) else scales.log_limits(values)
    for one in axes:
        if limits:
            scales.size_axis(one, limits)
        else:
            scales.even_axis(one, values, percent=percent)


def _scale_factors(columns: Sequence[Sequence[Panel]], axes: Sequence[Sequence[Axes]]) -> None:
    """Each factor's column with equally many decades, so that what one loses another is seen to lose."""
    limits = [scales.log_limits(values_of(panels)) for panels in columns]
    ratio = max((high / low for low, high in filter(None, limits)), default=1.0)
    for limit, column in zip(limits, axes, strict=True):
        if limit:
            for one in column:
                scales.size_axis(one, widened(limit, ratio))
