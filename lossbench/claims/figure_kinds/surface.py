"""Figure kind `surface`: a cost over two swept numbers as a map, with its steepness as shading: where it is flat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from lossbench.analysis.labels import title
from lossbench.claims.figure_kinds.parts import Heading, joined, parts
from lossbench.claims.formula import evaluate
from lossbench.claims.measurement import Records, score_runs
from lossbench.claims.schema import measure_of
from lossbench.errors import BadInput
from lossbench.plots.contours import ContourFigure, ContourPanel, draw_contours
from lossbench.plots.picture import Picture

MOST_PANELS = 4
_NOTE = "Thin lines join places of equal cost."
_SHADED = "{} Shades: the size of the gradient, as a share of the largest in the panel.{}"
_FLAT = " Bold outline: below {:g} %."


@dataclass(frozen=True, kw_only=True)
class Surface:
    """What the file says of such a figure: `cost` and `shade` are measures as in claims, a number for each x and y.

    Over the seeds the median is taken. `flat` is a share of the steepest place: what lies below is outlined.
    """

    x: str
    y: str
    cost: Any
    shade: Any = None
    of: Any = field(default_factory=dict)
    panels: Any = "loss"
    flat: float = 0.1
    x_label: str | None = None
    y_label: str | None = None


def draw_surface(figure: Surface, heading: Heading, records: Records) -> Picture:
    """The figure. Raises BadInput where a column or a run is not there, or the places make no grid."""
    panels = parts(figure.panels, heading.losses, figure.of, ("of",))
    cells = [(part.title, joined({"of": figure.of}, (part,), records)) for part in panels]
    maps = [_map(head, cell[1], cell[0]["of"], figure, heading.where) for head, cell in cells if cell]
    if not 1 <= len(maps) <= MOST_PANELS:
        raise BadInput(f"it has {len(maps)} panels; one to {MOST_PANELS} find room side by side.")
    contours = ContourFigure(
        name=heading.name,
        title=heading.title,
        note=_NOTE if figure.shade is None else _SHADED.format(_NOTE, _FLAT.format(100 * figure.flat) if figure.flat else ""),
        maps=tuple(maps),
        x=figure.x_label or title(figure.x),
        y=figure.y_label or title(figure.y),
        flat=figure.flat,
    )
    return draw_contours(contours)


def _map(head: str, records: Records, of: Mapping[str, Any], figure: Surface, where: str) -> ContourPanel:
    cost = _table(figure.cost, records, of, figure, where)
    shade = None if figure.shade is None else _table(figure.shade, records, of, figure, where).to_numpy(float)
    x, y = (axis.to_numpy(float) for axis in (cost.columns, cost.index))
    return ContourPanel(head=head, x=x, y=y, cost=cost.to_numpy(float), steepness=shade)


def _table(written: Any, records: Records, of: Mapping[str, Any], figure: Surface, where: str) -> pd.DataFrame:
    """The median over the seeds at every y (rows) and x (columns)."""
    if not isinstance(written, Mapping):
        raise BadInput(f"cost and shade are measures, such as {{column: train_loss, score: at 0}}; got {written!r}.")
    measured = measure_of({**written, "of": {**of, **(written.get("of") or {})}}, where)
    scored = [score_runs(score, records, (figure.x, figure.y)).rename(score.name) for score in measured.scores]
    frame = pd.concat(scored, axis=1, join="inner").reset_index()
    values = pd.Series(evaluate(measured.value, frame, "value")).groupby([frame["y"], frame["x"]]).median()
    table: pd.DataFrame = values.unstack()  # noqa: PD010
    if min(table.shape) < 2 or not np.isfinite(table.to_numpy(float)).all():
        raise BadInput(f"{figure.x} and {figure.y} make no grid of two or more a side with a number at every place.")
    return table
