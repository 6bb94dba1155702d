"""Figure: how many units are stuck on the flat ends of their activations."""

from lossbench import tables
from lossbench.analysis.comparison import Comparison
from lossbench.analysis.curves import Curves
from lossbench.plots.panels import CurveFigure, Row, draw
from lossbench.plots.picture import Picture


def draw_saturation(comparison: Comparison, curves: Curves) -> list[Picture]:
    """Shares of saturated units over the steps, as `saturation_figure` says."""
    return draw(saturation_figure(comparison, curves), comparison, curves)


def saturation_figure(comparison: Comparison, curves: Curves) -> CurveFigure:
    """Share of saturated units, a row a layer from the input on; the last is that of the outputs."""
    runs = [run for sample in comparison.samples for run in sample.runs]
    names = curves.layer_names(tables.SATURATED, runs)
    rows = tuple(Row(column=column, label=f"{name}: saturated (%)", scale="share") for column, name in names.items())
    return CurveFigure(name="saturation", title="How many units are saturated", rows=rows, agree="figure", height=1.5)
