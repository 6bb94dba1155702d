"""What a loss asks for: the raw outputs at which the expected loss is least, for every truth on a grid of the simplex."""

from dataclasses import dataclass

import numpy as np
import torch

from lossbench.audit.subject import Subject
from lossbench.interfaces import Array

_TRUTHS = np.round(np.linspace(0.02, 0.98, 49), 2)
_SLACK = 1e-9


@dataclass(frozen=True, kw_only=True)
class Propriety:
    """Answers for two and, where there are several outputs, three classes.

    `estimates` says in words what the best raw output is for a truth π, `best` holds it for every π in `truths`.
    """

    proper: bool
    strictly: bool
    calibrated: bool
    estimates: str
    truths: tuple[float, ...]
    best: tuple[float, ...]
    on_numbers: str
    symmetric: bool
    soft_targets: str


@dataclass(frozen=True)
class _Answer:
    proper: bool
    strictly: bool
    calibrated: bool


def propriety(subject: Subject) -> Propriety:
    """The propriety of a subject. Expected losses are compared on candidates that contain the truth itself."""
    two, best = _two_classes(subject)
    answers = [two] if subject.outputs == 1 else [two, _three_classes(subject)]
    return Propriety(
        proper=all(answer.proper for answer in answers),
        strictly=all(answer.proper and answer.strictly for answer in answers),
        calibrated=all(answer.calibrated for answer in answers),
        estimates=_estimates(subject, best),
        truths=tuple(_TRUTHS.tolist()),
        best=tuple(best.tolist()),
        on_numbers=_on_numbers(subject) if subject.link == "identity" and subject.outputs == 1 else "",
        symmetric=_symmetric(subject),
        soft_targets=_soft_targets(subject),
    )


def _two_classes(subject: Subject) -> tuple[_Answer, Array]:
    """The answer for two classes, and the best margin for every truth."""
    exact = _TRUTHS if subject.link == "identity" else np.log(_TRUTHS / (1 - _TRUTHS))
    spread = np.linspace(-30, 30, subject.thinned(961, 61))
    margins = np.unique(np.concatenate((spread, np.linspace(-1, 2, subject.thinned(301, 31)), exact, [0.0, subject.boundary])))
    losses = np.stack([subject.on_margin(torch.from_numpy(margins), target)[0].numpy() for target in (0, 1)])
    risk = np.stack((1 - _TRUTHS, _TRUTHS), 1) @ losses
    truth = np.searchsorted(margins, exact)
    best = _polish(subject, margins, risk.argmin(1))
    least = np.minimum(risk.min(1), _risk(subject, best, _TRUTHS))
    a = margins if subject.link == "identity" else 1 / (1 + np.exp(-margins))
    wrong = np.sign(margins - subject.boundary) != np.sign(_TRUTHS - 0.5)[:, None]
    return _answer(risk, least, truth, np.abs(a - _TRUTHS[:, None]) > 0.01, wrong & (_TRUTHS != 0.5)[:, None]), best


def _answer(risk: Array, least: Array, truth: Array, elsewhere: Array, wrong: Array) -> _Answer:
    """From risks (truths, candidates): is the truth's own candidate least, alone, and is every wrong decision worse?"""
    scale = _SLACK * (1 + np.abs(least))
    at_truth = risk[np.arange(len(risk)), truth]
    return _Answer(
        proper=bool((at_truth <= least + scale).all()),
        strictly=bool((np.where(elsewhere, risk, np.inf).min(1) > least + 10 * scale).all()),
        calibrated=bool((np.where(wrong, risk, np.inf).min(1) > least + 10 * scale).all()),
    )


def _risk(subject: Subject, margins: Array, truths: Array) -> Array:
    off, on = (subject.on_margin(torch.from_numpy(margins), target)[0].numpy() for target in (0, 1))
    return (1 - truths) * off + truths * on


def _polish(subject: Subject, margins: Array, index: Array) -> Array:
    """Narrow the best candidate of every truth down between its neighbours, by thirds."""
    low, high = margins[np.maximum(index - 1, 0)], margins[np.minimum(index + 1, len(margins) - 1)]
    for _ in range(45 if subject.pace == 1 else 25 if subject.pace > 0.01 else 8):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        lower = _risk(subject, first, _TRUTHS) <= _risk(subject, second, _TRUTHS)
        low, high = np.where(lower, low, first), np.where(lower, second, high)
    return (low + high) / 2


def _three_classes(subject: Subject) -> _Answer:
    """Truths on a grid of tenths; candidates are finer distributions and raw outputs in a box, each nudged towards the best."""
    tenths = np.array([(i, j, 10 - i - j) for i in range(1, 9) for j in range(1, 10 - i)]) / 10
    steps = 40 if subject.pace > 0.2 else 10
    finer = np.array([(i, j, steps - i - j) for i in range(1, steps) for j in range(1, steps - i)]) / steps
    exact = tenths if subject.link == "identity" else np.log(tenths)
    around = finer if subject.link == "identity" else np.log(finer)
    box = np.linspace(-2, 2, 17) if subject.link == "identity" else np.array([-30.0, -12.0, -4.0, -1.0, 0.0, 1.0, 4.0, 12.0, 30.0])
    corners = np.stack(np.meshgrid(box, box, box), -1).reshape(-1, 3)[:: 1 if subject.pace > 0.2 else 7]
    candidates = np.concatenate((exact, around, corners))
    risk = tenths @ subject.over_labels(torch.from_numpy(candidates.T.copy())).numpy()
    least = np.minimum(risk.min(1), _nudged(subject, candidates[risk.argmin(1)], tenths))
    shares = candidates if subject.link == "identity" else _shares(candidates)
    elsewhere = np.abs(shares[None] - tenths[:, None]).max(-1) > 0.02
    top = np.sort(tenths, 1)
    clear = top[:, 2] - top[:, 1] > 0.05
    others = np.where(np.eye(3)[tenths.argmax(1)][:, None].astype(bool), -np.inf, candidates[None]).max(-1)
    wrong = candidates[:, tenths.argmax(1)].T <= others
    return _answer(risk, least, np.arange(len(tenths)), elsewhere, wrong & clear[:, None])


def _nudged(subject: Subject, start: Array, truths: Array) -> Array:
    """The least risk found around the best candidates, in four rounds of ever smaller boxes."""
    offsets = np.stack(np.meshgrid(*[np.linspace(-1, 1, 5)] * 3), -1).reshape(1, -1, 3)
    size, here = 0.4, start
    risk = np.full(len(truths), np.inf)
    for _ in range(5 if subject.pace > 0.2 else 0):
        around = here[:, None] + size * offsets
        losses = subject.over_labels(torch.from_numpy(around.reshape(-1, 3).T.copy())).numpy().reshape(3, len(truths), -1)
        risks = np.einsum("tc,ctn->tn", truths, losses)
        here, risk, size = around[np.arange(len(truths)), risks.argmin(1)], risks.min(1), size / 2.5
    return risk


def _shares(z: Array) -> Array:
    p = np.exp(z - z.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


def _estimates(subject: Subject, best: Array) -> str:
    """In words, what the best margin is as a function of the truth π."""
    near = 1e-4 if subject.pace == 1 else 0.02
    odds = np.log(_TRUTHS / (1 - _TRUTHS))
    open_ended = _TRUTHS != 0.5
    inside = (np.abs(best) < 29) & open_ended
    if (inside == open_ended).all():
        for name, form in {"the probability": _TRUTHS, "2π − 1": 2 * _TRUTHS - 1, "log π": np.log(_TRUTHS)}.items():
            if np.abs(best - form).max() < near:
                return name if name != "log π" else "the logarithm of the mean"
        factor = float((best * odds).sum() / (odds * odds).sum())
        if np.abs(best - factor * odds).max() < near * max(1, factor) and factor > 0:
            if abs(factor - 1) < near:
                return "the probability" if subject.link != "identity" else "the log odds"
            return f"{factor:.4g} × the log odds"
    if bool((np.diff(best[inside]) > 1e-5).all()) and inside.sum() > 40:
        return "a distorted probability that can be mapped back"
    right = np.sign(best - subject.boundary) == np.sign(_TRUTHS - 0.5)
    return "only which class is more probable" if right[open_ended].all() else "neither the probability nor the more probable class"


def _on_numbers(subject: Subject) -> str:
    """What the best output is for a target that takes the values −1, 0, 1, 3 with chances 0.2, 0.35, 0.25, 0.2."""
    values, chances = np.array([-1.0, 0.0, 1.0, 3.0]), np.array([0.2, 0.35, 0.25, 0.2])
    z = np.linspace(-2, 4, subject.thinned(2401, 121))
    losses = [subject.loss.value(torch.from_numpy(z)[None], torch.full((1, z.size), value, dtype=torch.float64)) for value in values]
    risk = chances @ torch.stack(losses).numpy()
    if not np.isfinite(risk).any():
        return "has no meaning on real targets"
    best = float(z[np.nanargmin(risk)])
    for name, number in {"the mean": float(chances @ values), "the median": 0.0}.items():
        if abs(best - number) < 0.004 + (0.05 if subject.pace < 0.2 else 0):
            return name
    return f"{best:.2f}, where the mean is 0.65 and the median 0"


def _symmetric(subject: Subject) -> bool:
    """Whether swapping the classes, in outputs and target alike, changes nothing."""
    rng = np.random.default_rng(0)
    if subject.outputs == 1:
        z = torch.from_numpy(rng.normal(0, 4, 40))
        swapped = subject.on_margin(2 * subject.boundary - z, 0)[0]
        return _same(subject.on_margin(z, 1)[0], swapped)
    z = torch.from_numpy(rng.normal(0, 4, (3, 40)))
    labels = subject.over_labels(z)
    turned = subject.over_labels(z.roll(1, 0)).roll(-1, 0)
    return _same(labels, turned) and _same(labels, subject.over_labels(z.flip(0)).flip(0))


def _soft_targets(subject: Subject) -> str:
    """Whether the gradient for a soft target is the average of the gradients for hard ones."""
    rng = np.random.default_rng(1)
    rows = 1 if subject.outputs == 1 else 3
    z = torch.from_numpy(rng.normal(0, 2, (rows, 40)))
    soft = torch.from_numpy(rng.dirichlet(np.ones(max(rows, 2)), 40).T.copy())
    hard = torch.eye(rows, dtype=z.dtype) if rows > 1 else torch.tensor([[0.0, 1.0]], dtype=z.dtype)
    try:
        gradient = subject.loss.gradient(z, soft[1:] if rows == 1 else soft)
    except (RuntimeError, TypeError, ValueError, IndexError):
        return "refused"
    each = torch.stack([subject.loss.gradient(z, hard[:, [label]].expand(rows, 40)) for label in range(hard.shape[1])])
    if not bool(torch.isfinite(gradient).all()):
        return "not finite"
    asks = _same(gradient, (soft[:, None] * each).sum(0))
    return "the average over hard targets" if asks else "something else than the average over hard targets"


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return bool(((one - other).abs() <= 1e-9 * (1 + other.abs())).all())
