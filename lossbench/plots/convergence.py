"""Figure: how the losses fall and what that is worth by measures that belong to none of them."""

from lossbench import tables
from lossbench.analysis.comparison import Comparison
from lossbench.analysis.curves import Curves
from lossbench.analysis.metrics import quantity
from lossbench.plots.panels import Plate, Row, draw
from lossbench.plots.picture import Picture

_NEUTRAL = (tables.ACCURACY, tables.LOG_LOSS, tables.SQUARED_ERROR)


def draw_convergence(comparison: Comparison, curves: Curves) -> list[Picture]:
    """Own loss on training data; accuracy, log loss or squared error on test data; each on the other where that is missing."""
    own = curves.first_of(tables.TRAIN + tables.LOSS, tables.TEST + tables.LOSS)
    others = [curves.first_of(tables.TEST + stem, tables.TRAIN + stem) for stem in _NEUTRAL]
    rows = [_row(column) for column in (own, *others) if column]
    plate = Plate(name="convergence", title="How the losses fall, and what it is worth", rows=tuple(rows))
    return draw(plate, comparison, curves)


def _row(column: str) -> Row:
    described = quantity(column)
    return Row(column=column, label=described.label, scale="share" if described.share else "auto")
