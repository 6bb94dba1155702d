"""Subjects from somebody's `package.module:name`."""

import inspect
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import torch

from lossbench.audit.references import Formula
from lossbench.audit.subjects.adapter import Adapted
from lossbench.audit.subjects.behaviour import conduct, endurance
from lossbench.audit.subjects.convention import Told
from lossbench.audit.subjects.detection import Found, Scaled, Unusable, detect
from lossbench.audit.subjects.import_path import imported
from lossbench.audit.subjects.subject import Subject, of_class, registered
from lossbench.audit.subjects.time_limit import TooSlow, time_limit
from lossbench.errors import BadInput
from lossbench.interfaces import Loss


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A path and all that was said about it: the loss it claims to be, keywords to give it, how to call it, seconds to wait."""

    path: str
    claim: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    seconds: float = 5.0


def foreign(asked: Asked) -> Iterator[Subject]:
    """The subjects at a path: a lossbench Loss counts as a registered one; a callable is found out and adapted.

    Raises BadInput for a path that leads nowhere and Unusable for a callable that cannot be asked.
    """
    thing = imported(asked.path, asked.given)
    claims = _claims(asked.claim)
    if inspect.isclass(thing) and issubclass(thing, Loss):
        yield from of_class(thing, asked.given)
        return
    found = detect(thing, asked.path, asked.told, claims, asked.seconds)
    yield _subject(asked, found, claims)


def _claims(word: str | None) -> Sequence[Formula]:
    if word is None:
        return ()
    subjects = list(registered(word))
    if any(subject.paired for subject in subjects):
        raise BadInput(f"--as {word}: it has two raw outputs a target, and a callable is given one.")
    claims = [subject.truth for subject in subjects]
    if not all(isinstance(claim, Formula) for claim in claims):
        raise BadInput(f"--as {word}: nothing can be held against it, for lossbench has no formula of it to many digits.")
    return [cast(Formula, claim) for claim in claims]


def _subject(asked: Asked, found: Found, claims: Sequence[Formula]) -> Subject:
    notes = _conduct(found, asked.seconds)
    truth: Scaled | None = None
    if found.claimed is not None:
        truth = Scaled(found.claimed, found.factors)
        notes = (*notes, _multiple(found, found.claimed))
    elif claims:
        notes = (*notes, f"It does not compute {asked.claim}: its values are no constant multiple of it.")
    return Subject(
        title=f"{asked.path}{_given(asked)}",
        loss=replace(found.adapted, guarded=True),
        exact=replace(found.adapted, form="reduced", guarded=True) if found.adapted.form == "mapped" else None,
        outputs=found.adapted.convention.outputs,
        regression=found.adapted.link == "identity",
        boundary=_boundary(found.adapted),
        several=found.adapted.convention.outputs == 2,
        truth=truth,
        claims=asked.claim or "",
        notes=notes,
        pace=_pace(found.adapted),
        differentiable=found.adapted.differentiable,
    )


def _conduct(found: Found, seconds: float) -> tuple[str, ...]:
    try:
        with time_limit(seconds):
            sentences = conduct(found.adapted)
    except TooSlow as error:
        raise Unusable(f"It hangs: {error}.") from error
    try:
        with time_limit(seconds):
            return (*sentences, *endurance(found.adapted))
    except TooSlow as error:
        return (*sentences, f"It hangs at large raw outputs: {error}.")


def _multiple(found: Found, claimed: Formula) -> str:
    times = {rows: factor for rows, factor in found.factors if factor != 1}
    if not times:
        return f"It computes {claimed.loss.word} on the {found.adapted.link}."
    told = ", ".join(f"{factor} times with {rows} output{'s' if rows > 1 else ''}" for rows, factor in times.items())
    return f"It computes a multiple of {claimed.loss.word} on the {found.adapted.link}: {told}."


def _boundary(adapted: Adapted) -> float:
    """0, or ½ where a lone output imitates the targets 0 and 1: there both targets cost the same."""
    if adapted.link != "identity" or adapted.convention.outputs == 2:
        return 0.0
    z = torch.tensor([[0.0, 0.5]], dtype=torch.float64)
    gap = (adapted.value(z, torch.ones_like(z)) - adapted.value(z, torch.zeros_like(z))).abs()
    return 0.5 if float(gap[1]) < float(gap[0]) else 0.0


def _pace(adapted: Adapted) -> float:
    """Three paces, by the time that one example takes, value and slope together: the audit asks some 500,000 times."""
    rows = 1 if adapted.convention.outputs == 1 else 2
    z = torch.linspace(-3, 3, 100 * rows, dtype=torch.float64).reshape(rows, 100)
    y = torch.eye(2, dtype=torch.float64)[2 - rows :, :1].repeat(1, 100)
    started = time.perf_counter()
    adapted.value(z, y)
    adapted.gradient(z, y)
    each = (time.perf_counter() - started) / 100
    return 1.0 if each < 4e-5 else 0.05 if each < 1e-3 else 0.003


def _given(asked: Asked) -> str:
    return "(" + ", ".join(f"{key}={value}" for key, value in asked.given.items()) + ")" if asked.given else ""
