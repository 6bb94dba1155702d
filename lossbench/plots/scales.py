"""Axes that fit what they measure: steps with their start in view, sizes by powers of ten, shares in per cent."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator
from scipy.optimize import isotonic_regression

from lossbench.analysis import formatting
from lossbench.analysis.statistics import Values

FEW_STEPS = 20  # up to so many steps an even axis shows the start well enough
WIDE = 8.0  # from this ratio of largest to smallest on, an axis is logarithmic
_FINE = 1.5  # up to so many decades, ticks stand at 1, 2 and 5 too
_TICKS = 5
DEEPEST = 30  # decades below the largest value that an axis shows at most


def step_axis(axes: Axes, last: float) -> None:
    """Steps from 0 to the last: by powers of ten, the start included, unless they are few."""
    if last <= FEW_STEPS:
        axes.set_xlim(-0.02 * max(last, 1), 1.02 * max(last, 1))
        axes.xaxis.set_major_locator(MaxNLocator(_TICKS, integer=True))
        return
    axes.set_xscale("symlog", linthresh=1, linscale=0.4)
    axes.set_xlim(-0.1, 1.08 * last)
    exponents = range(math.floor(math.log10(last)) + 1)
    axes.xaxis.set_major_locator(FixedLocator([0, *(10.0**n for n in exponents)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: "0" if x == 0 else formatting.power(round(math.log10(x)))))


def log_limits(values: Values) -> tuple[float, float] | None:
    """Lower and upper end of a logarithmic axis for values of any shape; None where none is positive."""
    positive = values[np.isfinite(values) & (values > 0)]
    if len(positive) == 0:
        return None
    low, high = float(positive.min()), float(positive.max())
    low = max(low, high * 10.0**-DEEPEST)
    margin = (high / low) ** 0.06 * 1.05
    return low / margin, high * margin


def is_wide(values: Values) -> bool:
    """Whether values, of any shape, are all positive and range so far that only a logarithmic axis shows them."""
    known = values[np.isfinite(values)]
    return len(known) > 0 and bool(known.min() > 0 and known.max() / known.min() >= WIDE)


def size_axis(axes: Axes, limits: tuple[float, float]) -> None:
    """A logarithmic vertical axis; what is 0 falls off its lower end."""
    axes.set_yscale("log", nonpositive="clip")
    axes.set_ylim(*limits)
    mark_powers(axes.yaxis, limits)


def mark_powers(axis: Axis, limits: tuple[float, float]) -> None:
    """Ticks of a logarithmic axis: at 1, 2 and 5 where it is short, at few powers of ten where it is long."""
    low, high = (math.log10(limit) for limit in limits)
    axis.set_minor_locator(NullLocator())
    if high - low <= _FINE:
        ticks = [mantissa * 10.0**n for n in range(math.floor(low), math.ceil(high) + 1) for mantissa in (1, 2, 5)]
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_major_formatter(FuncFormatter(lambda x, _: formatting.number(x, 1)))
        return
    stride = max(1, math.ceil((math.floor(high) - math.ceil(low)) / _TICKS))
    axis.set_major_locator(FixedLocator([10.0**n for n in range(math.ceil(low), math.floor(high) + 1) if n % stride == 0]))
    axis.set_major_formatter(FuncFormatter(lambda x, _: formatting.power(round(math.log10(x)))))


def even_axis(axes: Axes, values: Values, *, percent: bool) -> None:
    """An even vertical axis around values of any shape; shares are labelled in per cent and never run past 0 and 100."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        axes.set_yticks([])
        return
    low, high = float(known.min()), float(known.max())
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 0.05
    low, high = low - margin, high + margin
    if percent:
        low, high = max(low, -0.03), min(high, 1.03)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:g}"))
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(MaxNLocator(_TICKS, steps=[1, 2, 2.5, 5, 10]))


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """The same heights in the same order, moved as little as keeps them apart by the gap, and within 0 to 1 if they fit."""
    order = np.argsort(heights, kind="stable")
    offsets = gap * np.arange(len(heights))
    free = max(0.0, 1 - gap * (len(heights) - 1))
    # With the gaps taken out, to be apart is to be in order.
    fitted = np.clip(isotonic_regression(np.asarray(heights, dtype=float)[order] - offsets).x, 0, free)
    placed = np.empty(len(heights))
    placed[order] = fitted + offsets
    return [float(height) for height in placed]
