"""Audit subjects from a third-party callable, named `package.module:name`."""

import inspect
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import torch

from lossbench.audit.references import Formula
from lossbench.audit.subjects.adapter import AdaptedLoss
from lossbench.audit.subjects.behaviour import behaviour_findings, behaviour_notes, overflow_notes
from lossbench.audit.subjects.convention import CallOptions
from lossbench.audit.subjects.detection import DetectedCall, Scaled, Unusable, detect
from lossbench.audit.subjects.import_path import import_callable
from lossbench.audit.subjects.precision import DOUBLE, measured_precision
from lossbench.audit.subjects.subject import Finding, Subject, of_class, registered
from lossbench.audit.subjects.time_limit import TooSlow, time_limit
from lossbench.errors import BadInput
from lossbench.interfaces import Loss


@dataclass(frozen=True, kw_only=True)
class CallableRequest:
    """A callable to audit: import path, the loss it claims to be, keyword arguments, call options, time limit in seconds."""

    path: str
    claim: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    call_options: CallOptions = field(default_factory=CallOptions)
    seconds: float = 5.0


def subjects_of_path(request: CallableRequest) -> Iterator[Subject]:
    """The subjects at a path: a lossbench Loss counts as a registered one; a callable is found out and adapted.

    Raises BadInput for a path that leads nowhere and Unusable for a callable that cannot be asked.
    """
    loss_or_callable = import_callable(request.path, request.given)
    claims = _claims(request.claim)
    if inspect.isclass(loss_or_callable) and issubclass(loss_or_callable, Loss):
        yield from of_class(loss_or_callable, request.given)
        return
    detected = detect(loss_or_callable, request.path, request.call_options, claims, request.seconds)
    yield _subject(request, detected, claims)


def _claims(word: str | None) -> Sequence[Formula]:
    if word is None:
        return ()
    subjects = list(registered(word))
    if any(subject.paired for subject in subjects):
        raise BadInput(f"--as {word}: it has two raw outputs a target, and a callable is given one.")
    claims = [subject.reference for subject in subjects]
    if not all(isinstance(claim, Formula) for claim in claims):
        raise BadInput(f"--as {word}: nothing can be held against it, for lossbench has no formula of it to many digits.")
    return [cast(Formula, claim) for claim in claims]


def _subject(request: CallableRequest, detected: DetectedCall, claims: Sequence[Formula]) -> Subject:
    notes = _behaviour_notes(detected, request.seconds)
    reference: Scaled | None = None
    with time_limit(6 * request.seconds):
        findings = behaviour_findings(detected.adapted)
        precision = measured_precision(detected.adapted.value, detected.adapted.convention.outputs)
    if precision is not DOUBLE:
        sentence = f"It answers in {precision.name}, whatever it is given: judged to {precision.proportion:.0e}.".replace(
            "e-0", "e-"
        )
        notes, findings = (*notes, sentence), (*findings, Finding(reason="precision", sentence=sentence))
    loss = replace(detected.adapted, guarded=True, precision=precision)
    coupled = any(finding.reason == "coupling" for finding in findings)
    if detected.claimed is not None and coupled:
        sentence = f"It does not compute {request.claim}: it does for one example, and not for several together."
        notes, findings = (*notes, sentence), (*findings, Finding(reason="claim", sentence=sentence))
    elif detected.claimed is not None:
        reference = Scaled(detected.claimed, detected.factors)
        notes = (*notes, _multiple(detected, detected.claimed))
    elif claims:
        sentence = f"It does not compute {request.claim}: its values are no constant multiple of it."
        notes, findings = (*notes, sentence), (*findings, Finding(reason="claim", sentence=sentence))
    return Subject(
        title=f"{request.path}{_options_text(request)}",
        loss=loss,
        precision=precision,
        exact=replace(loss, form="reduced") if loss.form == "mapped" else None,
        outputs=detected.adapted.convention.outputs,
        regression=detected.adapted.link == "identity",
        boundary=_boundary(detected.adapted),
        several=detected.adapted.convention.outputs == 2,
        reference=reference,
        claims=request.claim or "",
        notes=notes,
        findings=findings,
        pace=_pace(detected.adapted),
        differentiable=detected.adapted.differentiable,
    )


def _behaviour_notes(detected: DetectedCall, seconds: float) -> tuple[str, ...]:
    try:
        with time_limit(seconds):
            sentences = behaviour_notes(detected.adapted)
    except TooSlow as error:
        raise Unusable(f"It hangs: {error}.") from error
    try:
        with time_limit(seconds):
            return (*sentences, *overflow_notes(detected.adapted))
    except TooSlow as error:
        return (*sentences, f"It hangs at large raw outputs: {error}.")


def _multiple(detected: DetectedCall, claimed: Formula) -> str:
    times = {rows: factor for rows, factor in detected.factors if factor != 1}
    if not times:
        return f"It computes {claimed.loss.word} on the {detected.adapted.link}."
    multiples = ", ".join(f"{factor} times with {rows} output{'s' if rows > 1 else ''}" for rows, factor in times.items())
    return f"It computes a multiple of {claimed.loss.word} on the {detected.adapted.link}: {multiples}."


def _boundary(adapted: AdaptedLoss) -> float:
    """0, or ½ where a lone output imitates the targets 0 and 1: there both targets cost the same."""
    if adapted.link != "identity" or adapted.convention.outputs == 2:
        return 0.0
    z = torch.tensor([[0.0, 0.5]], dtype=torch.float64)
    gap = (adapted.value(z, torch.ones_like(z)) - adapted.value(z, torch.zeros_like(z))).abs()
    return 0.5 if float(gap[1]) < float(gap[0]) else 0.0


def _pace(adapted: AdaptedLoss) -> float:
    """Three paces, by the time that one example takes, value and slope together: the audit asks some 500,000 times."""
    rows = 1 if adapted.convention.outputs == 1 else 2
    z = torch.linspace(-3, 3, 100 * rows, dtype=torch.float64).reshape(rows, 100)
    y = torch.eye(2, dtype=torch.float64)[2 - rows :, :1].repeat(1, 100)
    started = time.perf_counter()
    adapted.value(z, y)
    adapted.gradient(z, y)
    each = (time.perf_counter() - started) / 100
    return 1.0 if each < 4e-5 else 0.05 if each < 1e-3 else 0.003


def _options_text(request: CallableRequest) -> str:
    return "(" + ", ".join(f"{key}={value}" for key, value in request.given.items()) + ")" if request.given else ""
