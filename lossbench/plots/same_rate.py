"""Figure: every loss at one and the same learning rate."""

from lossbench.analysis.curves import Curves
from lossbench.analysis.same_rate import SameRate
from lossbench.plots.panels import CurveFigure, Row, draw
from lossbench.plots.picture import Picture


def draw_same_rate(same: SameRate, curves: Curves) -> list[Picture]:
    """The measure of each setting along the training, a row for each measure that some setting has."""
    quantities = {measure.column: measure.quantity for measure in same.measures.values()}
    rows = tuple(
        Row(column=column, label=quantity.label, scale="share" if quantity.share else "auto")
        for column, quantity in quantities.items()
    )
    title = f"Every loss at the same learning rate, {same.rate:g}"
    return draw(CurveFigure(name="untuned", title=title, rows=rows), same.comparison, curves)
