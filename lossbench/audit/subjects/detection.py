"""Detection of a third-party callable's calling convention."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import torch
from mpmath import mpf
from torch import Tensor

from lossbench.audit.references import Formula
from lossbench.audit.subjects.adapter import AdaptedLoss, Form
from lossbench.audit.subjects.convention import CallOptions, Convention, Library, conventions, number, targets_come_first
from lossbench.audit.subjects.time_limit import TooSlow, time_limit

_EXAMPLES = 5


class Unusable(RuntimeError):
    """No way of calling gave numbers that could belong to a loss; the message says what was tried."""


@dataclass(frozen=True)
class DetectedCall:
    """A callable that can be asked. `factors` says how many times the claimed loss it is, by number of outputs."""

    adapted: AdaptedLoss
    claimed: Formula | None = None
    factors: tuple[tuple[int, Fraction], ...] = ()


@dataclass(frozen=True)
class Scaled:
    """A formula times a factor that depends on the number of outputs, as where a callable takes the mean over them."""

    formula: Formula
    factors: tuple[tuple[int, Fraction], ...]

    def __call__(self, z: list[mpf], y: list[mpf]) -> mpf:
        factor = dict(self.factors)[len(z)]
        return self.formula(z, y) * factor.numerator / factor.denominator


def detect(
    function: Callable[..., Any], path: str, call_options: CallOptions, claims: Sequence[Formula], seconds: float
) -> DetectedCall:
    """The first way of calling that computes what is claimed; without a claim, the first that behaves like a loss.

    Raises Unusable where there is none, or where the callable does not answer in time.
    """
    refusals: dict[str, str] = {}
    sensible: list[AdaptedLoss] = []
    for convention in _candidates(function, path, call_options, claims):
        try:
            with time_limit(seconds):
                adapted = _tried(function, convention)
        except TooSlow as error:
            raise Unusable(f"It hangs: {error}. {convention.description()}") from error
        except (Exception, SystemExit) as error:  # somebody's code may raise anything
            refusals.setdefault(f"{type(error).__name__}: {first_line(error)}", convention.description())
            continue
        for claim in claims:
            if claim.loss.link == adapted.link and (factors := _factors(adapted, claim)):
                return DetectedCall(adapted, claim, factors)
        sensible.append(adapted)
    if not sensible:
        raise Unusable(_refused(refusals))
    _check_two_classes(sensible[0])
    return DetectedCall(sensible[0] if call_options.link or claims else _on_its_link(sensible[0]))


def _candidates(
    function: Callable[..., Any], path: str, call_options: CallOptions, claims: Sequence[Formula]
) -> Iterator[Convention]:
    libraries: tuple[Library, ...] = ("torch", "numpy")
    package = path.partition(":")[0].partition(".")[0]
    if package in {"numpy", "scipy", "sklearn"}:
        libraries = ("numpy",)
    if package in {"jax", "optax"}:
        libraries = ("jax",)
    links = list(dict.fromkeys(claim.loss.link for claim in claims))
    for library in libraries:
        for convention in conventions(library, call_options, targets_first=targets_come_first(function)):
            several = convention.outputs == 2
            if claims and not call_options.link:
                for link in links:
                    if link != ("sigmoid" if several else "softmax") and (link != "identity" or convention.takes == "raw"):
                        yield replace(convention, link=link)  # type: ignore[arg-type]
            else:
                yield convention


def _tried(function: Callable[..., Any], convention: Convention) -> AdaptedLoss:
    """The callable adapted in this way, if it then behaves like a loss. Raises what it raises, or ValueError."""
    z, y = _batch(convention)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        raw = convention.call(function, z.clone().requires_grad_(), y)
    if type(raw).__module__.split(".")[0] in {"jax", "jaxlib"}:
        convention = replace(convention, library="jax")
    answer = number(raw)
    adapted = AdaptedLoss(function, convention, _form(convention, tuple(answer.shape)), _differentiable(convention, answer))
    if adapted.form == "reduced" and convention.library == "torch":
        adapted = _mapped(adapted)
    _behaves(adapted)
    return adapted


def _batch(convention: Convention) -> tuple[Tensor, Tensor]:
    count = 1 if convention.layout == "single" else _EXAMPLES
    if convention.outputs == 1:
        return torch.linspace(0.2, 0.9, count, dtype=torch.float64)[None], (torch.arange(count) % 2).to(torch.float64)[None]
    z = torch.tensor([[0.1], [0.5], [-0.4]], dtype=torch.float64).repeat(1, count)
    return z, torch.eye(3, dtype=torch.float64)[:, torch.arange(count) % 3]


def _form(convention: Convention, shape: tuple[int, ...]) -> Form:
    rows = 1 if convention.outputs == 1 else 3
    if convention.layout == "single" or shape in {(), (1,)}:
        return "reduced"
    if shape == (_EXAMPLES,):
        return "each"
    if shape in {(_EXAMPLES, rows), (rows, _EXAMPLES)}:
        return "elements"
    raise ValueError(f"it answers {_EXAMPLES} examples with an array of shape {shape}")


def _differentiable(convention: Convention, answer: Tensor) -> bool:
    return convention.library == "jax" or answer.requires_grad


def _mapped(adapted: AdaptedLoss) -> AdaptedLoss:
    """The same with vmap, which is quicker, where that gives the same numbers."""
    mapped = replace(adapted, form="mapped")
    rows = 1 if adapted.convention.outputs == 1 else 3
    z = torch.linspace(-4, 4, 12 * rows, dtype=torch.float64).reshape(rows, 12)
    y = (torch.eye(3)[:, torch.arange(12) % 3] if rows == 3 else (torch.arange(12) % 2)[None]).to(torch.float64)
    if adapted.convention.takes == "raw":
        z = z * 2
    try:
        quick, slow = (mapped.value(z, y), mapped.gradient(z, y)), (adapted.value(z, y), adapted.gradient(z, y))
    except TooSlow:
        raise
    except (Exception, SystemExit):
        return adapted
    same = all(torch.allclose(one, other, rtol=1e-9, atol=1e-12) for one, other in zip(quick, slow, strict=True))
    return mapped if same else adapted


def _behaves(adapted: AdaptedLoss) -> None:
    """Raise ValueError unless being more wrong costs more, and being more right does not save just as much."""
    values = _wrong_and_right(adapted)
    if not bool(torch.isfinite(values).all()):
        raise ValueError("its values are not finite")
    farthest, far, middle, near, right, very_right, most_right = values
    if not (bool((farthest > near).all()) and float((farthest - right).sum()) > 0):
        raise ValueError("being more wrong does not cost more")
    if adapted.convention.takes == "raw" and not bool((far > middle).all()):
        raise ValueError("raw outputs far on the wrong side are cut off")
    if float((very_right - most_right).sum()) > max(0.6 * float((farthest - far).sum()), 1e-3):
        raise ValueError("being more right saves as much as being more wrong costs")
    if adapted.convention.outputs == 2 and not _depends_on_other_classes(adapted):
        raise ValueError("what the wrong classes are given does not count")


def _wrong_and_right(adapted: AdaptedLoss) -> Tensor:
    """Values (7, cases) at margins −20, −12, −5, −1, 1, 12 and 20, negative ones being wrong."""
    margins = torch.tensor([-20.0, -12.0, -5.0, -1.0, 1.0, 12.0, 20.0], dtype=torch.float64)
    if adapted.convention.outputs == 1:
        z = torch.stack((margins, -margins), 1).reshape(1, 14)
        return adapted.value(z, torch.tensor([[1.0, 0.0] * 7], dtype=torch.float64)).reshape(7, 2)
    eye = torch.eye(3, dtype=torch.float64)
    lead = 0.6 * eye - 0.4 * eye.roll(1, 0) - 0.2 * eye.roll(2, 0)
    return adapted.value(torch.cat([margin * lead for margin in margins], 1), eye.repeat(1, 7)).reshape(7, 3)


def _depends_on_other_classes(adapted: AdaptedLoss) -> bool:
    z = torch.tensor([[0.2, 0.2], [0.1, 0.9], [-0.3, -0.3]], dtype=torch.float64)
    near, far = adapted.value(z, torch.eye(3, dtype=torch.float64)[:, [0, 0]]).tolist()
    return bool(near != far)


def _factors(adapted: AdaptedLoss, claim: Formula) -> tuple[tuple[int, Fraction], ...]:
    """How many times the claim the callable is, by number of outputs; () where it is not the same loss."""
    if claim.loss.link == "softmax" and adapted.convention.outputs == 1:
        return ()
    factors = []
    for rows in (1,) if adapted.convention.outputs == 1 else (2, 3):
        z = torch.tensor([[0.7, -1.2, 2.0, 0.4], [-0.3, 0.9, 0.1, -1.4], [0.2, 1.1, -0.6, 0.5]], dtype=torch.float64)[:rows]
        y = torch.eye(max(rows, 2), dtype=torch.float64)[-rows:, torch.arange(4) % max(rows, 2)]
        try:
            got = adapted.value(z, y)
        except TooSlow:
            raise
        except (Exception, SystemExit):
            return ()
        pairs = zip(z.T.tolist(), y.T.tolist(), strict=True)
        right = torch.tensor([float(claim(list(map(mpf, a)), list(map(mpf, b)))) for a, b in pairs], dtype=got.dtype)
        factor = float((got * right).sum() / right.square().sum())
        if not factor > 0 or bool(((got - factor * right).abs() > 1e-5 * factor * right.abs().max()).any()):
            return ()
        factors.append((rows, Fraction(factor).limit_denominator(12)))
    return tuple(factors)


def _on_its_link(adapted: AdaptedLoss) -> AdaptedLoss:
    """The link on which a callable of raw outputs is calibrated: identity where 3 in 10 makes it ask for z = 0.3."""
    if adapted.convention.takes != "raw":
        return adapted
    p = 0.3
    z = torch.linspace(-1.5, 1.5, 301, dtype=torch.float64)
    if adapted.convention.outputs == 1:
        off, on = (adapted.value(z[None], torch.full_like(z, label)[None]) for label in (0.0, 1.0))
    else:
        raw = torch.stack((torch.full_like(z, 1 - p), z))
        off, on = (adapted.value(raw, _hot(label, z.numel())) for label in (0, 1))
    best = float(z[int(((1 - p) * off + p * on).argmin())])
    return replace(adapted, convention=replace(adapted.convention, link="identity")) if abs(best - p) < 0.011 else adapted


def _check_two_classes(adapted: AdaptedLoss) -> None:
    """Raise Unusable for a loss of several classes that answers three and refuses two, as one with three class weights does."""
    if adapted.convention.outputs == 1:
        return
    z = torch.tensor([[0.3], [-0.2]], dtype=torch.float64)
    try:
        adapted.value(z, _hot(0, 1))
    except (Exception, SystemExit) as error:
        raise Unusable(
            f"It answers three classes and refuses two ({type(error).__name__}: {first_line(error)}), and a card looks at the "
            "margin between two. Is it made for a fixed number of classes, as with class weights? Those are left away or given "
            "for two with --given."
        ) from error


def _hot(label: int, count: int) -> Tensor:
    return torch.eye(2, dtype=torch.float64)[:, [label]].repeat(1, count)


def first_line(error: BaseException) -> str:
    """The first line of an error's message, cut where it is long."""
    return next(iter(str(error).strip().splitlines()), "")[:160]


def _refused(refusals: dict[str, str]) -> str:
    attempts = "; ".join(f"{reason} ({where[:-1]})" for reason, where in list(refusals.items())[:4])
    ways = "--takes, --outputs, --classes, --targets, --given"
    return f"It could not be called as a loss. Tried: {attempts}. How to call it can be told: {ways}."
