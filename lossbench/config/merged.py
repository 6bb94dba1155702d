"""The configs of a sweep as one, to be kept with the runs."""

from collections.abc import Mapping, Sequence
from typing import Any


def merged(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the points of a sweep were composed to, as one config: {"swept": [...]} stands where they do not all agree."""
    return {key: _merged([point.get(key) for point in points]) for key in points[0]}


def _merged(values: Sequence[Any]) -> Any:
    distinct = list({repr(value): value for value in {id(value): value for value in values}.values()}.values())
    if len(distinct) == 1:
        return distinct[0]
    if all(isinstance(value, Mapping) for value in distinct) and len({tuple(value) for value in distinct}) == 1:
        return {key: _merged([value[key] for value in distinct]) for key in distinct[0]}
    return {"swept": distinct}
