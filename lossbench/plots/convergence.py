"""Figure: how the losses fall and what that is worth by measures that belong to none of them."""

from lossbench import tables
from lossbench.analysis.comparison import Comparison
from lossbench.analysis.curves import Curves
from lossbench.plots.panels import Plate, Row, draw
from lossbench.plots.picture import Picture


def draw_convergence(comparison: Comparison, curves: Curves) -> list[Picture]:
    """Own loss on training data; on test data each metric that can rank losses; each on the other where that is missing."""
    own = curves.first_of(tables.TRAIN + tables.LOSS, tables.TEST + tables.LOSS)
    stems = [stem for stem, declared in curves.quantities.items() if declared.can_rank and declared.curve]
    others = [curves.first_of(tables.TEST + stem, tables.TRAIN + stem) for stem in stems]
    rows = [_row(column, curves) for column in (own, *others) if column]
    plate = Plate(name="convergence", title="How the losses fall, and what it is worth", rows=tuple(rows))
    return draw(plate, comparison, curves)


def _row(column: str, curves: Curves) -> Row:
    described = curves.quantity(column)
    return Row(column=column, label=described.label, scale="share" if described.share else "auto")
