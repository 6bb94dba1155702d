"""Reference values: value and gradient of a loss's formula at every point of a grid, in multiple precision (mpmath)."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from mpmath import mp, mpf

from lossbench.audit.measurements.grids import Points, one_output, outputs_of_a_target, several_outputs
from lossbench.audit.subjects.subject import Reference
from lossbench.interfaces import Array

_STEP = mpf(10) ** -40
_DIGITS = 120
MOST_ROWS = 5
_MOST = 320  # what is smaller than 1e-320 is no normal number, however many digits it has


@dataclass(frozen=True)
class Table:
    """Reference values (N,) and gradients (C, N) at N points; NaN where there is no gradient, as at a corner.

    Of many raw outputs some stand for the others: the rest have NaN, too, for time's sake.
    """

    points: Points
    value: Array
    gradient: Array


@lru_cache(maxsize=8)
def reference_table(reference: Reference, classes: int) -> Table:
    """Reference values (N,) and gradients (C, N) on the grid for C = `classes` raw outputs."""
    return _table(reference, one_output() if classes == 1 else several_outputs(classes))


@lru_cache(maxsize=8)
def reference_table_of_a_target(reference: Reference, raw_outputs: int) -> Table:
    """Reference values (N,) and gradients (C, N) on the grid for losses with C = `raw_outputs` of them a target."""
    return _table(reference, outputs_of_a_target(raw_outputs))


def _table(reference: Reference, points: Points) -> Table:
    judged = {round(axis) for axis in np.linspace(0, len(points.z) - 1, min(len(points.z), MOST_ROWS))}
    rows = [_reference_row(reference, list(z), list(y), judged) for z, y in zip(points.z.T, points.y.T, strict=True)]
    return Table(points, np.array([row[0] for row in rows]), np.array([row[1:] for row in rows]).T)


def _reference_row(reference: Reference, z: list[float], y: list[float], judged: set[int]) -> list[float]:
    """Value and gradient at one point, each rounded to the nearest float64; NaN in what is not judged of the gradient."""
    with mp.workdps(_digits(z)):
        outputs, target = [mpf(item) for item in z], [mpf(item) for item in y]
        value = reference(outputs, target)
        slopes = (_slope(reference, outputs, target, axis, value) if axis in judged else mp.nan for axis in range(len(z)))
        return [float(value), *map(float, slopes)]


def entry(reference: Reference, z: list[float], y: list[float], row: int | None) -> float:
    """Reference value (row None) or partial derivative dℓ/dz_row at one point: z of C raw outputs, y of the targets."""
    return float(exact_entry(reference, z, y, row))


def exact_entry(reference: Reference, z: list[float], y: list[float], row: int | None) -> mpf:
    """The same with all its digits, however small it is."""
    with mp.workdps(_digits(z)):
        outputs, target = [mpf(item) for item in z], [mpf(item) for item in y]
        value = reference(outputs, target)
        return value if row is None else _slope(reference, outputs, target, row, value)


def _digits(z: list[float]) -> int:
    return _DIGITS + min(_MOST, int(2.6 * max(map(abs, z))))


def _slope(reference: Reference, z: list[mpf], y: list[mpf], axis: int, value: mpf) -> mpf:
    """dℓ/dz along one axis, ℓ being `value`; NaN at a corner; 0 where what is left is the error of the difference itself."""

    def moved(step: mpf) -> mpf:
        return reference([*z[:axis], z[axis] + step, *z[axis + 1 :]], y)

    ahead, behind = moved(_STEP), moved(-_STEP)
    if abs(ahead - 2 * value + behind) > max(_STEP * mpf(10) ** -25, abs(ahead - behind) / 10**10):
        return mp.nan
    slope = (ahead - behind) / (2 * _STEP)
    if abs(slope) < mpf(10) ** -70 * max(1, abs(value)):
        finer = _STEP / 10
        again = (moved(finer) - moved(-finer)) / (2 * finer)
        return slope if abs(again - slope) < abs(slope) / 2 else mpf(0)
    return slope
