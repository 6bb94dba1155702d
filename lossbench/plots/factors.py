"""Figure: where the gradient goes missing, dL/dz and the two factors that it is made of."""

from lossbench import tables
from lossbench.analysis.comparison import Comparison
from lossbench.analysis.curves import Curves
from lossbench.analysis.factors import FACTORS, factored
from lossbench.plots.panels import CurveFigure, Row, draw
from lossbench.plots.picture import Picture

LABELS = {
    tables.OUTPUT_ERROR: "error |dL/da|",
    tables.OUTPUT_SLOPE: "× slope |da/dz|",
    tables.OUTPUT_GRADIENT: "= gradient |dL/dz|",
}


def draw_factors(comparison: Comparison, curves: Curves) -> list[Picture]:
    """Error, slope and gradient over the steps, as `factors_figure` says."""
    whole = factored(curves)
    return draw(factors_figure(whole), comparison, whole)


def factors_figure(whole: Curves) -> CurveFigure:
    """Error, slope and the gradient that is their product, one under the other, each as many decades high."""
    rows = tuple(Row(column=name, label=LABELS[name], scale="log", geometric=True) for name in FACTORS if name in whole.columns)
    title = "Where the gradient goes missing: error × slope = gradient"
    return CurveFigure(name="factors", title=title, rows=rows, agree="decades")
