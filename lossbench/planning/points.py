"""What the points of a sweep have in common: of a million points, which share their values, some dozens are compared."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any


def distinct_values(key: str, points: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The values that points have of a setting, each once, in the order in which they come."""
    values = list(map(itemgetter(key), points))
    return distinct(dict(zip(map(id, values), values, strict=True)).values())


def distinct(values: Iterable[Any]) -> list[Any]:
    """The values that are written differently, in the order in which they come."""
    return list({repr(value): value for value in values}.values())
