"""The gradient at the outputs as a product: error × slope, in numbers that multiply at every step."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lossbench import tables
from lossbench.analysis.curves import Band, Curves

FACTORS = (tables.OUTPUT_ERROR, tables.OUTPUT_SLOPE, tables.OUTPUT_GRADIENT)  # the first two make the third


def factored(curves: Curves) -> Curves:
    """The same curves, with a slope that is the recorded gradient over the recorded error: what of the error passes.

    Both are means of lengths over the examples, so that the quotient is a mean slope, too, in which each output and each example
    weighs as much as its error: mean(e·s)/mean(e). The recorded slope weighs all alike, and its product with the error says
    nothing where the error is large exactly where the slope is small. Where one of the two has no finite value, or the error is
    0, there is none of the three. Without both of them the curves come back as they are.
    """
    if tables.OUTPUT_GRADIENT not in curves.columns or tables.OUTPUT_ERROR not in curves.columns:
        return curves
    gradient, error = curves.columns[tables.OUTPUT_GRADIENT], curves.columns[tables.OUTPUT_ERROR]
    known = np.isfinite(gradient) & np.isfinite(error) & (error > 0)
    masked = [np.where(known, values, np.nan) for values in (error, gradient)]
    triple = (masked[0], masked[1] / masked[0], masked[1])
    return replace(curves, columns={**curves.columns, **dict(zip(FACTORS, triple, strict=True))})


def geometric_band(curves: Curves, runs: Sequence[str], column: str) -> Band:
    """As `Curves.band`, with the geometric mean over the runs in the middle: of geometric means products are products again.

    One run whose value is 0 makes it 0.
    """
    band = curves.band(runs, column)
    steps, values = curves.matrix(runs, column)
    with np.errstate(divide="ignore"):
        logarithms = np.log(values[:, np.isin(steps, band.steps)])
    return replace(band, middle=np.exp(np.nanmean(logarithms, axis=0)) if len(band.steps) else band.middle)
