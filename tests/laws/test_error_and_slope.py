"""What probes record of a loss and its link, held to the law of values and gradients: right to all digits, against mpmath.

The error is dℓ/da as far as the link lets it through, the slope is the size of da/dz. Hard and soft targets, one output to ten,
ties, margins from 0 to 700 on either side, float64 and float32. Only one thing is not asked: digits that one unit in the last
place of a raw output would change. That is so where two outputs tie and the pulls at them cancel.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import mpmath
import pytest
import torch
from mpmath import mp, mpf

from lossbench.audit.measurements.reference_values import exact_entry
from lossbench.audit.references import Formula, formula
from lossbench.interfaces import Loss
from lossbench.interfaces.links import LINKS
from lossbench.registry import find, shelf

BARS = {torch.float64: 1e-12, torch.float32: 1e-5}
FAR = {torch.float64: 700.0, torch.float32: 40.0}  # beyond 40 the engine asks for errors in float64
SIZES = [0.0, 8.0, 17.5, 88.5, 355.0, 700.0]
NOT_OF_THE_OUTPUTS = {
    "squentropy": "adds squares of raw outputs, which are no function of a: its error is that of its cross entropy"
}
WORDS = [word for word, cls in shelf("loss").items() if cls.__module__.startswith("lossbench.losses.")]


@dataclass(frozen=True)
class Point:
    z: list[float]
    y: list[float]


def points(outputs: int) -> list[Point]:
    """One output ahead or behind, the last one ahead, two that tie; targets hard and soft."""
    if outputs == 1:
        return [Point([sign * size], [y]) for size, sign, y in product(SIZES, (1, -1), (0.0, 1.0, 0.25))]
    rest = [0.0] * (outputs - 2)
    places = [[1.0, 0.0, *rest], [-1.0, 0.0, *rest], [0.0, *rest, 1.0]]
    places += [[1.0, 1.0, *rest]] if rest else []
    targets = [
        [1.0, 0.0, *rest],
        [0.25, 0.75, *rest],
        [0.75, *[0.25 / (outputs - 1)] * (outputs - 1)] if outputs < 4 else [0.1] * outputs,
    ]
    return [Point([size * share for share in place], y) for size, place, y in product(SIZES, places, targets)]


def settled() -> Iterator[tuple[str, str, int]]:
    """Every loss on every link that makes probabilities: a sigmoid, and a softmax of three."""
    for word, (link, outputs) in product(WORDS, [("sigmoid", 1), ("softmax", 3)]):
        loss = on(word, link)
        if loss is not None and word not in NOT_OF_THE_OUTPUTS and formula(loss):
            yield word, link, outputs


def on(word: str, link: str) -> Loss | None:
    cls = find("loss", word)
    options = getattr(cls, "__annotations__", {}).get("link", "")
    return cls(link=link) if f"{link}" in str(options) else None  # type: ignore[return-value]


def outputs_of(link: str, z: list[mpf]) -> list[mpf]:
    if link == "sigmoid":
        return [1 / (1 + mpmath.exp(-item)) for item in z]
    powers = [mpmath.exp(item - max(z)) for item in z]
    return [power / mpmath.fsum(powers) for power in powers]


def norm(vector: list[mpf]) -> mpf:
    return mpmath.sqrt(mpmath.fsum(item * item for item in vector))


def true_error(link: str, z: list[float], gradient: list[mpf]) -> float:
    """‖dℓ/da‖ solved from dℓ/dz; on the softmax p_j (e_j − Σ p e) = dℓ/dz_j, less the mean over the outputs."""
    with mp.workdps(800):
        a = outputs_of(link, [mpf(item) for item in z])
        if link == "sigmoid":
            return float(norm([pull / (own * (1 - own)) for pull, own in zip(gradient, a, strict=True)]))
        error = [pull / own for pull, own in zip(gradient, a, strict=True)]
        mean = mpmath.fsum(error) / len(error)
        return float(norm([item - mean for item in error]))


def true_slope(link: str, z: list[float]) -> float:
    """The Jacobian of the link, number by number; its root mean square over the outputs, or Frobenius norm."""
    with mp.workdps(800):
        a = outputs_of(link, [mpf(item) for item in z])
        if link == "sigmoid":
            return float(norm([own * (1 - own) for own in a]) / mpmath.sqrt(len(a)))
        return float(norm([a[i] * ((i == j) - a[j]) for i in range(len(a)) for j in range(len(a))]))


def gradients(reference: Formula, z: list[float], y: list[float]) -> list[mpf]:
    return [exact_entry(reference, z, y, row) for row in range(len(z))]


def columns(some: list[list[float]], dtype: torch.dtype) -> torch.Tensor:
    return torch.tensor(some, dtype=torch.float64).T.to(dtype)


def right(got: float, wanted: mpf | float, dtype: torch.dtype) -> bool:
    """Whether a number is right to the dtype's digits; of what is no normal number of the dtype nothing is asked."""
    limits = torch.finfo(dtype)
    return not limits.tiny <= abs(wanted) <= limits.max or abs(got - wanted) <= BARS[dtype] * abs(wanted)


def ill_posed(reference: Formula, point: Point, row: int, wanted: mpf, dtype: torch.dtype) -> bool:
    """Whether one unit in the last place, of the largest raw output, changes the true number by more than the bar."""
    unit = torch.finfo(dtype).eps * max(map(abs, point.z))
    for axis in range(len(point.z)):
        moved = [item + unit * (place == axis) for place, item in enumerate(point.z)]
        if abs(exact_entry(reference, moved, point.y, row) - wanted) > BARS[dtype] * abs(wanted):
            return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize(("word", "link", "outputs"), list(settled()))
def test_error_and_gradient(word: str, link: str, outputs: int) -> None:
    loss = on(word, link)
    assert loss is not None
    reference, grid = Formula(loss), points(outputs)
    truth = [gradients(reference, point.z, point.y) for point in grid]
    for dtype in BARS:
        z, y = columns([point.z for point in grid], dtype), columns([point.y for point in grid], dtype)
        sizes = LINKS[link].at(z).passing(loss.error(z, y)).tolist()
        pulls = loss.gradient(z, y).T.tolist()
        for point, size, pull, wanted in zip(grid, sizes, pulls, truth, strict=True):
            if max(map(abs, point.z)) <= FAR[dtype] and not any(map(mpmath.isnan, wanted)):
                assert right(size, true_error(link, point.z, wanted), dtype), (dtype, point, size)
            for row, (found, best) in enumerate(zip(pull, wanted, strict=True)):
                fine = mpmath.isnan(best) or right(found, best, dtype)
                assert fine or ill_posed(reference, point, row, best, dtype), (dtype, point, row, found, best)


@pytest.mark.parametrize(("word", "link", "outputs"), list(settled()))
def test_beyond_the_floats_nothing_is_recorded_that_is_no_number(word: str, link: str, outputs: int) -> None:
    loss = on(word, link)
    assert loss is not None
    grid = [Point([1e4 / 12 * item for item in point.z], point.y) for point in points(outputs)]
    z, y = columns([point.z for point in grid], torch.float64), columns([point.y for point in grid], torch.float64)
    for recorded in (LINKS[link].at(z).passing(loss.error(z, y)), loss.gradient(z, y), loss.value(z, y)):
        assert not recorded.isnan().any(), (grid, recorded)


@pytest.mark.parametrize("link", ["sigmoid", "softmax"])
@pytest.mark.parametrize("outputs", [1, 2, 3, 10])
@pytest.mark.parametrize("dtype", BARS)
def test_slope(link: str, outputs: int, dtype: torch.dtype) -> None:
    grid = points(outputs)
    slopes = LINKS[link].at(columns([point.z for point in grid], dtype)).slope.tolist()
    for point, slope in zip(grid, slopes, strict=True):
        assert right(slope, true_slope(link, point.z), dtype), (point, slope)
