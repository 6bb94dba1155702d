"""Lines that stand for comparison: published curves, and what a formula says."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lossbench.analysis.statistics import Values
from lossbench.claims.formula import evaluate
from lossbench.claims.published import published_curve
from lossbench.claims.schema import built
from lossbench.plots.chart import Reference

POINTS = 401
KEYS = ("published", "theory")


@dataclass(frozen=True, kw_only=True)
class Published:
    """A curve of a CSV file: x and y are formulas over its columns, label names its source."""

    file: str
    x: str
    y: str
    label: str = "published"


@dataclass(frozen=True, kw_only=True)
class Theory:
    """A formula y of x; or, where `t` gives a range, formulas of t for both, so that a curve may run any way."""

    y: str
    x: str = "x"
    t: tuple[float, ...] | None = None
    label: str = "theory"


def references(content: Mapping[str, Any], where: str, folder: Path, x: Values) -> list[Reference]:
    """The reference lines of a panel: a formula of x, (T,), is drawn from the smallest to the largest. Raises BadInput."""
    lines = []
    if content.get("published"):
        stated = built(Published, content["published"], f"{where}, published")
        curve = published_curve({"file": stated.file, "x": stated.x, "y": stated.y}, where, folder)
        lines.append(Reference(name=stated.label, x=curve.x, y=curve.y, derived=False))
    if content.get("theory"):
        lines.append(_derived(built(Theory, content["theory"], f"{where}, theory"), f"{where}, theory", x))
    return lines


def _derived(theory: Theory, where: str, x: Values) -> Reference:
    low, high = theory.t or (x.min(), x.max())
    grid = np.linspace(low, high, POINTS)
    table = pd.DataFrame({"x": grid, "t": grid} if theory.t is None else {"t": grid})
    return Reference(name=theory.label, x=evaluate(theory.x, table, where), y=evaluate(theory.y, table, where), derived=True)
