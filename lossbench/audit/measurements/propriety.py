"""Propriety and calibration: minimisers of the expected loss for every class distribution on a grid of the simplex."""

from dataclasses import dataclass

import numpy as np
import torch

from lossbench.audit.subjects.precision import DOUBLE
from lossbench.audit.subjects.subject import Subject
from lossbench.interfaces import Array

Index = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
_PROBABILITIES = np.round(np.linspace(0.02, 0.98, 49), 2)


@dataclass(frozen=True, kw_only=True)
class Propriety:
    """Answers for two and, where there are several outputs, three classes.

    `calibrated`: every best raw output puts the more probable of two classes first; `for_three`: the most probable of three.
    `estimates` names the minimiser of the expected loss as a function of the class probability π; `best` holds it for every π
    in `probabilities`. Gneiting & Raftery, Strictly Proper Scoring Rules, 2007; Bartlett, Jordan & McAuliffe, 2006.
    """

    proper: bool
    strictly: bool
    calibrated: bool
    for_three: bool | None
    estimates: str
    probabilities: tuple[float, ...]
    best: tuple[float, ...]
    on_numbers: str
    symmetric: bool
    soft_targets: str


@dataclass(frozen=True)
class _Verdicts:
    proper: bool
    strictly: bool
    calibrated: bool


def propriety(subject: Subject) -> Propriety:
    """Propriety, calibration and symmetry of a subject.

    Expected losses are compared on candidates that contain the true distribution itself.
    """
    two, best = _two_classes(subject)
    symmetric = _symmetric(subject)
    answers = [two, _classes(subject, _three_classes(symmetric=symmetric))[0]] if subject.several else [two]
    return Propriety(
        proper=all(answer.proper for answer in answers),
        strictly=all(answer.proper and answer.strictly for answer in answers),
        calibrated=two.calibrated,
        for_three=answers[1].calibrated if subject.several else None,
        estimates=_estimates(subject, best),
        probabilities=tuple(_PROBABILITIES.tolist()),
        best=tuple(best.tolist()),
        on_numbers=_on_numbers(subject) if subject.regression and subject.outputs == 1 else "",
        symmetric=symmetric,
        soft_targets=_soft_targets(subject),
    )


def _two_classes(subject: Subject) -> tuple[_Verdicts, Array]:
    """The answer for two classes, and the best margin for every truth."""
    if subject.outputs == 2 and subject.link == "identity":
        answer, outputs = _classes(subject, np.stack((1 - _PROBABILITIES, _PROBABILITIES), 1))
        return answer, outputs[:, 1] - outputs[:, 0]
    exact = _PROBABILITIES if subject.link == "identity" else np.log(_PROBABILITIES / (1 - _PROBABILITIES))
    spread = np.linspace(-30, 30, subject.thinned(961, 61))
    margins = np.unique(np.concatenate((spread, np.linspace(-1, 2, subject.thinned(301, 31)), exact, [0.0, subject.boundary])))
    risk = np.stack((1 - _PROBABILITIES, _PROBABILITIES), 1) @ np.stack(
        [subject.cost(torch.from_numpy(margins), t).numpy() for t in (0, 1)]
    )
    a = margins if subject.link == "identity" else 1 / (1 + np.exp(-margins))
    decided = np.sign(_PROBABILITIES - 0.5)[:, None]
    wrong = (np.sign(margins - subject.boundary) != decided) & (decided != 0)
    best, least = _least(subject, margins, risk, np.ones(risk.shape, bool))
    _, elsewhere = _least(subject, margins, risk, np.abs(a - _PROBABILITIES[:, None]) > 0.01)
    _, wrongly = _least(subject, margins, risk, wrong)
    return _answer(
        subject.precision.slack, least, risk[np.arange(len(risk)), np.searchsorted(margins, exact)], elsewhere, wrongly
    ), best


def _answer(slack: float, least: Array, at_truth: Array, elsewhere: Array, wrongly: Array) -> _Verdicts:
    """From risks (truths,): is the truth least, alone, and is every wrong decision worse?"""
    scale = slack * (1 + np.abs(least))
    return _Verdicts(
        proper=bool((at_truth <= least + scale).all()),
        strictly=bool((elsewhere > least + 10 * scale).all()),
        calibrated=bool((wrongly > least + 10 * scale).all()),
    )


def _risk(subject: Subject, margins: Array, probabilities: Array) -> Array:
    off, on = (subject.cost(torch.from_numpy(margins), target).numpy() for target in (0, 1))
    return np.asarray((1 - probabilities) * off + probabilities * on)


def _least(subject: Subject, margins: Array, risk: Array, allowed: Mask) -> tuple[Array, Array]:
    """The best of the allowed margins for every truth, and its risk: a candidate, narrowed down by thirds among its neighbours.

    Two neighbours on either side, for some candidates are twins but for rounding. Without an allowed one the risk is inf.
    """
    open_risk = np.where(allowed, risk, np.inf)
    index, rows = open_risk.argmin(1), np.arange(len(risk))
    low = high = index
    for _ in range(2):
        below, above = np.maximum(low - 1, 0), np.minimum(high + 1, len(margins) - 1)
        low, high = np.where(allowed[rows, below], below, low), np.where(allowed[rows, above], above, high)
    left, right = margins[low], margins[high]
    for _ in range(45 if subject.pace == 1 else 25 if subject.pace > 0.01 else 8):
        first, second = left + (right - left) / 3, right - (right - left) / 3
        lower = _risk(subject, first, _PROBABILITIES) <= _risk(subject, second, _PROBABILITIES)
        left, right = np.where(lower, left, first), np.where(lower, second, right)
    best = (left + right) / 2
    least_risk = np.minimum(open_risk.min(1), _risk(subject, best, _PROBABILITIES))
    return best, np.where(allowed.any(1), least_risk, np.inf)


def _classes(subject: Subject, probabilities: Array) -> tuple[_Verdicts, Array]:
    """The answer for truths (T, n), and the best raw outputs (T, n), looked for in finer distributions and in a box."""
    count = probabilities.shape[1]
    has_probabilities = subject.link != "identity"
    exact, around = probabilities, _grid(count, (40 if count == 3 else 100) if subject.pace > 0.2 else 10)
    if has_probabilities:
        exact, around = np.log(exact), np.log(around)
    sides = np.array([0.25, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0, 30.0])
    box = np.concatenate((-sides[::-1], [0.0], sides))[:: 2 if has_probabilities or subject.pace < 0.2 else 1]
    corners = np.stack(np.meshgrid(*[box] * count), -1).reshape(-1, count)
    candidates = np.concatenate((exact, around, corners))
    losses = subject.over_labels(torch.from_numpy(candidates.T.copy())).numpy()
    risk = probabilities @ losses
    best, least = _nudged(subject, candidates[risk.argmin(1)], probabilities, wrongly=False)
    top = probabilities.argmax(1)
    wrong = np.where(_misplaced(candidates[None], top[:, None]), risk, np.inf)
    _, least_wrong = _nudged(subject, candidates[wrong.argmin(1)], probabilities, wrongly=True)
    shares = _shares(candidates) if has_probabilities else candidates
    elsewhere = np.where(np.abs(shares[None] - probabilities[:, None]).max(-1) > 0.02, risk, np.inf).min(1)
    clear = np.sort(probabilities, 1)[:, -1] - np.sort(probabilities, 1)[:, -2] > 0.02
    at_truth = risk[np.arange(len(probabilities)), np.arange(len(probabilities))]
    return _answer(subject.precision.slack, least, at_truth, elsewhere, np.where(clear, least_wrong, np.inf)), best


def _three_classes(*, symmetric: bool) -> Array:
    """The truths (T, 3) that are looked at: where no class is special, those in descending order stand for all."""
    truths = _grid(3, 10)
    return truths[(np.diff(truths, axis=1) <= 1e-12).all(1)] if symmetric else truths


def _grid(count: int, steps: int) -> Array:
    """The distributions over so many classes in multiples of 1/steps, none of them 0."""
    if count == 2:
        return np.array([(i, steps - i) for i in range(1, steps)]) / steps
    return np.array([(i, j, steps - i - j) for i in range(1, steps) for j in range(1, steps - i)]) / steps


def _misplaced(z: Array, top: Index) -> Mask:
    """Whether, in (..., n) raw outputs, that of class `top` (...,) is not the largest, or only level with another."""
    right = np.arange(z.shape[-1]) == top[..., None]
    score, others = np.where(right, z, -np.inf).max(-1), np.where(right, -np.inf, z).max(-1)
    return np.asarray(score <= others)


def _nudged(subject: Subject, start: Array, probabilities: Array, *, wrongly: bool) -> tuple[Array, Array]:
    """Best raw outputs near the start and their risks, in ever smaller boxes; with `wrongly` among misplaced ones only."""
    count = probabilities.shape[1]
    offsets = np.stack(np.meshgrid(*[np.linspace(-1, 1, 5 if subject.pace > 0.2 else 3)] * count), -1).reshape(1, -1, count)
    size, best, risk = 4.0, start, np.full(len(probabilities), np.inf)
    for _ in range(22 if subject.pace > 0.2 else 12):
        around = best[:, None] + size * offsets
        losses = subject.over_labels(torch.from_numpy(around.reshape(-1, count).T.copy())).numpy()
        risks = np.einsum("tc,ctn->tn", probabilities, losses.reshape(count, len(probabilities), -1))
        if wrongly:
            risks = np.where(_misplaced(around, probabilities.argmax(1)[:, None]), risks, np.inf)
        best, risk, size = around[np.arange(len(probabilities)), risks.argmin(1)], risks.min(1), size / 1.8
    return best, risk


def _shares(z: Array) -> Array:
    p = np.exp(z - z.max(1, keepdims=True))
    return np.asarray(p / p.sum(1, keepdims=True))


def _estimates(subject: Subject, best: Array) -> str:
    """In words, what the best margin is as a function of the truth π."""
    uneven = _PROBABILITIES != 0.5
    inside = (np.abs(best) < 29) & uneven
    if (inside == uneven).all() and (name := _formula_of(subject, best)):
        return name
    if bool((np.diff(best[inside]) > 1e-5).all()) and inside.sum() > 40:
        return "a distorted probability that can be mapped back"
    right = np.sign(best - subject.boundary) == np.sign(_PROBABILITIES - 0.5)
    if right[uneven].all():
        return "only which class is more probable"
    return "neither the probability nor the more probable class"


def _formula_of(subject: Subject, best: Array) -> str:
    """The name of the function of π that the best margin is; "" where it is none of the known ones."""
    near = 1e-4 if subject.pace == 1 and subject.precision is DOUBLE else 0.02
    odds = np.log(_PROBABILITIES / (1 - _PROBABILITIES))
    factor = float((best * odds).sum() / (odds * odds).sum())
    times = "the log odds" if abs(factor - 1) < near else f"{factor:.4g} × the log odds"
    forms = {
        "nothing: 0 is best, whatever the truth": 0 * odds,
        "the probability": odds if subject.link != "identity" else _PROBABILITIES,
        "2π − 1": 2 * _PROBABILITIES - 1,
        "the logarithm of the mean": np.log(_PROBABILITIES),
        times: factor * odds,
    }
    gaps = {name: float(np.abs(best - form).max()) for name, form in forms.items()}
    return next((name for name, gap in gaps.items() if gap < near * max(1.0, abs(factor))), "")


def _on_numbers(subject: Subject) -> str:
    """What the best output is for a target that takes the values 0, 1, 2, 4 with chances 0.2, 0.35, 0.25, 0.2."""
    values, chances = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.2, 0.35, 0.25, 0.2])
    z = np.linspace(-2, 4, subject.thinned(2401, 121))
    losses = [
        subject.loss.value(torch.from_numpy(z)[None], torch.full((1, z.size), value, dtype=torch.float64)) for value in values
    ]
    risk = chances @ torch.stack(losses).numpy()
    if not np.isfinite(risk).any():
        return "has no meaning on real targets"
    best = float(z[np.nanargmin(risk)])
    mean = float(chances @ values)
    for name, number in {"the mean": mean, "the median": 1.0, "the logarithm of the mean": float(np.log(mean))}.items():
        if abs(best - number) < 0.004 + (0.05 if subject.pace < 0.2 or subject.precision is not DOUBLE else 0):
            return name
    return f"{best:.2f}, where the mean is {mean:g} and the median 1"


def _symmetric(subject: Subject) -> bool:
    """Whether swapping the classes, in outputs and target alike, changes nothing."""
    rng = np.random.default_rng(0)
    margins = torch.from_numpy(rng.normal(0, 4, 40))
    swapped = subject.cost(2 * subject.boundary - margins, 0)
    if subject.outputs == 1 and not _same(subject, subject.cost(margins, 1), swapped):
        return False
    if not subject.several:
        return True
    z = torch.from_numpy(rng.normal(0, 4, (3, 40)))
    labels = subject.over_labels(z)
    turned = subject.over_labels(z.roll(1, 0)).roll(-1, 0)
    return _same(subject, labels, turned) and _same(subject, labels, subject.over_labels(z.flip(0)).flip(0))


def _soft_targets(subject: Subject) -> str:
    """Whether the gradient for a soft target is the average of the gradients for hard ones."""
    if subject.hard_only:
        return "nothing: it takes class indices, which hold none"
    rng = np.random.default_rng(1)
    rows = 1 if subject.outputs == 1 else 3
    z = torch.from_numpy(rng.normal(0, 2, (rows, 40)))
    soft = torch.from_numpy(rng.dirichlet(np.ones(max(rows, 2)), 40).T.copy())
    hard = torch.eye(rows, dtype=z.dtype) if rows > 1 else torch.tensor([[0.0, 1.0]], dtype=z.dtype)
    try:
        gradient = (subject.soft or subject.loss).gradient(z, soft[1:] if rows == 1 else soft)
    except (RuntimeError, TypeError, ValueError, IndexError):
        return "refused"
    each = torch.stack([subject.loss.gradient(z, hard[:, [label]].expand(rows, 40)) for label in range(hard.shape[1])])
    if not bool(torch.isfinite(gradient).all()):
        return "not finite"
    averages = _same(subject, gradient, (soft[:, None] * each).sum(0))
    return "the average over hard targets" if averages else "something else than the average over hard targets"


def _same(subject: Subject, one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool(((one - other).abs() <= subject.precision.equality * (1 + other.abs())).all())
