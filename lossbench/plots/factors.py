"""Figure: where the gradient goes missing, dL/dz and the two factors that it is made of."""

from lossbench import tables
from lossbench.analysis.comparison import Comparison
from lossbench.analysis.curves import Curves
from lossbench.plots.panels import CurveFigure, Row, draw
from lossbench.plots.picture import Picture
from lossbench.tables.quantity import quantity

COLUMNS = (tables.OUTPUT_GRADIENT, tables.OUTPUT_ERROR, tables.OUTPUT_SLOPE)


def draw_factors(comparison: Comparison, curves: Curves) -> list[Picture]:
    """Gradient at the raw outputs, error and slope, one under the other, each as many decades high."""
    rows = tuple(Row(column=name, label=quantity(name).label, scale="log") for name in COLUMNS if name in curves.columns)
    title = "Where the gradient goes missing: |dL/dz| and its two factors, error × slope"
    return draw(CurveFigure(name="factors", title=title, rows=rows, agree="decades"), comparison, curves)
