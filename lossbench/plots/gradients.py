"""Figure: what reaches each layer's weights."""

from lossbench import tables
from lossbench.analysis.comparison import Comparison
from lossbench.analysis.curves import Curves
from lossbench.plots.panels import CurveFigure, Row, draw
from lossbench.plots.picture import Picture


def draw_gradients(comparison: Comparison, curves: Curves) -> list[Picture]:
    """Norms of gradients over the steps, as `gradients_figure` says."""
    return draw(gradients_figure(curves), comparison, curves)


def gradients_figure(curves: Curves) -> CurveFigure:
    """Norm of the gradient of each layer's weights, a row a layer from the input on, all on one scale."""
    columns = curves.layers(tables.GRADIENT_WEIGHTS)
    rows = tuple(Row(column=name, label=f"{tables.layer_name(name)}: ‖dL/dW‖", scale="log") for name in columns)
    title = "How much gradient reaches each layer's weights" if len(rows) > 1 else "How much gradient reaches the weights"
    return CurveFigure(name="gradients", title=title, rows=rows, agree="figure")
