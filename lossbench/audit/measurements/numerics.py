"""Numerical truth: value and gradient against a reference of many digits, in float32 and float64.

A number is judged where the true one is a normal float of the dtype and well posed: not where moving a raw output by
one unit in its last place changes the true number by more than the bar, as next to a zero crossing of the gradient.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, nan

import numpy as np
import torch

from lossbench.audit.measurements.grids import Points, one_output, outputs_of_a_target, several_outputs
from lossbench.audit.measurements.reference_values import MOST_ROWS, Table, entry, reference_table, reference_table_of_a_target
from lossbench.audit.subjects.precision import DOUBLE
from lossbench.audit.subjects.subject import Reference, Subject
from lossbench.interfaces import Array

BARS = {"float64": 1e-12, "float32": 1e-5}
HARM = 1e-3  # an error of so much, against 1 or the right number, is felt in training


@dataclass(frozen=True, kw_only=True)
class Miss:
    """One number that came out wrong: `got` for `right`, at raw outputs z and the target y; row: the output of a gradient.

    `kind` is "wrong", "not finite" or "falsely zero"; `error` is relative.
    """

    kind: str
    z: tuple[float, ...]
    y: tuple[float, ...]
    row: int
    got: float
    right: float
    error: float

    @property
    def size(self) -> float:
        """How far out the raw outputs are."""
        return max(map(abs, self.z))

    @property
    def off(self) -> float:
        """The error against 1 or the right number, whichever is larger; inf for what is not finite."""
        return abs(self.got - self.right) / max(1.0, abs(self.right)) if isfinite(self.got) else inf


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """How right one quantity is in one dtype: `worst` is the largest relative error.

    `first` is the first miss above the bar, going out from 0; `harm` the first that is off by more than 1e-3 against 1 or
    the right number, and `off` the largest such distance.
    """

    quantity: str
    dtype: str
    judged: int
    faults: int
    worst: float
    off: float
    first: Miss | None = None
    harm: Miss | None = None

    @property
    def passes(self) -> bool:
        """Whether no number of this quantity and dtype misses the bar."""
        return self.faults == 0


@dataclass(frozen=True, kw_only=True)
class Numerics:
    """Accuracies of value and gradient; `against` names what they were held against."""

    against: str
    accuracies: tuple[Accuracy, ...]


def numerics(subject: Subject) -> Numerics:
    """The accuracies of a subject: against its formula, or else its float32 against its float64."""
    grids = [one_output() if subject.outputs == 1 else several_outputs(2)]
    grids += [several_outputs(3)] if subject.several else []
    grids = [outputs_of_a_target(subject.raw_outputs)] if subject.raw_outputs > 1 else grids
    if subject.reference is not None:
        reference = subject.reference
        tables = (
            [reference_table_of_a_target(reference, subject.raw_outputs)]
            if subject.raw_outputs > 1
            else [reference_table(reference, len(points.z)) for points in grids]
        )
        dtypes = tuple(BARS) if subject.precision is DOUBLE else ("float32",)
        some = f" (of the gradient {MOST_ROWS} entries, evenly spread)" if subject.raw_outputs > MOST_ROWS else ""
        against = subject.claims or f"its formula to 50 digits{some}"
    else:
        tables = [Table(points, *_answers(subject, points, "float64")) for points in grids]
        dtypes, against = ("float32",), "its own float64"
        if subject.precision is not DOUBLE:
            dtypes, against = (), "nothing, since it has no float64 of its own and no loss of ours was named (--as)"
    accuracies = [_judged(subject, tables, dtype) for dtype in dtypes]
    if subject.reference is None:
        accuracies.insert(0, [row for row in _without_numbers(tables, subject) if not row.passes])
    return Numerics(against=against, accuracies=tuple(accuracy for both in accuracies for accuracy in both))


def _without_numbers(tables: Sequence[Table], subject: Subject) -> list[Accuracy]:
    """NaN in the subject's own float64, which is wrong whatever would be right: value, and gradient where it has one."""
    cases: dict[str, list[Miss]] = {"value": [], "gradient": []}
    for table in tables:
        for quantity, answers in (("value", table.value[None]), ("gradient", table.gradient)):
            cases[quantity] += [
                Miss(
                    kind="not a number",
                    z=tuple(table.points.z[:, column].tolist()),
                    y=tuple(table.points.y[:, column].tolist()),
                    row=int(row),
                    got=nan,
                    right=nan,
                    error=inf,
                )
                for row, column in zip(*np.nonzero(np.isnan(answers)), strict=True)
            ]
    judged = sum(table.value.size for table in tables)
    quantities = ("value", "gradient") if subject.differentiable else ("value",)
    return [replace(_accuracy(quantity, "float64", cases[quantity], None), judged=judged) for quantity in quantities]


def _answers(subject: Subject, points: Points, dtype: str) -> tuple[Array, Array]:
    """What the subject says at the points, in one dtype, as float64."""
    z, y = (torch.from_numpy(item).to(getattr(torch, dtype)) for item in (points.z, points.y))
    loss = subject.exact or subject.loss
    gradient = loss.gradient(z, y) if subject.differentiable else torch.full_like(z, torch.nan)
    return loss.value(z, y).double().numpy(), gradient.double().numpy()


def _judged(subject: Subject, tables: Sequence[Table], dtype: str) -> list[Accuracy]:
    values: list[Miss] = []
    gradients: list[Miss] = []
    for table in tables:
        value, gradient = _answers(subject, table.points, dtype)
        values += _cases(table.points, table.value[None], value[None], dtype)
        gradients += _cases(table.points, table.gradient, gradient, dtype)
    accuracies = [
        _accuracy("value", dtype, values, subject.reference),
        _accuracy("gradient", dtype, gradients, subject.reference),
    ]
    return accuracies if subject.differentiable else accuracies[:1]


def _accuracy(quantity: str, dtype: str, cases: Sequence[Miss], reference: Reference | None) -> Accuracy:
    posed = [
        case for case in cases if not (case.error > BARS[dtype] and reference and _ill_posed(reference, case, quantity, dtype))
    ]
    missed = sorted((case for case in posed if case.error > BARS[dtype]), key=lambda case: case.size)
    return Accuracy(
        quantity=quantity,
        dtype=dtype,
        judged=len(posed),
        faults=len(missed),
        worst=max((case.error for case in posed), default=0.0),
        off=max((case.off for case in posed), default=0.0),
        first=missed[0] if missed else None,
        harm=next((case for case in missed if case.off > HARM), None),
    )


def _ill_posed(reference: Reference, case: Miss, quantity: str, dtype: str) -> bool:
    """Whether one unit in the last place of a raw output changes the true number by more than the bar."""
    row = None if quantity == "value" else case.row
    for axis, item in enumerate(case.z):
        if item == 0:
            continue
        moved = float(np.nextafter(getattr(np, dtype)(item), np.inf))
        shifted = entry(reference, [*case.z[:axis], moved, *case.z[axis + 1 :]], list(case.y), row)
        if abs(shifted - case.right) > BARS[dtype] * abs(case.right) > 0:
            return True
    return False


def _cases(points: Points, right: Array, got: Array, dtype: str) -> list[Miss]:
    """Every number that can be judged: the true one is normal, or it is 0 (nearly) and what came out is not finite."""
    limits, size = np.finfo(dtype), np.abs(right)
    normal = (size >= limits.tiny) & (size <= limits.max)
    with np.errstate(all="ignore"):
        error = np.where(np.isfinite(got), np.abs(got - right) / size, np.inf)
    judged = normal | ((size < limits.tiny) & ~np.isfinite(got))
    kinds = np.where(~np.isfinite(got), "not finite", np.where(got == 0, "falsely zero", "wrong"))
    return [
        Miss(
            kind=str(kinds[row, column]),
            z=tuple(points.z[:, column].tolist()),
            y=tuple(points.y[:, column].tolist()),
            row=int(row),
            got=float(got[row, column]),
            right=float(right[row, column]),
            error=float(error[row, column]),
        )
        for row, column in zip(*np.nonzero(judged), strict=True)
    ]
