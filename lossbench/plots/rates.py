"""Figure: how much the learning rate matters to each loss."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

from lossbench.analysis.comparison import Comparison
from lossbench.analysis.sensitivity import Sensitivity
from lossbench.plots import scales
from lossbench.plots.canvas import Layout, fit, name_ends, open_grid
from lossbench.plots.panels import chunks, depth, note
from lossbench.plots.picture import Picture
from lossbench.plots.style import BAND_OPACITY, FAINT, drawn_strokes, rendered, styled

TITLE = "How much the learning rate matters"
HEIGHT = 2.6
_FOOT, _FOOT_STEP = 0.04, 0.05  # where diverged runs are marked, in parts of a panel's height
_PALEST = 0.25
_FEW, _APART = 4, 0.08  # rates that are ticks, and the least step between them, in parts of the axis
_RING, _CROSS = "Ring: the rate that stands for the loss.", " Cross at the foot: runs diverged, the paler the fewer."


def draw_rates(sensitivities: Sequence[Sensitivity], comparison: Comparison) -> list[Picture]:
    """The final measure over the learning rate, a panel a setting; another measure is another figure."""
    parts = []
    for column in dict.fromkeys(s.measure.column for s in sensitivities):
        of = [s for s in sensitivities if s.measure.column == column]
        settings = list(dict.fromkeys(s.setting for s in of))
        parts += [[[s for s in of if s.setting == setting] for setting in part] for part in chunks(settings)]
    names = [f"rates-{i + 1}" if len(parts) > 1 else "rates" for i in range(len(parts))]
    with styled():
        return [_picture(name, panels, comparison) for name, panels in zip(names, parts, strict=True)]


def _picture(name: str, panels: Sequence[Sequence[Sensitivity]], comparison: Comparison) -> Picture:
    present = {s.contender for panel in panels for s in panel}
    ends = {s.contender: float(s.middle[-1]) for s in panels[-1]}
    looks = drawn_strokes(comparison)
    measure = panels[0][0].measure
    crossed = any(s.diverged.any() and looks[s.contender] != FAINT for panel in panels for s in panel)
    layout = Layout(
        title=TITLE,
        note=f"{note(comparison)}\n{_RING}{_CROSS if crossed else ''}",
        heads=tuple(panel[0].setting.label for panel in panels),
        labels=(f"final {measure.quantity.label}",),
        strokes={contender: looks[contender] for contender in comparison.contenders if contender in present},
        direct=not comparison.emphasised
        and set(ends) == present
        and fit(present, HEIGHT)
        and bool(np.isfinite(list(ends.values())).all()),
        height=HEIGHT,
        foot="learning rate",
    )
    grid = open_grid(layout)
    values = np.concatenate([part for panel in panels for s in panel for part in (s.low, s.middle, s.high)])
    rates = np.concatenate([s.rates for panel in panels for s in panel])
    for panel, axes in zip(panels, grid.axes[0], strict=True):
        _fill(axes, panel, layout, comparison.blocks > 1)
        scale_rates(axes, rates, values, percent=measure.quantity.share)
    if layout.direct:
        name_ends(grid.axes[0][-1], ends, layout)
    svg, png = rendered(grid.figure)
    return Picture(name=name, title=TITLE, svg=svg, png=png)


def _fill(axes: Axes, panel: Sequence[Sensitivity], layout: Layout, banded: bool) -> None:
    for index, s in sorted(enumerate(panel), key=lambda one: depth(layout.strokes[one[1].contender])):
        look = layout.strokes[s.contender]
        if banded and look != FAINT:
            axes.fill_between(s.rates, s.low, s.high, color=look.colour, alpha=BAND_OPACITY)
        axes.plot(s.rates, s.middle, color=look.colour, linestyle=look.linestyle, linewidth=look.width, marker="o", markersize=3)
        if look == FAINT:
            continue
        ring = s.rates == s.chosen
        axes.plot(s.rates[ring], s.middle[ring], "o", color=look.colour, markersize=9, markerfacecolor="none")
        for rate, diverged, runs in zip(s.rates, s.diverged, s.runs, strict=True):
            if diverged:
                axes.plot(
                    [rate],
                    [_FOOT + index * _FOOT_STEP],
                    "x",
                    color=look.colour,
                    alpha=max(_PALEST, diverged / runs),
                    markersize=6,
                    markeredgewidth=1.6,
                    transform=axes.get_xaxis_transform(),
                )


def _mark_few(axes: Axes, rates: np.ndarray) -> None:
    """Ticks at the rates themselves, ascending (K,), where they are few and apart: powers of ten may lie beside all of them."""
    span = np.log(rates[-1] / rates[0])
    if 1 < len(rates) <= _FEW and np.diff(np.log(rates)).min() > _APART * span:
        axes.xaxis.set_major_locator(FixedLocator(rates.tolist()))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda rate, _: f"{rate:g}"))


def scale_rates(axes: Axes, rates: np.ndarray, values: np.ndarray, *, percent: bool) -> None:
    """Learning rates (K,) by powers of ten to the right, values of any shape upwards."""
    limits = scales.log_limits(rates)
    if limits and limits[1] > limits[0]:
        axes.set_xscale("log")
        axes.set_xlim(*limits)
        scales.mark_powers(axes.xaxis, limits)
        _mark_few(axes, np.unique(rates))
    if not percent and scales.is_wide(values) and (ends := scales.log_limits(values)):
        scales.size_axis(axes, ends)
    else:
        scales.even_axis(axes, values, percent=percent)
