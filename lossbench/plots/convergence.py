"""Figure: how the losses fall and what that is worth by measures that belong to none of them."""

from lossbench import tables
from lossbench.analysis.comparison import Comparison
from lossbench.analysis.curves import Curves
from lossbench.plots.panels import CurveFigure, Row, draw
from lossbench.plots.picture import Picture


def draw_convergence(comparison: Comparison, curves: Curves) -> list[Picture]:
    """Own loss and metrics over the steps, as `convergence_figure` says."""
    return draw(convergence_figure(curves), comparison, curves)


def convergence_figure(curves: Curves) -> CurveFigure:
    """Own loss on training data; on test data each metric that can rank losses; each on the other where that is missing."""
    own = curves.first_of(tables.TRAIN + tables.LOSS, tables.TEST + tables.LOSS)
    rows = [_row(column, curves) for column in (own, *shared_columns(curves)) if column]
    title = "How the losses fall, and what it is worth" if own else "What each step is worth"
    return CurveFigure(name="convergence", title=title, rows=tuple(rows))


def shared_columns(curves: Curves) -> list[str]:
    """The columns that measure all losses alike: of each metric that can rank, test data's, or training data's without any."""
    stems = [stem for stem, declared in curves.quantities.items() if declared.can_rank and declared.curve]
    columns = [curves.first_of(tables.TEST + stem, tables.TRAIN + stem) for stem in stems]
    return [column for column in columns if column]


def _row(column: str, curves: Curves) -> Row:
    described = curves.quantity(column)
    return Row(column=column, label=described.label, scale="share" if described.share else "auto")
