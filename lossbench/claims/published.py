"""What a source published: a number, a range, a bound or a curve, read from a claims file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lossbench.analysis.statistics import Values
from lossbench.claims.formula import evaluate, is_number
from lossbench.errors import BadInput
from lossbench.files.csv import read_csv, within


@dataclass(frozen=True, kw_only=True)
class Number:
    """A published number."""

    value: float


@dataclass(frozen=True, kw_only=True)
class Span:
    """A published range."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A published sign or order: more than, or less than, a number."""

    side: Literal[">", "<"]
    value: float


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A published curve: at steps x (points,) the values y (points,)."""

    x: Values
    y: Values


Published = Number | Span | Bound | Curve


def published_of(content: Any, where: str, folder: Path) -> Published:
    """What a claim says was published. `where` is for messages, `folder` the experiment's. Raises BadInput."""
    if is_number(content):
        return Number(value=float(content))
    if isinstance(content, list) and len(content) == 2 and all(map(is_number, content)) and content[0] <= content[1]:
        return Span(low=float(content[0]), high=float(content[1]))
    bound = re.fullmatch(r"([<>])\s*(-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)", content.strip()) if isinstance(content, str) else None
    if bound:
        return Bound(side="<" if bound[1] == "<" else ">", value=float(bound[2]))
    if isinstance(content, dict) and content.keys() == {"file", "x", "y"}:
        return published_curve(content, where, folder)
    raise BadInput(
        f"{where}: published is {content!r}. It is a number, a range [low, high], a bound such as '> 0', or a curve "
        "{file: published/NAME.csv, x: formula for the step, y: formula for the value}."
    )


def published_curve(content: Mapping[str, Any], where: str, folder: Path) -> Curve:
    """A curve from a CSV file in the experiment's folder; x and y are formulas over its columns. Raises BadInput."""
    try:
        path = within(folder, content["file"])
        table = read_csv(path)
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error
    x, y = (evaluate(content[axis], table, f"{where}: {path.name}") for axis in ("x", "y"))
    return Curve(x=x, y=y)
