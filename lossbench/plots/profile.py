"""One loss along the raw output: its value, its gradient, and the two factors of which the gradient is the product."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lossbench.plots import scales
from lossbench.plots.picture import Picture
from lossbench.plots.style import BLUE, GREY, ORANGE, VERMILLION, drawable, rendered, styled

SIZE = (10.0, 2.9)
_FACTORS = (
    ("error", "error |dℓ/da|", BLUE, "-"),
    ("slope", "slope da/dz", ORANGE, (0, (4, 2))),
    ("gradient", "|dℓ/dz|", VERMILLION, "-"),
)


def draw(curve: pd.DataFrame, name: str) -> Picture:
    """The picture of a table with columns `z`, `value`, `gradient`, `error`, `slope`, `curvature`, for target 0."""
    with styled():
        figure = Figure(figsize=SIZE)
        panels = figure.subplots(1, 3, gridspec_kw={"wspace": 0.27, "left": 0.055, "right": 0.985, "top": 0.86, "bottom": 0.17})
        _lines(panels[0], curve, {"value": ("value ℓ", BLUE)})
        _lines(panels[1], curve, {"gradient": ("gradient dℓ/dz", VERMILLION), "curvature": ("curvature d²ℓ/dz²", ORANGE)})
        _factors(panels[2], curve)
        svg, png = rendered(figure)
    return Picture(name="profile", title=f"{drawable(name)}, target 0", svg=svg, png=png)


def _lines(axes: Axes, curve: pd.DataFrame, lines: dict[str, tuple[str, str]]) -> None:
    shown = curve[(curve["z"] >= -8) & (curve["z"] <= 8)]
    for column, (label, colour) in lines.items():
        axes.plot(shown["z"], shown[column], color=colour, label=label)
    axes.axvline(0, color=GREY, linewidth=0.6)
    axes.set_xlim(-8, 8)
    _finish(axes)


def _factors(axes: Axes, curve: pd.DataFrame) -> None:
    """Sizes on a logarithmic axis, so that a product is a sum: error up, slope down, gradient in between."""
    sizes = curve[["error", "slope", "gradient"]].abs()
    for column, label, colour, dash in _FACTORS:
        axes.plot(curve["z"], sizes[column].where(sizes[column] > 0), color=colour, linestyle=dash, label=label)
    scales.size_axis(axes, scales.log_limits(sizes.to_numpy().ravel()) or (0.1, 1.0))
    axes.set_xlim(float(curve["z"].min()), float(curve["z"].max()))
    _finish(axes)


def _finish(axes: Axes) -> None:
    axes.set_xlabel("raw output z")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 0.99), ncols=3, frameon=False, fontsize=7.5, handlelength=1.4, columnspacing=1.2
    )
