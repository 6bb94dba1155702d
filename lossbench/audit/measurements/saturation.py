"""How fast the gradient dies, and how long saturation lasts: the exponent s, and the escape time T.

s = −lim d ln|dℓ/dz| / d(distance). T(z₀) = ∫ dz / |dℓ/dz| from the boundary of the decision to z₀, in units of 2η steps:
one neuron with x = 1 that trains its weight and its bias by gradient descent moves by dz/dn = −2η dℓ/dz.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from lossbench.audit.subjects.subject import Subject
from lossbench.interfaces import Array

STARTS = tuple(float(start) for start in range(1, 25))
RATE = 0.25
_MOST_STEPS = 1000
_FARTHEST = 600.0


@dataclass(frozen=True, kw_only=True)
class Tail:
    """The gradient far out on one side: its exponent, and where it becomes exactly 0 (None: nowhere).

    `before` is the exponent up to `knee` where the tail has two regimes, as behind a clamp.
    """

    exponent: float
    dead_from: float | None = None
    before: float | None = None
    knee: float | None = None


@dataclass(frozen=True, kw_only=True)
class Saturation:
    """Tails on the wrong and the right side for targets 1 and 0, and escape times 2ηT from `starts`, for target 0.

    `predicted` comes from the integral, `descended` from gradient descent with η = 1/4 (NaN where it needs more than 1000
    steps); inf: it never escapes.
    """

    wrong: tuple[Tail, Tail]
    right: tuple[Tail, Tail]
    starts: tuple[float, ...]
    predicted: tuple[float, ...]
    descended: tuple[float, ...]


def saturation(subject: Subject) -> Saturation:
    """The saturation of a subject, measured from its own gradient in float64."""
    predicted = escape_times(subject, np.array(STARTS))
    return Saturation(
        wrong=(_tail(subject, 1, -1), _tail(subject, 0, 1)),
        right=(_tail(subject, 1, 1), _tail(subject, 0, -1)),
        starts=STARTS,
        predicted=tuple(float(time) for time in predicted),
        descended=_descend(subject, predicted),
    )


def escape_times(subject: Subject, starts: Array) -> Array:
    """2ηT(z₀) (T,) for target 0 from every start z₀ (T,), by Gauss–Legendre quadrature on panels; inf: never.

    NaN where the boundary is approached and never crossed, because the output at rest should move too.
    """
    rest = subject.slope(torch.tensor([subject.boundary, subject.boundary + 1], dtype=torch.float64), 0).abs()
    if subject.boundary == 0 and subject.outputs == 2 and float(rest[0]) <= 1e-9 * float(rest[1]):
        return np.full(starts.shape, np.nan)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    width = 0.125 if subject.pace > 0.2 else 1.0
    even = np.arange(0, float(starts.max()) + width / 2, width)
    edges = np.unique(np.concatenate(([subject.boundary], even[even > subject.boundary], starts)))
    middles, halves = (edges[:-1] + edges[1:]) / 2, np.diff(edges) / 2
    z = middles[:, None] + nodes * halves[:, None]
    gradient = subject.slope(torch.from_numpy(z.ravel()), 0).numpy().reshape(z.shape)
    with np.errstate(divide="ignore", over="ignore"):
        panels = np.where((gradient > 0).all(1), (weights / np.where(gradient > 0, gradient, 1)).sum(1) * halves, np.inf)
    reached = np.concatenate(([0.0], np.cumsum(panels)))
    return reached[np.searchsorted(edges, starts)]


def _descend(subject: Subject, predicted: Array) -> tuple[float, ...]:
    """2ηn for the steps n that gradient descent takes from every start to the boundary, the last one in part."""
    z = torch.tensor(STARTS, dtype=torch.float64)
    taken = torch.full_like(z, torch.nan)
    within = predicted[predicted <= 2 * RATE * _MOST_STEPS]
    needed = round(1.2 * float(within.max(initial=0)) / (2 * RATE)) + 20
    for step in range(min(needed, subject.thinned(_MOST_STEPS, 20))):
        move = 2 * RATE * subject.slope(z, 0)
        arrives = taken.isnan() & (z - move <= subject.boundary)
        taken = torch.where(arrives, 2 * RATE * (step + (z - subject.boundary) / move), taken)
        z = torch.where(taken.isnan(), z - move, z)
        if bool((~taken.isnan() | (move <= 0)).all()):
            break
    return tuple(taken.tolist())


def _tail(subject: Subject, target: int, side: int) -> Tail:
    """The tail of |dℓ/dz| towards side·∞. A power of the distance is removed: what counts is the exponential."""
    r = np.linspace(3.0, _FARTHEST, subject.thinned(598, 200))
    size = np.abs(subject.slope(torch.from_numpy(side * r), target).numpy())
    usable = np.isfinite(size) & (size > subject.precision.smallest)
    if not usable[0]:
        return Tail(exponent=float("inf"), dead_from=float(r[0]))
    last = len(r) if usable.all() else int(np.argmin(usable))
    if last < len(r) and size[last] == 0 and size[last - 1] > subject.precision.dying:
        death = _death(subject, target, side, float(r[last - 1]), float(r[last]))
        early = r < 0.8 * death  # where 1 − σ(z) still has digits
        if -np.log(subject.precision.unit) - 0.8 < death < -np.log(subject.precision.unit / 4) and early.sum() > 12:
            return replace(_regimes(r[early], np.log(size[early])), dead_from=death)
        return Tail(exponent=float("inf"), dead_from=death)
    return _regimes(r[:last], np.log(size[:last]))


def _regimes(r: Array, logarithm: Array) -> Tail:
    """Exponent at the end, and the one before where it was another up to a knee."""
    local = -np.gradient(logarithm, r)
    end, half = len(r) - 2, (len(r) - 2) // 2
    exponent = float((local[end] * r[end] - local[half] * r[half]) / (r[end] - r[half]))
    if abs(local[end]) > 1.5 * abs(local[half]) > 0.1:
        return Tail(exponent=float(np.copysign(np.inf, local[end])))
    early = float(local[(r >= 6) & (r <= 10)].mean()) if len(r) > 12 else exponent
    if abs(early - exponent) < 0.4:
        return Tail(exponent=_tidy(exponent))
    crossed = (local > (early + exponent) / 2) == (exponent > early)
    return Tail(exponent=_tidy(exponent), before=_tidy(round(early, 1)), knee=float(r[int(np.argmax(crossed & (r > 10)))]))


def _tidy(exponent: float) -> float:
    return round(exponent, 4) + 0.0


def _death(subject: Subject, target: int, side: int, alive: float, dead: float) -> float:
    """Where the slope turns exactly 0, to six digits."""
    for _ in range(40):
        middle = (alive + dead) / 2
        gradient = subject.slope(torch.tensor([side * middle], dtype=torch.float64), target)
        alive, dead = (alive, middle) if float(gradient[0]) == 0 else (middle, dead)
    return round(dead, 6)
