"""Numerical truth: value and gradient against a reference of many digits, in float32 and float64.

A number is judged where the true one is a normal float of the dtype and well posed: not where moving a raw output by
one unit in its last place changes the true number by more than the bar, as next to a zero crossing of the gradient.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from mpmath import mp, mpf

from lossbench.audit.grids import Points, one_output, several_outputs
from lossbench.audit.subject import Subject, Truth
from lossbench.interfaces import Array

BARS = {"float64": 1e-12, "float32": 1e-5}
_STEP = mpf(10) ** -40
_DIGITS = 120
_MOST = 320  # what is smaller than 1e-320 is no normal number, however many digits it has


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How right one quantity is in one dtype, wherever the true number is a normal one.

    `worst` is the largest relative error. `fault` says what is wrong first, going out from 0: "wrong", "not finite" or
    "falsely zero", at raw outputs `z` for the target `y`, where `got` came out and `right` is right.
    """

    quantity: str
    dtype: str
    judged: int
    faults: int
    worst: float
    fault: str = ""
    z: tuple[float, ...] = ()
    y: tuple[float, ...] = ()
    got: float = 0.0
    right: float = 0.0

    @property
    def passes(self) -> bool:
        return self.faults == 0


@dataclass(frozen=True, kw_only=True)
class Numerics:
    """Accuracies of value and gradient; `against` names what they were held against."""

    against: str
    accuracies: tuple[Accuracy, ...]

    @property
    def passes(self) -> bool:
        return all(accuracy.passes for accuracy in self.accuracies)


@dataclass(frozen=True)
class _Table:
    """True values (N,) and gradients (C, N) at points; NaN where there is none, as at a corner."""

    points: Points
    value: Array
    gradient: Array


@dataclass(frozen=True)
class _Case:
    """One number that came out, beside the right one; `row` is the output whose slope it is."""

    z: tuple[float, ...]
    y: tuple[float, ...]
    row: int
    got: float
    right: float
    error: float
    fault: str


def numerics(subject: Subject) -> Numerics:
    """The accuracies of a subject: against its formula, or else its float32 against its float64."""
    grids = [one_output() if subject.outputs == 1 else several_outputs(2)]
    grids += [several_outputs(3)] if subject.several else []
    if subject.truth is not None:
        tables = [truths(subject.truth, len(points.z)) for points in grids]
        dtypes, against = tuple(BARS), subject.claims or "its formula to 50 digits"
    else:
        tables = [_Table(points, *_answers(subject, points, "float64")) for points in grids]
        dtypes, against = ("float32",), "its own float64"
    found = [_judged(subject, tables, dtype) for dtype in dtypes]
    return Numerics(against=against, accuracies=tuple(accuracy for both in found for accuracy in both))


@lru_cache(maxsize=8)
def truths(truth: Truth, classes: int) -> _Table:
    """The truth at every point of the grid for C = classes outputs."""
    points = one_output() if classes == 1 else several_outputs(classes)
    rows = [_true(truth, list(z), list(y)) for z, y in zip(points.z.T, points.y.T, strict=True)]
    return _Table(points, np.array([row[0] for row in rows]), np.array([row[1:] for row in rows]).T)


def _true(truth: Truth, z: list[float], y: list[float]) -> list[float]:
    """Value and gradient at one point, each rounded to the nearest float64."""
    with mp.workdps(_digits(z)):
        here, target = [mpf(item) for item in z], [mpf(item) for item in y]
        value = truth(here, target)
        return [float(value), *(float(_slope(truth, here, target, axis, value)) for axis in range(len(here)))]


def _entry(truth: Truth, z: list[float], y: list[float], row: int | None) -> float:
    """The true value (row None), or the true slope along one output."""
    with mp.workdps(_digits(z)):
        here, target = [mpf(item) for item in z], [mpf(item) for item in y]
        value = truth(here, target)
        return float(value if row is None else _slope(truth, here, target, row, value))


def _digits(z: list[float]) -> int:
    return _DIGITS + min(_MOST, int(2.6 * max(map(abs, z))))


def _slope(truth: Truth, z: list[mpf], y: list[mpf], axis: int, value: mpf) -> mpf:
    """dℓ/dz along one axis, ℓ being `value`; NaN at a corner; 0 where what is left is the error of the difference itself."""

    def moved(step: mpf) -> mpf:
        return truth([*z[:axis], z[axis] + step, *z[axis + 1 :]], y)

    ahead, behind = moved(_STEP), moved(-_STEP)
    if abs(ahead - 2 * value + behind) > _STEP * max(mpf(10) ** -25, abs(ahead - behind) / 10**10):
        return mp.nan
    slope = (ahead - behind) / (2 * _STEP)
    if abs(slope) < mpf(10) ** -70 * max(1, abs(value)):
        finer = _STEP / 10
        again = (moved(finer) - moved(-finer)) / (2 * finer)
        return slope if abs(again - slope) < abs(slope) / 2 else mpf(0)
    return slope


def _answers(subject: Subject, points: Points, dtype: str) -> tuple[Array, Array]:
    """What the subject says at the points, in one dtype, as float64."""
    z, y = (torch.from_numpy(item).to(getattr(torch, dtype)) for item in (points.z, points.y))
    loss = subject.exact or subject.loss
    gradient = loss.gradient(z, y) if subject.differentiable else torch.full_like(z, torch.nan)
    return loss.value(z, y).double().numpy(), gradient.double().numpy()


def _judged(subject: Subject, tables: Sequence[_Table], dtype: str) -> list[Accuracy]:
    values: list[_Case] = []
    gradients: list[_Case] = []
    for table in tables:
        value, gradient = _answers(subject, table.points, dtype)
        values += _cases(table.points, table.value[None], value[None], dtype)
        gradients += _cases(table.points, table.gradient, gradient, dtype)
    found = [_accuracy("value", dtype, values, subject.truth), _accuracy("gradient", dtype, gradients, subject.truth)]
    return found if subject.differentiable else found[:1]


def _accuracy(quantity: str, dtype: str, cases: Sequence[_Case], truth: Truth | None) -> Accuracy:
    posed = [case for case in cases if not (case.fault and truth and _ill_posed(truth, case, quantity, dtype))]
    faulty = sorted((case for case in posed if case.fault), key=lambda case: max(map(abs, case.z)))
    first = faulty[0] if faulty else _Case((), (), 0, 0.0, 0.0, 0.0, "")
    return Accuracy(
        quantity=quantity,
        dtype=dtype,
        judged=len(posed),
        faults=len(faulty),
        worst=max((case.error for case in posed), default=0.0),
        fault=first.fault,
        z=first.z,
        y=first.y,
        got=first.got,
        right=first.right,
    )


def _ill_posed(truth: Truth, case: _Case, quantity: str, dtype: str) -> bool:
    """Whether one unit in the last place of a raw output changes the true number by more than the bar."""
    row = None if quantity == "value" else case.row
    for axis, item in enumerate(case.z):
        if item == 0:
            continue
        moved = float(np.nextafter(getattr(np, dtype)(item), np.inf))
        there = _entry(truth, [*case.z[:axis], moved, *case.z[axis + 1 :]], list(case.y), row)
        if abs(there - case.right) > BARS[dtype] * abs(case.right) > 0:
            return True
    return False


def _cases(points: Points, right: Array, got: Array, dtype: str) -> list[_Case]:
    """Every number that can be judged: the true one is normal, or it is 0 (nearly) and what came out is not finite."""
    limits, size = np.finfo(dtype), np.abs(right)
    normal = (size >= limits.tiny) & (size <= limits.max)
    with np.errstate(all="ignore"):
        error = np.where(np.isfinite(got), np.abs(got - right) / size, np.inf)
    judged = normal | ((size < limits.tiny) & ~np.isfinite(got))
    kinds = np.where(~np.isfinite(got), "not finite", np.where(got == 0, "falsely zero", "wrong"))
    return [
        _Case(
            z=tuple(points.z[:, column].tolist()),
            y=tuple(points.y[:, column].tolist()),
            row=int(row),
            got=float(got[row, column]),
            right=float(right[row, column]),
            error=float(error[row, column]),
            fault=str(kinds[row, column]) if error[row, column] > BARS[dtype] else "",
        )
        for row, column in zip(*np.nonzero(judged), strict=True)
    ]
