"""The configs of a sweep as one, to be kept with the runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from lossbench.planning.points import distinct, distinct_values


def merged(points: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the points of a sweep were composed to, as one config: {"swept": [...]} stands where they do not all agree."""
    return {key: _merged(distinct_values(key, points)) for key in points[0]}


def _merged(values: Sequence[Any]) -> Any:
    if len(values) == 1:
        return values[0]
    if all(isinstance(value, Mapping) for value in values) and len({tuple(value) for value in values}) == 1:
        return {key: _merged(distinct([value[key] for value in values])) for key in values[0]}
    return {"swept": values}
