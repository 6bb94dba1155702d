"""A loss along the margin: value, slope, curvature, where it is convex, how steep and how bent it gets."""

from dataclasses import dataclass

import numpy as np
import torch

from lossbench.audit.measurements.grids import MAGNITUDES
from lossbench.audit.subjects.subject import Subject
from lossbench.interfaces import Array

SPAN = 15.0
_FAR = (100.0, 200.0, 400.0)
_FAR_SLACK = 1e-2  # relative; what is formed as 1 − p has lost so many digits there


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A loss for one target along margins z: value, dℓ/dz, its two factors dℓ/da and da/dz, and d²ℓ/dz²."""

    target: int
    z: tuple[float, ...]
    value: tuple[float, ...]
    gradient: tuple[float, ...]
    error: tuple[float, ...]
    slope: tuple[float, ...]
    curvature: tuple[float, ...]
    convex: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What the curves for both targets come to. inf: without bound. `corners` are margins at which the slope jumps."""

    curves: tuple[Curve, ...]
    convex: bool
    largest_value: float
    largest_gradient: float
    lipschitz: float
    corners: tuple[float, ...]
    canonical: bool


def shape(subject: Subject) -> Shape:
    """The shape of a subject between margins −15 and 15; its bounds are looked for out to ±400."""
    curves = tuple(_curve(subject, target) for target in (0, 1))
    corners = tuple(sorted({corner for target in (0, 1) for corner in _corners(subject, target)}))
    bend = max(float(np.nanmax(np.abs(curve.curvature))) for curve in curves)
    grows = _bound(subject, "curvature") == np.inf
    largest_value = _bound(subject, "value")
    convex = all(curve.convex == ((curve.z[0], curve.z[-1]),) for curve in curves)
    convex = convex and _convex_far_out(subject) and _convex_between(subject)
    return Shape(
        curves=curves,
        convex=convex and (largest_value == np.inf or _constant(curves)),  # what is bounded and convex is constant
        largest_value=largest_value,
        largest_gradient=_bound(subject, "gradient"),
        lipschitz=np.inf if corners or grows else bend,
        corners=corners,
        canonical=_canonical(subject),
    )


def _line(subject: Subject, reach: float, points: int, least: int) -> torch.Tensor:
    return torch.linspace(-reach, reach, subject.thinned(points, least), dtype=torch.float64).round(decimals=9)


def _curve(subject: Subject, target: int) -> Curve:
    z = _line(subject, SPAN, 601, 61)
    value, gradient = subject.on_margin(z, target)
    slope = torch.ones_like(z) if subject.link == "identity" else torch.sigmoid(z) * torch.sigmoid(-z)
    bend = subject.precision.bend
    ahead, behind = (subject.slope(z + step, target) for step in (bend, -bend))
    columns = (value, gradient, gradient / slope, slope, (ahead - behind) / (2 * bend))
    numbers = [tuple(column.tolist()) for column in columns]
    return Curve(
        target=target,
        z=tuple(z.tolist()),
        value=numbers[0],
        gradient=numbers[1],
        error=numbers[2],
        slope=numbers[3],
        curvature=numbers[4],
        convex=_rising(z.numpy(), gradient.numpy(), numbers[4], subject.precision.monotone),
    )


def _rising(z: Array, gradient: Array, curvature: tuple[float, ...], slack: float) -> tuple[tuple[float, float], ...]:
    """The intervals in which the slope never falls by more than rounding, up to where the curvature is 0."""
    size = np.maximum(np.abs(gradient[1:]), np.abs(gradient[:-1]))
    rises = np.diff(gradient) >= -slack * size
    edges = np.flatnonzero(np.diff(np.concatenate(([False], rises, [False]))))
    ends = [_turn(z, np.array(curvature), int(index)) for index in edges]
    return tuple(zip(ends[::2], ends[1::2], strict=True))


def _turn(z: Array, curvature: Array, index: int) -> float:
    """Where the curvature changes its sign next to a point of the grid, by a straight line; the point itself at the ends."""
    for left in range(max(index - 2, 0), min(index + 2, len(z) - 1)):
        one, other = curvature[left], curvature[left + 1]
        if one * other < 0 and index not in {0, len(z) - 1}:
            return float(z[left] + (z[left + 1] - z[left]) * one / (one - other))
    return float(z[index])


def _convex_between(subject: Subject) -> bool:
    """Whether (g(u) − g(v))·(u − v) ≥ 0 for random pairs u, v of three raw outputs; true where one is all there is."""
    if not subject.several:
        return True
    rng = np.random.default_rng(0)
    pairs = subject.thinned(3000, 60)
    u = rng.normal(0, 4, (3, pairs))
    v = u + rng.normal(0, 1, (3, pairs)) * rng.choice([0.01, 1.0, 5.0], pairs)
    y = torch.eye(3, dtype=torch.float64)[:, torch.arange(pairs) % 3]
    gu, gv = (subject.loss.gradient(torch.from_numpy(z), y).numpy() for z in (u, v))
    turn = ((gu - gv) * (u - v)).sum(0)
    noise = 4 * subject.precision.unit * np.abs(gu).max()  # as of 1 − p where p is nearly 1
    slack = subject.precision.slack * (np.abs(gu) + np.abs(gv)).sum(0) + noise
    return bool((turn >= -slack * np.abs(u - v).sum(0)).all())


def _bound(subject: Subject, quantity: str) -> float:
    """The largest size of value, slope or curvature; inf where it is still rising, not ever more slowly, out to ±400.

    A fixed grid, and then finer ones around its largest value, the same for every subject.
    """
    first, second, third = [_largest(subject, far, quantity) for far in _FAR]
    rising = third - second
    if not np.isfinite(third) or (rising > subject.precision.monotone * third and rising > 0.75 * (second - first)):
        return float("inf")
    return third


def _largest(subject: Subject, far: float, quantity: str) -> float:
    """The largest size within ±far: on a grid that is even within ±15 and coarser outside, refined where it is largest."""
    outside = torch.linspace(SPAN, far, 25, dtype=torch.float64)
    inside = torch.linspace(-SPAN, SPAN, 301, dtype=torch.float64).round(decimals=9)
    z = torch.cat((-outside[1:].flip(0), inside, outside[1:]))
    largest = 0.0
    for target in (0, 1):
        line = z
        for _ in range(4):
            sizes = _sizes(subject, line, target, quantity)
            largest = max(largest, float(sizes.max()))
            index = int(sizes.argmax())
            low, high = line[max(index - 1, 0)], line[min(index + 1, len(line) - 1)]
            line = torch.linspace(float(low), float(high), 21, dtype=torch.float64)
    return largest


def _sizes(subject: Subject, z: torch.Tensor, target: int, quantity: str) -> torch.Tensor:
    if quantity == "curvature":
        bend = subject.precision.far_bend
        ahead, behind = (subject.slope(z + step, target) for step in (bend, -bend))
        return ((ahead - behind) / (2 * bend)).abs()
    return (subject.cost(z, target) if quantity == "value" else subject.slope(z, target)).abs()


def _corners(subject: Subject, target: int) -> list[float]:
    """Margins at which the slope jumps, found by halving every interval of a fixed grid towards its larger change.

    An interval is given up as soon as its change is no jump: smooth ones are after some halvings. Slopes that are differences
    of values smear a jump over two of their steps, so these are not looked between.
    """
    smear = 0.0 if subject.differentiable else 4 * subject.precision.step
    z = torch.linspace(-SPAN, SPAN, 601, dtype=torch.float64).round(decimals=9)
    low, high = z[:-1] + 1e-4, z[1:] + 1e-4
    at_low, at_high = subject.slope(low, target), subject.slope(high, target)
    least = max(1e-4, 8 * smear) * float(at_low.abs().max())
    while True:
        kept = (at_high - at_low).abs() > least
        low, high, at_low, at_high = low[kept], high[kept], at_low[kept], at_high[kept]
        if not len(low):
            return []
        if float((high - low).min()) <= max(smear, 0.05 * 2.0**-32):
            return [_settled(float(corner), smear) for corner in (low + high) / 2]
        middle = (low + high) / 2
        between = subject.slope(middle, target)
        left = (between - at_low).abs() > (at_high - between).abs()
        low, high = torch.where(left, low, middle), torch.where(left, middle, high)
        at_low, at_high = torch.where(left, at_low, between), torch.where(left, between, at_high)


def _settled(corner: float, smear: float) -> float:
    """A corner to six digits, or to as many as can be told."""
    return round(corner, 6 if smear == 0 else max(0, int(-np.log10(smear)) - 1)) + 0.0


def _canonical(subject: Subject) -> bool:
    """Whether dℓ/dz is one and the same multiple of a − y wherever it is looked at, as far out as clamps show."""
    z = torch.cat((torch.linspace(-6, 6, 25, dtype=torch.float64), _far_margins(subject)))
    yes, no = (z, z - 1) if subject.link == "identity" else (torch.sigmoid(z), -torch.sigmoid(-z))
    gradient, gap = torch.cat([subject.slope(z, target) for target in (0, 1)]), torch.cat((yes, no))
    inner = (z.abs() <= 6).repeat(2)
    factor = float((gradient * gap)[inner].sum() / gap[inner].square().sum())
    proportion = torch.where(inner, subject.precision.proportion, _FAR_SLACK)
    slack = proportion * factor * gap.abs() + max(1e-12, subject.precision.unit)
    return factor > 0 and bool(((gradient - factor * gap).abs() <= slack).all())


def _far_margins(subject: Subject) -> torch.Tensor:
    """Margins (N,) from ±8 to ±30 and, where the loss itself makes the raw outputs into probabilities, to ±10000.

    Behind ±30 a sigmoid that a loss is handed has lost its digits, which is no property of the loss.
    """
    edge = [*np.arange(8, 30.1, 0.5), *(size for size in MAGNITUDES if size > 30 and subject.takes_raw)]
    return torch.cat([side * torch.tensor(edge, dtype=torch.float64) for side in (-1, 1)]).sort().values


def _convex_far_out(subject: Subject) -> bool:
    """Whether the slope never falls by more than a hundredth as far as numbers are looked at, for clamps cut it off there."""
    z = torch.cat((torch.linspace(-7.5, 7.5, 31, dtype=torch.float64), _far_margins(subject))).sort().values
    for target in (0, 1):
        gradient = subject.slope(z, target)
        size = torch.maximum(gradient[1:].abs(), gradient[:-1].abs())
        if bool((gradient.diff() < -_FAR_SLACK * size - subject.precision.unit).any()):
            return False
    return True


def _constant(curves: tuple[Curve, ...]) -> bool:
    return all(max(curve.value) == min(curve.value) for curve in curves)
